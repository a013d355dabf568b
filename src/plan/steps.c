/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/steps.h"

#include <stdlib.h>

#include "base/grow.h"
#include "base/lower_bound.h"

void steps_fini(struct steps *s)
{
    free(s->list);
    *s = (struct steps){0};
}

errint steps_add(struct steps *s, struct step step)
{
    if (!grow(&s->list, &s->cap, s->count, sizeof(*s->list))) {
        return -ENOMEM;
    }
    s->list[s->count++] = step;
    return 0;
}

/* Of one name, the one that was given later comes later. */
static int by_name(const void *a, const void *b)
{
    const struct step *left = a;
    const struct step *right = b;
    int order = str_cmp(left->name, right->name);
    return order ? order : (left->rule > right->rule) - (left->rule < right->rule);
}

const struct step *steps_settle(struct steps *s)
{
    if (s->known == s->count) {
        return NULL;
    }
    qsort(s->list, s->count, sizeof(*s->list), by_name);
    s->known = s->count;
    for (size_t i = 1; i < s->count; i++) {
        if (str_eq(s->list[i - 1].name, s->list[i].name)) {
            return &s->list[i];
        }
    }
    return NULL;
}

struct step *steps_find(const struct steps *s, struct str name)
{
    size_t at = LOWER_BOUND(i, 0, s->known, str_cmp(s->list[i].name, name) < 0);
    return at < s->known && str_eq(s->list[at].name, name) ? &s->list[at] : NULL;
}
