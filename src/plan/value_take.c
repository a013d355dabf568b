/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "plan/value_build.h"

static int64_t floor_divide(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return quotient - (a % b != 0 && (a < 0) != (b < 0));
}

/* The indices j of the range whose start + j * step is in [from, from + len): *first and how
 * many. */
static int64_t range_within(struct value_range r, int64_t from, int64_t len, int64_t *first)
{
    int64_t low = from - r.start;
    int64_t high = low + len - 1;
    int64_t begin = r.step > 0 ? -floor_divide(-low, r.step) : -floor_divide(-high, r.step);
    int64_t end = r.step > 0 ? floor_divide(high, r.step) : floor_divide(low, r.step);
    begin = begin > 0 ? begin : 0;
    end = end < r.count - 1 ? end : r.count - 1;
    *first = begin;
    return end < begin ? 0 : end - begin + 1;
}

/* The offsets of every step-th index from `first` on. */
static const int64_t *step_offsets(struct arena *a, const int64_t *offsets, int64_t first,
                                   int64_t count, int64_t step)
{
    if (step == 1) {
        return offsets + first;
    }
    int64_t *made = ARENA_ARRAY(a, int64_t, (size_t)count);
    for (int64_t i = 0; made && i < count; i++) {
        made[i] = offsets[first + i * step];
    }
    return made;
}

/* The part of p on all axes; false: there is none, or b has failed. */
static void slice_piece(struct value_build *b, const struct piece *p,
                        const struct value_range *ranges)
{
    int64_t first[SHAPE_RANK_MOST];
    int64_t count[SHAPE_RANK_MOST];
    for (unsigned axis = 0; axis < b->shape.rank; axis++) {
        count[axis] = range_within(ranges[axis], p->start[axis], p->len[axis], &first[axis]);
        if (count[axis] == 0) {
            return;
        }
    }
    struct value_box box;
    if (!value_build_add(b, p, &box)) {
        return;
    }
    for (unsigned axis = 0; axis < b->shape.rank; axis++) {
        struct value_range r = ranges[axis];
        int64_t at = r.start + first[axis] * r.step - p->start[axis];
        box.start[axis] = first[axis];
        box.len[axis] = count[axis];
        if (box.offsets && p->more->offsets[axis]) {
            box.offsets[axis] =
                step_offsets(b->arena, p->more->offsets[axis], at, count[axis], r.step);
            b->rc = box.offsets[axis] ? b->rc : -ENOMEM;
        } else {
            box.piece->off += (uint64_t)(at * p->stride[axis]);
            box.stride[axis] = p->stride[axis] * r.step;
        }
    }
}

errint value_slice(const struct value *v, const struct value_range *ranges, struct arena *a,
                   struct value *out)
{
    int64_t *dims = value_new_dims(a, v->shape.rank);
    if (!dims) {
        return -ENOMEM;
    }
    for (unsigned axis = 0; axis < v->shape.rank; axis++) {
        dims[axis] = ranges[axis].count;
    }
    CLEANUP_VALUE_BUILD struct value_build b =
        value_build(a, (struct shape){dims, v->shape.rank}, v->dtype);
    for (uint32_t i = 0; b.rc == 0 && i < v->count; i++) {
        slice_piece(&b, &v->pieces[i], ranges);
    }
    return value_built(&b, out);
}

errint value_slice_axis(const struct value *v, unsigned axis, struct value_range range,
                        struct arena *a, struct value *out)
{
    struct value_range ranges[SHAPE_RANK_MOST];
    for (unsigned k = 0; k < v->shape.rank; k++) {
        ranges[k] = (struct value_range){0, v->shape.dims[k], 1};
    }
    ranges[axis] = range;
    return value_slice(v, ranges, a, out);
}

/* ---- rows in any order ----------------------------------------------------------------------- */

enum { TAKE_ONE_BY_ONE = 64 }; /* so many are worth pieces of their own */

/* Whether the indices are start, start + step, ... */
static bool is_range(const int64_t *taken, int64_t count, struct value_range *out)
{
    *out = (struct value_range){count ? taken[0] : 0, count, 1};
    if (count > 1) {
        out->step = taken[1] - taken[0];
    }
    for (int64_t i = 0; i < count; i++) {
        if (taken[i] < 0 || taken[i] != out->start + i * out->step) {
            return false;
        }
    }
    return count < 2 || out->step != 0;
}

