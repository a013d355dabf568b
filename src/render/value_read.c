/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a value: one loop over the pieces that intersect what was asked for.
 *
 * A piece seen from its value is a list of rows: runs of bytes that are contiguous on both sides,
 * enumerated by the axes before the piece's dense axis, at rising offsets in the value. Reading is:
 * find the first row that reaches into the range asked for, then go on row by row to its end. */
#include "render/value_read.h"

#include <stdbool.h>
#include <string.h>

#include "render/computed_read.h"
#include "render/verified.h"
#include "tensor/cast.h"
#include "tensor/dtype.h"

enum { ROWS_AT_ONCE = 64 };

/* What a request asks for: bytes [off, end) of the value, to `buf`. */
struct request {
    struct reader *reader;
    uint64_t off;
    uint64_t end;
    char *buf;
};

/* A piece's rows, and the one at hand. */
struct rows {
    const struct piece *piece;
    unsigned axes;         /* those that enumerate rows: 0 .. axes-1 */
    enum dtype dtype;      /* of the target; the piece's own, unless it is cast */
    unsigned bytes;        /* of the target's elements */
    unsigned source_bytes; /* of the source's */
    uint64_t run;          /* bytes of a row in the target */
    uint64_t source_run;   /* and in the source */
    uint64_t target;       /* offset of the row at hand in the target */
    uint64_t source;       /* and in the shard */
    uint64_t first;        /* offset of the first row in the target */
    unsigned nothing; /* listed axes on which nothing is read for the row: it has the fill then */
    int64_t index[SHAPE_RANK_MOST];  /* of the row, within the box */
    uint64_t pitch[SHAPE_RANK_MOST]; /* bytes in the target per step on each axis */
};

/* Where in the source each index of the axis is; NULL: `stride` apart. */
static const int64_t *offsets_of(const struct piece *p, unsigned axis)
{
    return p->more && p->more->offsets ? p->more->offsets[axis] : NULL;
}

/* Adds, or with -1 takes away, what index i of a listed axis is to the source offset. */
static void count_listed(struct rows *r, const int64_t *offsets, int64_t i, int sign)
{
    if (offsets[i] == PIECE_NOTHING) {
        r->nothing += (unsigned)sign;
    } else {
        r->source += (uint64_t)(offsets[i] * sign);
    }
}

/* The source offset moves by signed strides, or as its list says; the plan has made sure that every
 * row lies within the source. */
static void move_rows(struct rows *r, unsigned axis, int64_t steps)
{
    const int64_t *offsets = offsets_of(r->piece, axis);
    if (offsets) {
        count_listed(r, offsets, r->index[axis], -1);
        count_listed(r, offsets, r->index[axis] + steps, 1);
    } else {
        r->source += (uint64_t)(steps * r->piece->stride[axis]);
    }
    r->index[axis] += steps;
    r->target += (uint64_t)steps * r->pitch[axis];
}

/* The next row; false after the last. */
static bool next_row(struct rows *r)
{
    for (unsigned axis = r->axes; axis-- > 0;) {
        if (r->index[axis] + 1 < r->piece->len[axis]) {
            move_rows(r, axis, 1);
            return true;
        }
        move_rows(r, axis, -r->index[axis]);
    }
    return false;
}

/* The first row of `p` that ends after target offset `off`; false if there is none. */
static bool first_row(struct rows *r, const struct piece *p, struct shape shape, enum dtype dtype,
                      uint64_t off)
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
        if (offsets_of(p, axis)) {
            count_listed(r, offsets_of(p, axis), 0, 1);
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
                move_rows(r, rest, p->len[rest] - 1);
            }
            return next_row(r);
        }
        move_rows(r, axis, (int64_t)steps);
        distance -= steps * r->pitch[axis];
    }
    return distance < r->run || next_row(r);
}

/* Rows whose sources follow each other closely are read through one window; rows far apart, each by
 * itself. */
