/* SPDX-License-Identifier: Apache-2.0 */
/* Singles that were proved become pairs of the proposal, each in the form that most have. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "propose/single.h"

/* ---- what was proved ------------------------------------------------------------------------- */

static const char *why_of(struct matching *m, const struct single *s)
{
    CLEANUP_BUF struct buf why = {0};
    if (s->equals > 1) {
        buf_printf(&why, "%u variables hold this: the one with the nearest name", s->equals);
    }
    if (s->also) {
        buf_printf(&why, "%s%s'%s' makes the same", why.len ? "; " : "",
                   s->also[0] ? "" : "as it is, ", s->also);
    }
    return why.len ? matching_keep(m, buf_view(&why)) : NULL;
}

static errint add_pair(struct matching *m, const struct single *s)
{
    struct proposal *p = m->proposal;
    uint32_t *numbers = ARENA_ARRAY(&p->arena, uint32_t, 2);
    if (!numbers) {
        return -ENOMEM;
    }
    struct matching_tensor *target = &m->sides[PROPOSAL_TO].tensors[s->target];
    numbers[0] = m->sides[PROPOSAL_FROM].tensors[s->sources[s->proved]].variable;
    numbers[1] = target->variable;
    m->sides[PROPOSAL_FROM].tensors[s->sources[s->proved]].paired = true;
    target->paired = true;
    return proposal_add(p, &(struct proposal_pair){.sources = numbers,
                                                   .source_count = 1,
                                                   .targets = numbers + 1,
                                                   .target_count = 1,
                                                   .operations = s->operations,
                                                   .certainty = PROPOSAL_PROVED,
                                                   .why = why_of(m, s)});
}

/* ---- forms that many have -------------------------------------------------------------------- */

/* A form that some pair may be written in. */
struct form {
    const char *text;
    uint64_t ranks; /* of both tensors: what a form of one rank is does not matter to another */
    uint32_t single;
    uint32_t place; /* among the forms of that pair, the shortest first */
};

static int by_text(const void *a, const void *b)
{
    const struct form *x = a;
    const struct form *y = b;
    if (x->ranks != y->ranks) {
        return x->ranks < y->ranks ? -1 : 1;
    }
    return strcmp(x->text, y->text);
}

static uint64_t ranks_of(const struct matching *m, const struct single *s)
{
    return (uint64_t)m->sides[PROPOSAL_FROM].tensors[s->sources[s->proved]].value.shape.rank << 8 |
           m->sides[PROPOSAL_TO].tensors[s->target].value.shape.rank;
}

/* Forms of a pair are equal in what they do. Each pair takes that which most pairs have, so that
 * one line may be said of all of them: of a [1, 1, 3, 4], too, not `transpose`, but the
 * `transpose 3,2,0,1` that a [5, 5, 3, 4] needs. */
static errint choose_forms(const struct matching *m, struct single *list, size_t single_count)
{
    CLEANUP_FREE struct form *forms = calloc(single_count * SINGLE_FORMS_MOST + 1, sizeof(*forms));
    CLEANUP_FREE uint32_t *most = calloc(single_count + 1, sizeof(*most));
    CLEANUP_FREE uint32_t *places = calloc(single_count + 1, sizeof(*places));
    size_t count = 0;
    if (!forms || !most || !places) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < single_count; i++) {
        const struct single *one = &list[i];
        for (uint32_t k = 0; k < one->form_count; k++) {
            forms[count++] = (struct form){one->forms[k], ranks_of(m, one), (uint32_t)i, k};
        }
    }
    qsort(forms, count, sizeof(*forms), by_text);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && by_text(&forms[i], &forms[end]) == 0; end++) {
        }
        for (size_t k = i; k < end; k++) {
            uint32_t one = forms[k].single;
            uint32_t pairs = (uint32_t)(end - i);
            if (pairs > most[one] || (pairs == most[one] && forms[k].place < places[one])) {
                most[one] = pairs;
                places[one] = forms[k].place;
            }
        }
    }
    for (size_t i = 0; i < single_count; i++) {
        if (list[i].form_count) {
            list[i].operations = list[i].forms[places[i]];
        }
    }
    return 0;
}

static int by_target(const void *a, const void *b)
{
    const struct single *x = a;
    const struct single *y = b;
    return (x->target > y->target) - (x->target < y->target);
}

errint singles_pair(struct matching *m, struct single *list, size_t count)
{
    errint rc = choose_forms(m, list, count);
    if (rc == 0 && count) {
        qsort(list, count, sizeof(*list), by_target);
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = list[i].operations ? add_pair(m, &list[i]) : 0;
    }
    return rc;
}