/* The shape of v with another length on `axis`. */
static bool shape_with(const struct value *v, unsigned axis, int64_t count, struct arena *a,
                       struct shape *out)
{
    int64_t *dims = value_new_dims(a, v->shape.rank);
    if (dims) {
        memcpy(dims, v->shape.dims, v->shape.rank * sizeof(*dims));
        dims[axis] = count;
    }
    *out = (struct shape){dims, v->shape.rank};
    return dims != NULL;
}

static errint take_nothing(const struct value *v, unsigned axis, int64_t count, const void *fill,
                           struct arena *a, struct value *out)
{
    struct shape shape;
    return shape_with(v, axis, count, a, &shape) ? value_filled(shape, v->dtype, fill, a, out)
                                                 : -ENOMEM;
}

static errint take_one_by_one(const struct value *v, unsigned axis, const int64_t *taken,
                              int64_t count, const void *fill, struct arena *a, struct value *out)
{
    struct value parts[TAKE_ONE_BY_ONE];
    for (int64_t i = 0; i < count; i++) {
        errint rc = 0;
        if (taken[i] == VALUE_NOTHING) {
            rc = take_nothing(v, axis, 1, fill, a, &parts[i]);
        } else {
            rc = value_slice_axis(v, axis, (struct value_range){taken[i], 1, 1}, a, &parts[i]);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return value_join(parts, (uint32_t)count, axis, a, out);
}

/* Where on the axis of p each of the indices is. */
static const int64_t *taken_offsets(const struct piece *p, unsigned axis, const int64_t *taken,
                                    int64_t count, struct arena *a)
{
    const int64_t *old = p->more && p->more->offsets ? p->more->offsets[axis] : NULL;
    int64_t *made = ARENA_ARRAY(a, int64_t, (size_t)count);
    for (int64_t i = 0; made && i < count; i++) {
        made[i] = taken[i] == VALUE_NOTHING ? PIECE_NOTHING : taken[i] * p->stride[axis];
        if (old && taken[i] != VALUE_NOTHING) {
            made[i] = old[taken[i]];
        }
    }
    return made;
}

static int64_t count_nothing(const int64_t *taken, int64_t count)
{
    int64_t nothing = 0;
    for (int64_t i = 0; i < count; i++) {
        nothing += taken[i] == VALUE_NOTHING;
    }
    return nothing;
}

/* All pieces reach from the first index of the axis to its last, and what nothing is read for is
 * the same for all. */
static bool can_be_listed(const struct value *v, unsigned axis, const int64_t *taken, int64_t count)
{
    bool nothing = count_nothing(taken, count) > 0;
    for (uint32_t i = 0; i < v->count; i++) {
        const struct piece *p = &v->pieces[i];
        if (p->start[axis] != 0 || p->len[axis] != v->shape.dims[axis] ||
            (nothing && (p->more || p->dtype != v->dtype))) {
            return false;
        }
    }
    return true;
}

static errint take_by_offsets(const struct value *v, unsigned axis, const int64_t *taken,
                              int64_t count, const void *fill, struct arena *a, struct value *out)
{
    struct shape shape;
    if (!shape_with(v, axis, count, a, &shape)) {
        return -ENOMEM;
    }
    bool nothing = count_nothing(taken, count) > 0;
    CLEANUP_VALUE_BUILD struct value_build b = value_build(a, shape, v->dtype);
    for (uint32_t i = 0; i < v->count; i++) {
        struct value_box box;
        if (!value_build_add_listed(&b, &v->pieces[i], &box)) {
            break;
        }
        value_box_copy(&box, &v->pieces[i], v->shape.rank);
        box.len[axis] = count;
        box.offsets[axis] = taken_offsets(&v->pieces[i], axis, taken, count, a);
        if (!box.offsets[axis]) {
            return -ENOMEM;
        }
        if (nothing) {
            memcpy(box.more->fill, fill, dtype_bytes(v->dtype));
        }
    }
    return value_built(&b, out);
}

errint value_take(const struct value *v, unsigned axis, const int64_t *taken, int64_t count,
                  const void *fill, struct arena *a, struct value *out)
{
    struct value_range range;
    if (is_range(taken, count, &range)) {
        return value_slice_axis(v, axis, range, a, out);
    }
    if (count_nothing(taken, count) == count) {
        return take_nothing(v, axis, count, fill, a, out);
    }
    if (can_be_listed(v, axis, taken, count)) {
        return take_by_offsets(v, axis, taken, count, fill, a, out);
    }
    if (count <= TAKE_ONE_BY_ONE) {
        return take_one_by_one(v, axis, taken, count, fill, a, out);
    }
    struct value whole;
    errint rc = value_recompute(v, v->shape, a, &whole);
    return rc < 0 ? rc : take_by_offsets(&whole, axis, taken, count, fill, a, out);
}