static bool worth_window(const struct rows *r)
{
    if (r->axes == 0 || r->source_run >= READER_WINDOW / 4 || r->piece->more) {
        return false;
    }
    int64_t stride = r->piece->stride[r->axes - 1];
    return stride > 0 && (uint64_t)stride <= r->source_run + 4096;
}

/* Bytes [off, off+len) of what the piece is read from. */
static errint read_source(const struct request *q, const struct piece *p, uint64_t off, size_t len,
                          void *buf)
{
    const struct computed *computed = p->more ? p->more->computed : NULL;
    if (computed) {
        return computed_read(q->reader, computed, off, len, buf);
    }
    return shard_read(&q->reader->catalog->shards[p->shard], q->reader->waiter, off, len, buf);
}

/* Bytes [from, to) of one target element, whose source is at `source`. */
static errint deliver_partial(const struct rows *r, uint64_t from, uint64_t to, const char *source,
                              char *out)
{
    char element[16];
    errint rc = cast_run(r->piece->dtype, r->dtype, r->piece->cast_mode, source, element, 1);
    if (rc == 0) {
        memcpy(out, element + from, to - from);
    }
    return rc;
}

/* Bytes [from, to) of the target to where they belong in the reply. `source` has the elements from
 * target offset `row` on. The request need not begin or end with an element, but a cast makes
 * elements. */
