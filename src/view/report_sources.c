/* SPDX-License-Identifier: Apache-2.0 */
#include "view/report_sources.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/grow.h"

/* A tensor that a piece is of, and the number of that piece. */
struct seen {
    const struct tensor *tensor;
    size_t at;
};

struct seeing {
    struct seen *list; /* owns */
    size_t count;
    size_t cap;
    errint rc;
};

static void see_piece(void *context, const struct piece *p)
{
    struct seeing *s = context;
    if (!p->source || s->rc < 0 || (s->count && s->list[s->count - 1].tensor == p->source)) {
        return;
    }
    if (!grow(&s->list, &s->cap, s->count, sizeof(*s->list))) {
        s->rc = -ENOMEM;
        return;
    }
    s->list[s->count] = (struct seen){p->source, s->count};
    s->count++;
}

/* Tensors lie in one array. */
static int by_tensor(const void *left, const void *right)
{
    const struct seen *a = left;
    const struct seen *b = right;
    int order = (a->tensor > b->tensor) - (a->tensor < b->tensor);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

static int by_place(const void *left, const void *right)
{
    const struct seen *a = left;
    const struct seen *b = right;
    return (a->at > b->at) - (a->at < b->at);
}

static void keep_first_of_each(struct seeing *s)
{
    size_t kept = 0;
    if (s->count < 2) {
        return;
    }
    qsort(s->list, s->count, sizeof(*s->list), by_tensor);
    for (size_t i = 0; i < s->count; i++) {
        if (kept == 0 || s->list[kept - 1].tensor != s->list[i].tensor) {
            s->list[kept++] = s->list[i];
        }
    }
    s->count = kept;
    qsort(s->list, s->count, sizeof(*s->list), by_place);
}

static void find_one(const struct target *t, struct report_sources *out)
{
    out->one = t->source;
    out->list = &out->one;
    out->count = t->source ? 1 : 0;
}

errint report_sources_find(const struct target *t, struct report_sources *out)
{
    struct seeing s = {0};
    *out = (struct report_sources){0};
    if (!t->form) {
        find_one(t, out);
        return 0;
    }
    target_visit(t, see_piece, &s);
    CLEANUP_FREE struct seen *seen = s.list;
    if (s.rc < 0) {
        return s.rc;
    }
    if (s.count == 0) {
        find_one(t, out);
        return 0;
    }
    keep_first_of_each(&s);
    out->many = calloc(s.count, sizeof(const struct tensor *));
    if (!out->many) {
        return -ENOMEM;
    }
    for (; out->count < s.count; out->count++) {
        out->many[out->count] = seen[out->count].tensor;
    }
    out->list = out->many;
    return 0;
}

void report_sources_fini(struct report_sources *s)
{
    free(s->many);
    *s = (struct report_sources){0};
}
