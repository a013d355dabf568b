/* SPDX-License-Identifier: Apache-2.0 */
/* A piece seen from its target is a list of rows: runs of bytes that are contiguous on both sides,
 * enumerated by the axes before the piece's dense axis, at rising target offsets. Reading is: find
 * the first row that reaches into the range asked for, then go on row by row to its end. */
#include "render/render.h"

#include <stdbool.h>
#include <string.h>

#include "base/cause.h"
#include "render/string_read.h"
#include "render/verified.h"
#include "tensor/cast.h"
#include "tensor/dtype.h"

enum { ROWS_AT_ONCE = 64 };

/* What a request asks for: bytes [off, end) of the target, to `buf`. */
struct request {
    struct reader *reader;
    uint64_t off;
    uint64_t end;
    char *buf;
};

/* A piece's rows, and the one at hand. */
struct rows {
    const struct piece *piece;
    unsigned axes;                   /* those that enumerate rows: 0 .. axes-1 */
    enum dtype dtype;                /* of the target; the piece's own, unless it is cast */
    unsigned bytes;                  /* of the target's elements */
    unsigned source_bytes;           /* of the source's */
    uint64_t run;                    /* bytes of a row in the target */
    uint64_t source_run;             /* and in the source */
    uint64_t target;                 /* offset of the row at hand in the target */
    uint64_t source;                 /* and in the shard */
    uint64_t first;                  /* offset of the first row in the target */
    int64_t index[SHAPE_RANK_MOST];  /* of the row, within the box */
    uint64_t pitch[SHAPE_RANK_MOST]; /* bytes in the target per step on each axis */
};

/* The source offset moves by signed strides; the plan has made sure that every row lies within the
 * shard. */
static void move_rows(struct rows *r, unsigned axis, int64_t steps)
{
    r->index[axis] += steps;
    r->target += (uint64_t)steps * r->pitch[axis];
    r->source += (uint64_t)(steps * r->piece->stride[axis]);
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
    memset(r->index, 0, r->axes * sizeof(r->index[0]));
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
    if (r->axes == 0 || r->source_run >= READER_WINDOW / 4) {
        return false;
    }
    int64_t stride = r->piece->stride[r->axes - 1];
    return stride > 0 && (uint64_t)stride <= r->source_run + 4096;
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
        rc = shard_read(&q->reader->catalog->shards[r->piece->shard], q->reader->waiter,
                        r->source + first * r->source_bytes,
                        (size_t)((last - first) * r->source_bytes), q->reader->window);
        if (rc == 0) {
            rc = deliver_elements(q, r, r->target + first * r->bytes, from, end, q->reader->window);
        }
        from = end;
    }
    return rc;
}

/* From the row at hand on, each row by itself and cast. */
static errint cast_rows(const struct request *q, struct rows *r)
{
    errint rc = 0;
    for (bool more = true; rc == 0 && more && r->target < q->end; more = next_row(r)) {
        uint64_t from = r->target > q->off ? r->target : q->off;
        uint64_t to = r->target + r->run < q->end ? r->target + r->run : q->end;
        rc = cast_row(q, r, from, to);
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
        rc = shard_read(&q->reader->catalog->shards[r->piece->shard], q->reader->waiter, r->source,
                        (size_t)((rows - 1) * stride + r->source_run), q->reader->window);
    }
    for (uint64_t i = 0; rc == 0 && i < rows; i++) {
        uint64_t row = r->target + i * r->pitch[axis];
        uint64_t from = row > q->off ? row : q->off;
        uint64_t to = row + r->run < q->end ? row + r->run : q->end;
        rc = deliver_elements(q, r, row, from, to, q->reader->window + i * stride);
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
        return r->dtype != r->piece->dtype ? cast_rows(q, r) : read_apart(q, r);
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

/* Bytes of a target that is a stored tensor as it is. */
static errint read_stored(const struct reader *r, const struct tensor *t, uint64_t off, size_t len,
                          void *buf)
{
    struct shard *shard = &r->catalog->shards[t->shard];
    struct shard_attempt a = shard_attempt(shard);
    errint rc;
    do {
        rc = verified_ask(r, shard, t, NULL);
        if (rc == 0) {
            rc = shard_read(shard, r->waiter, t->off + off, len, buf);
        }
    } while (shard_again(&a, &rc));
    return rc;
}

errint render_size(struct reader *r, const struct target *t, uint64_t *bytes)
{
    if (!target_sized(t)) {
        return string_size(r, t, STRING_LINES, bytes);
    }
    *bytes = target_bytes(t);
    return 0;
}

/* Notes why a read of t failed, where nothing below has: of damage, and of casts. Returns rc. */
static errint note_cause(const struct target *t, errint rc)
{
    if (rc == -EBADMSG || rc == -ERANGE) {
        cause_note((struct cause){.kind = CAUSE_TENSOR,
                                  .rc = rc,
                                  .what = t->source,
                                  .number = rc == -ERANGE ? target_dtype(t) : 0});
    }
    return rc;
}

ssize_t render_read(struct reader *r, const struct target *t, uint64_t off, size_t len, void *buf)
{
    if (!target_sized(t)) {
        return string_read(r, t, STRING_LINES, off, len, buf);
    }
    uint64_t bytes = target_bytes(t);
    if (off >= bytes || len == 0) {
        return 0;
    }
    uint64_t count = bytes - off < len ? bytes - off : len;
    if (!t->form) {
        errint rc = read_stored(r, t->source, off, (size_t)count, buf);
        return rc < 0 ? note_cause(t, rc) : (ssize_t)count;
    }
    struct request q = {r, off, off + count, buf};
    const struct target_form *f = t->form;
    bool past = false;
    for (uint32_t i = piece_first(f->ends, f->piece_count, off); !past && i < f->piece_count; i++) {
        errint rc = read_piece(&q, &f->pieces[i], f->shape, f->dtype, &past);
        if (rc < 0) {
            return note_cause(t, rc);
        }
    }
    return (ssize_t)count;
}

const char *render_why(errint rc)
{
    switch (rc) {
    case -ERANGE:
        return "a value does not fit the dtype that it is cast to";
    case -EBADMSG:
    case -EUCLEAN:
        return "its bytes in the checkpoint are damaged";
    default:
        return strerror(-rc);
    }
}
