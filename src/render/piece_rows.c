/* SPDX-License-Identifier: Apache-2.0 */
#include "render/piece_rows.h"

#include <string.h>

#include "tensor/cast.h"

const int64_t *piece_rows_offsets(const struct piece *p, unsigned axis)
{
    return p->more && p->more->offsets ? p->more->offsets[axis] : NULL;
}

/* Adds, or with -1 takes away, what index i of a listed axis is to the source offset. */
static void count_listed(struct piece_rows *r, const int64_t *offsets, int64_t i, int sign)
{
    if (offsets[i] == PIECE_NOTHING) {
        r->nothing += (unsigned)sign;
    } else {
        r->source += (uint64_t)(offsets[i] * sign);
    }
}

void piece_rows_move(struct piece_rows *r, unsigned axis, int64_t steps)
{
    const int64_t *offsets = piece_rows_offsets(r->piece, axis);
    if (offsets) {
        count_listed(r, offsets, r->index[axis], -1);
        count_listed(r, offsets, r->index[axis] + steps, 1);
    } else {
        r->source += (uint64_t)(steps * r->piece->stride[axis]);
    }
    r->index[axis] += steps;
    r->target += (uint64_t)steps * r->pitch[axis];
}

bool piece_rows_next(struct piece_rows *r)
{
    for (unsigned axis = r->axes; axis-- > 0;) {
        if (r->index[axis] + 1 < r->piece->len[axis]) {
            piece_rows_move(r, axis, 1);
            return true;
        }
        piece_rows_move(r, axis, -r->index[axis]);
    }
    return false;
}

bool piece_rows_first(struct piece_rows *r, const struct piece *p, struct shape shape,
                      enum dtype dtype, uint64_t off)
{
    r->piece = p;
    r->dtype = dtype;
    r->bytes = dtype_bytes(dtype);
    r->source_bytes = dtype_bytes(p->dtype);
    r->axes = piece_dense_axis(p, shape, &r->source_run);
    r->run = r->source_run / r->source_bytes * r->bytes;
    r->target = 0;
    r->source = p->off;
    uint64_t pitch = r->bytes;
    for (unsigned axis = shape.rank; axis-- > 0;) {
        r->pitch[axis] = pitch;
        r->target += (uint64_t)p->start[axis] * pitch;
        pitch *= (uint64_t)shape.dims[axis];
    }
    r->first = r->target;
    r->nothing = 0;
    memset(r->index, 0, r->axes * sizeof(r->index[0]));
    for (unsigned axis = 0; axis < r->axes; axis++) {
        if (piece_rows_offsets(p, axis)) {
            count_listed(r, piece_rows_offsets(p, axis), 0, 1);
        }
    }
    if (off < r->target + r->run) {
        return true;
    }
    /* Unravel the distance from the box's origin. A step beyond the box on one axis means that the
     * rows before are all passed: the next row after the last of this sub-box is wanted. */
    uint64_t distance = off - r->target;
    for (unsigned axis = 0; axis < r->axes; axis++) {
        uint64_t steps = distance / r->pitch[axis];
        if (steps >= (uint64_t)p->len[axis]) {
            for (unsigned rest = axis; rest < r->axes; rest++) {
                piece_rows_move(r, rest, p->len[rest] - 1);
            }
            return piece_rows_next(r);
        }
        piece_rows_move(r, axis, (int64_t)steps);
        distance -= steps * r->pitch[axis];
    }
    return distance < r->run || piece_rows_next(r);
}

/* Bytes [from, to) of one target element, whose source is at `source`. */
static errint deliver_partial(const struct piece_rows *r, uint64_t from, uint64_t to,
                              const char *source, char *out)
{
    char element[16];
    errint rc = cast_run(r->piece->dtype, r->dtype, r->piece->cast_mode, source, element, 1);
    if (rc == 0) {
        memcpy(out, element + from, to - from);
    }
    return rc;
}

errint piece_rows_deliver(const struct piece_rows *r, uint64_t row, uint64_t from, uint64_t to,
                          const char *source, char *out)
{
    from -= row;
    to -= row;
    if (r->dtype == r->piece->dtype) {
        memcpy(out, source + from, to - from);
        return 0;
    }
    uint64_t element = from / r->bytes;
    uint64_t begins = element * r->bytes;
    if (from > begins) {
        uint64_t end = begins + r->bytes < to ? begins + r->bytes : to;
        errint rc = deliver_partial(r, from - begins, end - begins,
                                    source + element * r->source_bytes, out);
        if (rc < 0 || end == to) {
            return rc;
        }
        out += end - from;
        element++;
    }
    uint64_t whole = to / r->bytes - element;
    errint rc = cast_run(r->piece->dtype, r->dtype, r->piece->cast_mode,
                         source + element * r->source_bytes, out, whole);
    element += whole;
    if (rc == 0 && to > element * r->bytes) {
        rc = deliver_partial(r, 0, to - element * r->bytes, source + element * r->source_bytes,
                             out + whole * r->bytes);
    }
    return rc;
}

errint piece_rows_fill(const struct piece_rows *r, uint64_t from, uint64_t to, char *out)
{
    char element[16];
    errint rc =
        cast_run(r->piece->dtype, r->dtype, r->piece->cast_mode, r->piece->more->fill, element, 1);
    for (uint64_t at = from - r->target; rc == 0 && at < to - r->target; at++) {
        *out++ = element[at % r->bytes];
    }
    return rc;
}
