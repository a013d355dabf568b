/* SPDX-License-Identifier: Apache-2.0 */
#include "source/slices.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/cleanup.h"
#include "source/slices_gap.h"

enum { COMPARISONS_MOST = 64 << 20 };

void slices_print(struct buf *b, const int64_t *start, const int64_t *len, unsigned rank)
{
    buf_char(b, '[');
    for (unsigned i = 0; i < rank; i++) {
        int64_t end; /* numbers of a file, which need not make sense */
        if (__builtin_add_overflow(start[i], len[i], &end)) {
            end = INT64_MAX;
        }
        buf_printf(b, "%s%" PRId64 ":%" PRId64, i ? ", " : "", start[i], end);
    }
    buf_char(b, ']');
}

static int by_start(const void *a, const void *b, void *axis)
{
    int64_t left = (*(const struct stored_slice *const *)a)->start[*(unsigned *)axis];
    int64_t right = (*(const struct stored_slice *const *)b)->start[*(unsigned *)axis];
    return (left > right) - (left < right);
}

static bool overlap(const struct stored_slice *a, const struct stored_slice *b, unsigned rank)
{
    for (unsigned i = 0; i < rank; i++) {
        if (a->start[i] >= b->start[i] + b->len[i] || b->start[i] >= a->start[i] + a->len[i]) {
            return false;
        }
    }
    return true;
}

static bool is_empty(const struct stored_slice *s, unsigned rank)
{
    for (unsigned i = 0; i < rank; i++) {
        if (s->len[i] == 0) {
            return true;
        }
    }
    return false;
}

/* The axis on which the slices begin at the most places: sweeping along it, few are open at a
 * time. */
static unsigned sweep_axis(const struct stored_slice **order, uint32_t count, unsigned rank)
{
    unsigned best = 0;
    uint32_t most = 0;
    for (unsigned axis = 0; axis < rank; axis++) {
        qsort_r(order, count, sizeof(*order), by_start, &axis);
        uint32_t places = 1;
        for (uint32_t i = 1; i < count; i++) {
            places += order[i]->start[axis] != order[i - 1]->start[axis];
        }
        if (places > most) {
            most = places;
            best = axis;
        }
    }
    return best;
}

static errint note_overlap(struct slices *s, const struct stored_slice *a,
                           const struct stored_slice *b, unsigned rank, struct arena *arena)
{
    CLEANUP_BUF struct buf text = {0};
    buf_text(&text, "slices ");
    slices_print(&text, a->start, a->len, rank);
    buf_text(&text, " and ");
    slices_print(&text, b->start, b->len, rank);
    buf_text(&text, " overlap");
    s->fault = SLICES_OVERLAP;
    s->what = text.failed ? NULL : arena_cstr(arena, buf_view(&text));
    return s->what ? 0 : -ENOMEM;
}

/* Sweep along one axis: a slice is compared with those before it that reach beyond its start. */
static errint find_overlap(struct slices *s, const struct stored_slice **order, uint32_t count,
                           unsigned rank, struct arena *a)
{
    unsigned axis = sweep_axis(order, count, rank);
    qsort_r(order, count, sizeof(*order), by_start, &axis);
    uint64_t comparisons = 0;
    uint32_t open = 0; /* order[0 .. open) are reused for those still open */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kept = 0;
        for (uint32_t k = 0; k < open; k++) {
            const struct stored_slice *before = order[k];
            if (++comparisons > COMPARISONS_MOST) {
                return -EOVERFLOW;
            }
            if (before->start[axis] + before->len[axis] <= order[i]->start[axis]) {
                continue;
            }
            if (overlap(before, order[i], rank)) {
                return note_overlap(s, before, order[i], rank, a);
            }
            order[kept++] = before;
        }
        const struct stored_slice *self = order[i];
        order[kept++] = self; /* kept <= i: never ahead of what is still to be read */
        open = kept;
    }
    return 0;
}

/* Slices within the shape that do not overlap are all of it when they have as many elements. */
static errint check_count(struct slices *s, const struct stored_slice **order, uint32_t count,
                          struct shape shape, struct arena *a)
{
    uint64_t want;
    uint64_t have = 0;
    if (shape_elements(shape, &want) < 0) {
        return -EOVERFLOW;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t elements;
        if (shape_elements((struct shape){order[i]->len, shape.rank}, &elements) < 0 ||
            !checked_add_u64(have, elements, &have)) {
            return -EOVERFLOW;
        }
    }
    if (have == want) {
        return 0;
    }
    s->fault = SLICES_MISSING;
    s->what = arena_printf(a, "its %u slices have %" PRIu64 " of its %" PRIu64 " elements",
                           s->count, have, want);
    return s->what ? 0 : -ENOMEM;
}

/* Those that have elements. */
static uint32_t list_slices(const struct slices *s, unsigned rank, const struct stored_slice **list)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        if (!is_empty(&s->slices[i], rank)) {
            list[count++] = &s->slices[i];
        }
    }
    return count;
}

/* Adds to what is said of a wrong count which elements no slice has. */
static errint name_gap(struct slices *s, const struct stored_slice **list, struct shape shape,
                       struct arena *a)
{
    int64_t start[SHAPE_RANK_MOST];
    int64_t len[SHAPE_RANK_MOST];
    errint rc = slices_gap(list, list_slices(s, shape.rank, list), shape, start, len);
    if (rc < 0) {
        return rc;
    }
    CLEANUP_BUF struct buf text = {0};
    buf_printf(&text, "%s; no slice has ", s->what);
    slices_print(&text, start, len, shape.rank);
    s->what = text.failed ? NULL : arena_cstr(a, buf_view(&text));
    return s->what ? 0 : -ENOMEM;
}

errint slices_check(struct slices *s, struct shape shape, struct arena *a)
{
    s->fault = SLICES_WHOLE;
    s->what = NULL;
    CLEANUP_FREE const struct stored_slice **order =
        calloc(s->count ? s->count : 1, sizeof(*order));
    if (!order) {
        return -ENOMEM;
    }
    uint32_t count = list_slices(s, shape.rank, order);
    /* Counting first, since the sweep reuses the array; an overlap says more than a wrong count. */
    errint rc = check_count(s, order, count, shape, a);
    if (rc == 0 && shape.rank && count > 1) {
        rc = find_overlap(s, order, count, shape.rank, a);
    }
    /* Without overlaps, too many elements are impossible. */
    if (rc == 0 && shape.rank && s->fault == SLICES_MISSING) {
        rc = name_gap(s, order, shape, a);
    }
    return rc;
}
