/* SPDX-License-Identifier: Apache-2.0 */
#include "source/slices_gap.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* One edge of a slice along an axis: from index `at` on, `change` elements more (or, where a slice
 * ends, less) of each plane across the axis are covered. */
struct event {
    int64_t at;
    int64_t change;
};

static int by_place(const void *a, const void *b)
{
    const struct event *left = a;
    const struct event *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

/* Elements at one place of the axis: no product passes what the whole shape has. */
static int64_t elements_after(const int64_t *len, unsigned axis, unsigned rank)
{
    int64_t count = 1;
    for (unsigned i = axis + 1; i < rank; i++) {
        count *= len[i];
    }
    return count;
}

/* The first place along the axis at which the slices, which do not overlap, have not all
 * elements. */
static int64_t first_short(const struct stored_slice *const *list, uint32_t count,
                           struct shape shape, unsigned axis, struct event *events)
{
    int64_t want = elements_after(shape.dims, axis, shape.rank);
    int64_t have = 0;
    size_t n = 0;
    events[n++] = (struct event){0, 0};
    for (uint32_t i = 0; i < count; i++) {
        int64_t each = elements_after(list[i]->len, axis, shape.rank);
        events[n++] = (struct event){list[i]->start[axis], each};
        events[n++] = (struct event){list[i]->start[axis] + list[i]->len[axis], -each};
    }
    qsort(events, n, sizeof(*events), by_place);
    for (size_t i = 0; i < n; i++) {
        have += events[i].change;
        if ((i + 1 == n || events[i + 1].at != events[i].at) && have < want) {
            return events[i].at;
        }
    }
    return 0; /* not reached: something is missing */
}

static bool reaches(const struct stored_slice *s, unsigned axis, int64_t from, int64_t len)
{
    return s->start[axis] < from + len && from < s->start[axis] + s->len[axis];
}

/* Along each axis, the last first, up to the nearest slice that would be in the way. */
static void extend(const struct stored_slice *const *list, uint32_t count, struct shape shape,
                   const int64_t *start, int64_t *len, uint8_t *apart)
{
    for (unsigned axis = 0; axis < shape.rank; axis++) {
        len[axis] = 1;
    }
    for (uint32_t i = 0; i < count; i++) { /* on how many axes it is beside the box */
        apart[i] = 0;
        for (unsigned axis = 0; axis < shape.rank; axis++) {
            apart[i] = (uint8_t)(apart[i] + !reaches(list[i], axis, start[axis], 1));
        }
    }
    for (unsigned axis = shape.rank; axis-- > 0;) {
        int64_t end = shape.dims[axis];
        for (uint32_t i = 0; i < count; i++) {
            int64_t at = list[i]->start[axis];
            end = apart[i] == 1 && at > start[axis] && at < end ? at : end;
        }
        for (uint32_t i = 0; i < count; i++) {
            bool before = reaches(list[i], axis, start[axis], 1);
            apart[i] = (uint8_t)(apart[i] - (!before && reaches(list[i], axis, start[axis],
                                                                end - start[axis])));
        }
        len[axis] = end - start[axis];
    }
}

errint slices_gap(const struct stored_slice **list, uint32_t count, struct shape shape,
                  int64_t *start, int64_t *len)
{
    CLEANUP_FREE struct event *events = calloc(2 * (size_t)count + 1, sizeof(*events));
    CLEANUP_FREE uint8_t *apart = calloc((size_t)count + 1, 1);
    if (!events || !apart) {
        return -ENOMEM;
    }
    uint32_t here = count; /* list[0 .. here) are at the places chosen so far */
    for (unsigned axis = 0; axis < shape.rank; axis++) {
        start[axis] = first_short(list, here, shape, axis, events);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < here; i++) {
            if (reaches(list[i], axis, start[axis], 1)) {
                const struct stored_slice *other = list[kept];
                list[kept++] = list[i];
                list[i] = other;
            }
        }
        here = kept;
    }
    extend(list, count, shape, start, len, apart);
    return 0;
}
