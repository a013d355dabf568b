/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/piece.h"

#include <string.h>

#include "base/lower_bound.h"
#include "tensor/dtype.h"

/* start, len and stride of one piece live in one allocation. */
static errint allocate_axes(struct arena *a, unsigned rank, int64_t **start, int64_t **len,
                            int64_t **stride)
{
    int64_t *numbers = ARENA_ARRAY(a, int64_t, 3 * (size_t)rank);
    if (!numbers) {
        return -ENOMEM;
    }
    *start = numbers;
    *len = numbers + rank;
    *stride = numbers + 2 * rank;
    return 0;
}

/* What a step from an element to the next is: bytes; of strings, one element. */
static int64_t step_of(unsigned dtype)
{
    return dtype == DTYPE_STRING ? 1 : dtype_bytes(dtype);
}

errint piece_slice(const struct tensor *t, const int64_t *from, const int64_t *count,
                   struct arena *a, struct piece *out)
{
    int64_t *start;
    int64_t *len;
    int64_t *stride;
    errint rc = allocate_axes(a, t->rank, &start, &len, &stride);
    if (rc < 0) {
        return rc;
    }
    /* The catalog has checked that the tensor's bytes fit int64, so nothing here can overflow. */
    int64_t step = step_of(t->dtype);
    uint64_t off = t->off;
    for (unsigned axis = t->rank; axis-- > 0;) {
        start[axis] = 0;
        len[axis] = count[axis];
        stride[axis] = step;
        off += (uint64_t)(from[axis] * step);
        step *= t->dims[axis];
    }
    *out = (struct piece){start, len, stride, off, t->shard, t->dtype, CAST_CHECKED, t, NULL, NULL};
    return 0;
}

bool piece_touches(const struct stored_slice *s, unsigned rank, const int64_t *from,
                   const int64_t *count)
{
    for (unsigned axis = 0; axis < rank; axis++) {
        if (s->start[axis] >= from[axis] + count[axis] ||
            from[axis] >= s->start[axis] + s->len[axis] || s->len[axis] == 0) {
            return false;
        }
    }
    return true;
}

errint piece_of_slice(const struct tensor *t, const struct stored_slice *s, const int64_t *from,
                      const int64_t *count, struct arena *a, struct piece *out)
{
    int64_t *start;
    int64_t *len;
    int64_t *stride;
    errint rc = allocate_axes(a, t->rank, &start, &len, &stride);
    if (rc < 0) {
        return rc;
    }
    int64_t step = step_of(t->dtype);
    uint64_t off = s->off;
    for (unsigned axis = t->rank; axis-- > 0;) {
        int64_t low = s->start[axis] > from[axis] ? s->start[axis] : from[axis];
        int64_t slice_end = s->start[axis] + s->len[axis];
        int64_t high = slice_end < from[axis] + count[axis] ? slice_end : from[axis] + count[axis];
        start[axis] = low - from[axis];
        len[axis] = high - low;
        stride[axis] = step;
        off += (uint64_t)((low - s->start[axis]) * step);
        step *= s->len[axis];
    }
    *out = (struct piece){start, len, stride, off, s->shard, t->dtype, CAST_CHECKED, t, s, NULL};
    return 0;
}

unsigned piece_dense_axis(const struct piece *p, struct shape target, uint64_t *run_bytes)
{
    int64_t run = dtype_bytes(p->dtype);
    unsigned axis = target.rank;

    /* An axis joins the run when the source steps over it without a gap; the axis before may only
     * join when the box also fills this one in the target. Axes of length 1 in the box have no
     * steps at all. */
    bool filled = true;
    while (axis > 0 && filled) {
        unsigned k = axis - 1;
        bool listed = p->more && p->more->offsets && p->more->offsets[k];
        if (listed || (p->len[k] != 1 && p->stride[k] != run)) {
            break;
        }
        run *= p->len[k];
        filled = p->len[k] == target.dims[k];
        axis = k;
    }
    *run_bytes = (uint64_t)run;
    return axis;
}

int piece_order(const void *a, const void *b, void *rank)
{
    const struct piece *left = a;
    const struct piece *right = b;
    for (unsigned axis = 0; axis < *(const unsigned *)rank; axis++) {
        if (left->start[axis] != right->start[axis]) {
            return left->start[axis] < right->start[axis] ? -1 : 1;
        }
    }
    return 0;
}

uint64_t piece_end(const struct piece *p, struct shape shape, unsigned bytes)
{
    uint64_t last = 0;
    uint64_t pitch = bytes;
    for (unsigned axis = shape.rank; axis-- > 0;) {
        last += (uint64_t)(p->start[axis] + p->len[axis] - 1) * pitch;
        pitch *= (uint64_t)shape.dims[axis];
    }
    return last + bytes;
}

errint piece_ends(const struct piece *pieces, uint32_t count, struct shape shape, unsigned bytes,
                  struct arena *a, const uint64_t **out)
{
    *out = NULL;
    if (count < PIECE_SEARCHED) {
        return 0;
    }
    uint64_t *ends = ARENA_ARRAY(a, uint64_t, count);
    uint64_t most = 0;
    for (uint32_t i = 0; ends && i < count; i++) {
        uint64_t end = piece_end(&pieces[i], shape, bytes);
        most = end > most ? end : most;
        ends[i] = most;
    }
    *out = ends;
    return ends ? 0 : -ENOMEM;
}

uint32_t piece_first(const uint64_t *ends, uint32_t count, uint64_t off)
{
    return ends ? LOWER_BOUND(i, 0, count, ends[i] <= off) : 0;
}
