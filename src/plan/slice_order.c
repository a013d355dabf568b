/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/slice_order.h"

#include <stdlib.h>

#include "base/lower_bound.h"

static int by_start(const void *a, const void *b, void *axis)
{
    int64_t left = (*(const struct stored_slice *const *)a)->start[*(unsigned *)axis];
    int64_t right = (*(const struct stored_slice *const *)b)->start[*(unsigned *)axis];
    return (left > right) - (left < right);
}

errint slice_order_make(struct slice_order *o, const struct slices *s, unsigned rank, unsigned axis)
{
    if (o->of == s && o->axis == axis) {
        return 0;
    }
    slice_order_fini(o);
    o->slices = malloc(((size_t)s->count + 1) * sizeof(*o->slices));
    o->starts = malloc(((size_t)s->count + 1) * sizeof(*o->starts));
    o->ends = malloc(((size_t)s->count + 1) * sizeof(*o->ends));
    if (!o->slices || !o->starts || !o->ends) {
        slice_order_fini(o);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        o->slices[i] = &s->slices[i];
    }
    if (rank) {
        qsort_r(o->slices, s->count, sizeof(*o->slices), by_start, &axis);
    }
    int64_t most = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        int64_t start = rank ? o->slices[i]->start[axis] : 0;
        int64_t end = rank ? start + o->slices[i]->len[axis] : 1;
        most = end > most ? end : most;
        o->starts[i] = start;
        o->ends[i] = most;
    }
    o->of = s;
    o->axis = axis;
    return 0;
}

void slice_order_fini(struct slice_order *o)
{
    free(o->slices);
    free(o->starts);
    free(o->ends);
    *o = (struct slice_order){0};
}

uint32_t slice_order_between(const struct slice_order *o, int64_t low, int64_t high,
                             uint32_t *first)
{
    uint32_t count = o->of->count;
    *first = LOWER_BOUND(i, 0, count, o->ends[i] <= low);
    return LOWER_BOUND(i, *first, count, o->starts[i] < high) - *first;
}
