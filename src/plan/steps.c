/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "base/lower_bound.h"

void steps_fini(struct steps *s)
{
    free(s->list);
    free(s->sorted);
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

struct step *steps_at(const struct steps *s, size_t i)
{
    return &s->list[s->sorted[i]];
}

/* Of one name, the one that was given later comes later. */
static int by_name(const void *a, const void *b, void *list)
{
    const struct step *left = (const struct step *)list + *(const uint32_t *)a;
    const struct step *right = (const struct step *)list + *(const uint32_t *)b;
    int order = str_cmp(left->name, right->name);
    return order ? order : (left > right) - (left < right);
}

/* Room for the numbers of all steps, and those of the rule at hand behind the others, sorted. */
static errint sort_new(struct steps *s, size_t count)
{
    if (s->sorted_cap < s->cap) {
        uint32_t *sorted = reallocarray(s->sorted, s->cap, sizeof(*sorted));
        if (!sorted) {
            return -ENOMEM;
        }
        s->sorted = sorted;
        s->sorted_cap = s->cap;
    }
    uint32_t *fresh = s->sorted + s->known;
    for (size_t i = 0; i < count; i++) {
        fresh[i] = (uint32_t)(s->settled + i);
    }
    qsort_r(fresh, count, sizeof(*fresh), by_name, s->list);
    return 0;
}

/* Of `count` new ones those stay whose name is new; how many these are. */
static size_t drop_known(struct steps *s, size_t count, const struct step **twice)
{
    uint32_t *fresh = s->sorted + s->known;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct step *step = &s->list[fresh[i]];
        if (steps_find(s, step->name) ||
            (kept && str_eq(s->list[fresh[kept - 1]].name, step->name))) {
            step->used = true; /* it is told already */
            *twice = *twice ? *twice : step;
        } else {
            fresh[kept++] = fresh[i];
        }
    }
    return kept;
}

/* The names of `count` new ones, from the last on, go where they belong among the others. */
static errint merge_new(struct steps *s, size_t count)
{
    uint32_t few[16];
    CLEANUP_FREE uint32_t *many = NULL;
    uint32_t *fresh = few;
    if (count > ARRAY_LEN(few)) {
        fresh = many = malloc(count * sizeof(*many));
    }
    if (!fresh) {
        return -ENOMEM;
    }
    memcpy(fresh, s->sorted + s->known, count * sizeof(*fresh));
    for (size_t end = s->known; count > 0; count--) {
        struct str name = s->list[fresh[count - 1]].name;
        size_t at = LOWER_BOUND(i, 0, end, str_cmp(steps_at(s, i)->name, name) < 0);
        memmove(s->sorted + at + count, s->sorted + at, (end - at) * sizeof(*fresh));
        s->sorted[at + count - 1] = fresh[count - 1];
        end = at;
    }
    return 0;
}

errint steps_settle(struct steps *s, const struct step **twice)
{
    size_t count = s->count - s->settled;
    *twice = NULL;
    if (count == 0) {
        return 0;
    }
    errint rc = sort_new(s, count);
    if (rc < 0) {
        return rc;
    }
    s->settled = s->count;
    count = drop_known(s, count, twice);
    rc = merge_new(s, count);
    s->known += rc == 0 ? count : 0;
    return rc;
}

struct step *steps_find(const struct steps *s, struct str name)
{
    size_t at = LOWER_BOUND(i, 0, s->known, str_cmp(steps_at(s, i)->name, name) < 0);
    return at < s->known && str_eq(steps_at(s, at)->name, name) ? steps_at(s, at) : NULL;
}