static errint deliver_elements(const struct request *q, const struct rows *r, uint64_t row,
                               uint64_t from, uint64_t to, const char *source)
{
    char *out = q->buf + (from - q->off);
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

/* Bytes [from, to) of the row at hand by a cast, a window of elements at a time. */
static errint cast_row(const struct request *q, const struct rows *r, uint64_t from, uint64_t to)
{
    uint64_t most = READER_WINDOW / r->source_bytes;
    errint rc = reader_need_window(q->reader);
    while (rc == 0 && from < to) {
        uint64_t first = (from - r->target) / r->bytes;
        uint64_t last = (to - r->target + r->bytes - 1) / r->bytes;
        last = last - first < most ? last : first + most;
        uint64_t end = r->target + last * r->bytes < to ? r->target + last * r->bytes : to;
        rc = read_source(q, r->piece, r->source + first * r->source_bytes,
                         (size_t)((last - first) * r->source_bytes), reader_window(q->reader));
        if (rc == 0) {
            rc = deliver_elements(q, r, r->target + first * r->bytes, from, end,
                                  reader_window(q->reader));
        }
        from = end;
    }
    return rc;
}

/* Bytes [from, to) of a row that nothing is read for: the piece's element over and over. */
static errint fill_row(const struct request *q, const struct rows *r, uint64_t from, uint64_t to)
{
    char element[16];
    char *out = q->buf + (from - q->off);
    errint rc =
        cast_run(r->piece->dtype, r->dtype, r->piece->cast_mode, r->piece->more->fill, element, 1);
    for (uint64_t at = from - r->target; rc == 0 && at < to - r->target; at++) {
        *out++ = element[at % r->bytes];
    }
    return rc;
}

/* The part of the row at hand that is asked for. */
static errint read_row(const struct request *q, const struct rows *r)
{
    uint64_t from = r->target > q->off ? r->target : q->off;
    uint64_t to = r->target + r->run < q->end ? r->target + r->run : q->end;
    if (r->nothing || (r->piece->more && r->piece->more->filled)) {
        return fill_row(q, r, from, to);
    }
    if (r->dtype != r->piece->dtype) {
        return cast_row(q, r, from, to);
    }
    return read_source(q, r->piece, r->source + (from - r->target), (size_t)(to - from),
                       q->buf + (from - q->off));
}

/* From the row at hand on, each row by itself. */
static errint read_one_by_one(const struct request *q, struct rows *r)
{
    errint rc = 0;
    for (bool more = true; rc == 0 && more && r->target < q->end; more = next_row(r)) {
        rc = read_row(q, r);
    }
    return rc;
}

/* From the row at hand on, each row by itself, to where it belongs in the reply. Rows are read in
 * one call, since each costs as much as its look at the file. */
static errint read_apart(const struct request *q, struct rows *r)
{
    struct io *io = q->reader->catalog->shards[r->piece->shard].io;
    struct io_range ranges[ROWS_AT_ONCE];
    unsigned count = 0;
    for (bool more = true; more && r->target < q->end; more = next_row(r)) {
        uint64_t from = r->target > q->off ? r->target : q->off;
        uint64_t to = r->target + r->run < q->end ? r->target + r->run : q->end;
        if (count == ROWS_AT_ONCE) {
            errint rc = io_read_many(io, q->reader->waiter, ranges, count);
            if (rc < 0) {
                return rc;
            }
            count = 0;
        }
        ranges[count++] = (struct io_range){r->source + (from - r->target), (size_t)(to - from),
                                            q->buf + (from - q->off)};
    }
    return io_read_many(io, q->reader->waiter, ranges, count);
}

/* Read through the window as many rows from the one at hand on as one axis, the request and the
 * window hold. On return the last of them is at hand. */
static errint read_window(const struct request *q, struct rows *r)
{
    unsigned axis = r->axes - 1;
    uint64_t stride = (uint64_t)r->piece->stride[axis];
    uint64_t rows = (READER_WINDOW - r->source_run) / stride + 1;
    uint64_t left = (uint64_t)(r->piece->len[axis] - r->index[axis]);
    uint64_t wanted = (q->end - r->target + r->pitch[axis] - 1) / r->pitch[axis];
    rows = rows < left ? rows : left;
    rows = rows < wanted ? rows : wanted;

    errint rc = reader_need_window(q->reader);
    if (rc == 0) {
        rc = read_source(q, r->piece, r->source, (size_t)((rows - 1) * stride + r->source_run),
                         reader_window(q->reader));
    }
    for (uint64_t i = 0; rc == 0 && i < rows; i++) {
        uint64_t row = r->target + i * r->pitch[axis];
        uint64_t from = row > q->off ? row : q->off;
        uint64_t to = row + r->run < q->end ? row + r->run : q->end;
        rc = deliver_elements(q, r, row, from, to, reader_window(q->reader) + i * stride);
    }
    if (rc == 0) {
        move_rows(r, axis, (int64_t)rows - 1);
    }
    return rc;
}

/* From the row at hand on. */
static errint read_rows(const struct request *q, struct rows *r)
{
    if (!worth_window(r)) {
        bool apart = r->dtype == r->piece->dtype && !r->piece->more;
        return apart ? read_apart(q, r) : read_one_by_one(q, r);
    }
    errint rc = 0;
    for (bool more = true; rc == 0 && more && r->target < q->end; more = next_row(r)) {
        rc = read_window(q, r);
    }
    return rc;
}

/* What is asked for of one piece. *past: it begins behind that, as those after it do. */
static errint read_piece(const struct request *q, const struct piece *p, struct shape shape,
                         enum dtype dtype, bool *past)
{
    struct rows r;
    bool found = first_row(&r, p, shape, dtype, q->off);
    *past = r.first >= q->end;
    if (!found || r.target >= q->end) {
        return 0;
    }
    if (p->more && (p->more->computed || p->more->filled)) {
        return read_rows(q, &r);
    }
    const struct shard *shard = &q->reader->catalog->shards[p->shard];
    struct shard_attempt a = shard_attempt(shard);
    errint rc;
    do {
        bool begun = a.tries == 0 || first_row(&r, p, shape, dtype, q->off);
        rc = begun ? verified_ask(q->reader, shard, p->source, p->slice) : 0;
        if (rc == 0) {
            rc = read_rows(q, &r);
        }
    } while (shard_again(&a, &rc));
    return rc;
}

errint value_read(struct reader *r, const struct value *v, uint64_t off, size_t len, void *buf)
{
    struct request q = {r, off, off + len, buf};
    bool past = false;
    for (uint32_t i = piece_first(v->ends, v->count, off); !past && i < v->count; i++) {
        errint rc = read_piece(&q, &v->pieces[i], v->shape, v->dtype, &past);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}
