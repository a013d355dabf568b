/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a value: one loop over the pieces that intersect what was asked for.
 *
 * A piece seen from its value is a list of rows: runs of bytes that are contiguous on both sides,
 * enumerated by the axes before the piece's dense axis, at rising offsets in the value. Reading is:
 * find the first row that reaches into the range asked for, then go on row by row to its end. */
#include "render/value_read.h"

#include <stdbool.h>
#include <string.h>

#include "render/gather_read.h"
#include "render/piece_rows.h"
#include "render/verified.h"
#include "tensor/cast.h"
#include "tensor/dtype.h"

enum {
    ROWS_AT_ONCE = 64,
    GATHERED_MOST = 8192,     /* bytes of a row */
    CAST_IN_MEMORY = 32 << 10 /* bytes of a result that are worth a look at the mapping */
};

/* Rows whose sources follow each other closely are read through one window; rows far apart, each by
 * itself. */
static bool worth_window(const struct piece_rows *r)
{
    const struct piece_more *more = r->piece->more;
    if (r->axes == 0 || r->source_run >= READER_WINDOW / 4 ||
        (more && (more->offsets || more->filled))) {
        return false;
    }
    int64_t stride = r->piece->stride[r->axes - 1];
    uint64_t apart = stride < 0 ? -(uint64_t)stride : (uint64_t)stride;
    return apart > 0 && apart <= r->source_run + 4096;
}

struct cast_work {
    const struct value_request *q;
    const struct piece_rows *r;
    uint64_t from;
    uint64_t to;
    errint rc;
};

static void cast_work(void *context, const char *bytes)
{
    struct cast_work *w = context;
    w->rc = piece_rows_deliver(w->r, w->r->target, w->from, w->to, bytes + w->r->source,
                               w->q->buf + (w->from - w->q->off));
}

/* Bytes [from, to) of the row at hand by a cast from memory. -ENOTSUP: it has to be read. */
static errint cast_in_memory(const struct value_request *q, const struct piece_rows *r,
                             uint64_t from, uint64_t to)
{
    if (r->piece->more || to - from < CAST_IN_MEMORY) {
        return -ENOTSUP;
    }
    struct io *io = q->reader->catalog->shards[r->piece->shard].io;
    struct cast_work w = {q, r, from, to, 0};
    errint rc = io_in_memory(io, r->source + r->source_run, cast_work, &w);
    return rc < 0 ? rc : w.rc;
}

/* Bytes [from, to) of the row at hand by a cast, a window of elements at a time. */
static errint cast_row(const struct value_request *q, const struct piece_rows *r, uint64_t from,
                       uint64_t to)
{
    errint done = cast_in_memory(q, r, from, to);
    if (done != -ENOTSUP) {
        return done;
    }
    uint64_t most = READER_WINDOW / r->source_bytes;
    errint rc = reader_need_window(q->reader);
    while (rc == 0 && from < to) {
        uint64_t first = (from - r->target) / r->bytes;
        uint64_t last = (to - r->target + r->bytes - 1) / r->bytes;
        last = last - first < most ? last : first + most;
        uint64_t end = r->target + last * r->bytes < to ? r->target + last * r->bytes : to;
        rc = gather_source(q, r->piece, r->source + first * r->source_bytes,
                           (size_t)((last - first) * r->source_bytes), reader_window(q->reader));
        if (rc == 0) {
            rc = piece_rows_deliver(r, r->target + first * r->bytes, from, end,
                                    reader_window(q->reader), q->buf + (from - q->off));
        }
        from = end;
    }
    return rc;
}

/* The part of the row at hand that is asked for. */
static errint read_row(const struct value_request *q, const struct piece_rows *r)
{
    uint64_t from = r->target > q->off ? r->target : q->off;
    uint64_t to = r->target + r->run < q->end ? r->target + r->run : q->end;
    if (r->nothing || (r->piece->more && r->piece->more->filled)) {
        return piece_rows_fill(r, from, to, q->buf + (from - q->off));
    }
    if (r->dtype != r->piece->dtype) {
        return cast_row(q, r, from, to);
    }
    return gather_source(q, r->piece, r->source + (from - r->target), (size_t)(to - from),
                         q->buf + (from - q->off));
}

/* From the row at hand on, each row by itself. */
static errint read_one_by_one(const struct value_request *q, struct piece_rows *r)
{
    errint rc = 0;
    for (bool more = true; rc == 0 && more && r->target < q->end; more = piece_rows_next(r)) {
        rc = read_row(q, r);
    }
    return rc;
}

/* From the row at hand on, each row by itself, to where it belongs in the reply. Rows are read in
 * one call, since each costs as much as its look at the file. */
static errint read_apart(const struct value_request *q, struct piece_rows *r)
{
    struct io *io = q->reader->catalog->shards[r->piece->shard].io;
    struct io_range ranges[ROWS_AT_ONCE];
    unsigned count = 0;
    for (bool more = true; more && r->target < q->end; more = piece_rows_next(r)) {
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
static errint read_window(const struct value_request *q, struct piece_rows *r)
{
    unsigned axis = r->axes - 1;
    bool backwards = r->piece->stride[axis] < 0;
    uint64_t stride = (uint64_t)r->piece->stride[axis];
    stride = backwards ? -stride : stride;
    uint64_t rows = (READER_WINDOW - r->source_run) / stride + 1;
    uint64_t left = (uint64_t)(r->piece->len[axis] - r->index[axis]);
    uint64_t wanted = (q->end - r->target + r->pitch[axis] - 1) / r->pitch[axis];
    rows = rows < left ? rows : left;
    rows = rows < wanted ? rows : wanted;

    errint rc = reader_need_window(q->reader);
    if (rc == 0) {
        uint64_t before = backwards ? (rows - 1) * stride : 0;
        rc = gather_source(q, r->piece, r->source - before,
                           (size_t)((rows - 1) * stride + r->source_run), reader_window(q->reader));
    }
    for (uint64_t i = 0; rc == 0 && i < rows; i++) {
        uint64_t row = r->target + i * r->pitch[axis];
        uint64_t from = row > q->off ? row : q->off;
        uint64_t to = row + r->run < q->end ? row + r->run : q->end;
        uint64_t number = backwards ? rows - 1 - i : i;
        rc = piece_rows_deliver(r, row, from, to, reader_window(q->reader) + number * stride,
                                q->buf + (from - q->off));
    }
    if (rc == 0) {
        piece_rows_move(r, axis, (int64_t)rows - 1);
    }
    return rc;
}

/* Whether what is asked for are rows so short that each costs more to be read than to be copied
 * from memory; but those that fill most of what lies between them are read at once. */
static bool worth_gathering(const struct value_request *q, const struct piece_rows *r)
{
    const struct piece_more *more = r->piece->more;
    if (r->axes == 0 || r->source_run > GATHERED_MOST || q->end <= r->target + r->run ||
        (more && (more->computed || more->filled))) {
        return false;
    }
    int64_t stride = r->piece->stride[r->axes - 1];
    return more || stride <= 0 || (uint64_t)stride > 2 * r->source_run;
}

/* From the row at hand on, by tiles where that can be. */
static errint read_tiles(const struct value_request *q, struct piece_rows *r)
{
    errint rc = 0;
    for (bool more = true; rc == 0 && more && r->target < q->end; more = piece_rows_next(r)) {
        bool done;
        rc = gather_tile(q, r, &done);
        if (rc == 0 && !done) {
            rc = read_row(q, r);
        }
    }
    return rc;
}

/* From the row at hand on, of rows that are read. */
static errint read_apart_or_tiles(const struct value_request *q, struct piece_rows *r)
{
    if (gather_has_tiles(q, r)) {
        return read_tiles(q, r);
    }
    bool apart = r->dtype == r->piece->dtype && !r->piece->more;
    return apart ? read_apart(q, r) : read_one_by_one(q, r);
}

/* From the row at hand on. */
static errint read_rows(const struct value_request *q, struct piece_rows *r)
{
    if (worth_gathering(q, r)) {
        errint rc = gather_rows(q, r);
        if (rc != -ENOTSUP) {
            return rc;
        }
    }
    if (!worth_window(r)) {
        return read_apart_or_tiles(q, r);
    }
    errint rc = 0;
    for (bool more = true; rc == 0 && more && r->target < q->end; more = piece_rows_next(r)) {
        rc = read_window(q, r);
    }
    return rc;
}

/* What is asked for of one piece. *past: it begins behind that, as those after it do. */
static errint read_piece(const struct value_request *q, const struct piece *p, struct shape shape,
                         enum dtype dtype, bool *past)
{
    struct piece_rows r;
    bool found = piece_rows_first(&r, p, shape, dtype, q->off);
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
        bool begun = a.tries == 0 || piece_rows_first(&r, p, shape, dtype, q->off);
        rc = begun ? verified_ask(q->reader, shard, p->source, p->slice) : 0;
        if (rc == 0) {
            rc = read_rows(q, &r);
        }
    } while (shard_again(&a, &rc));
    return rc;
}

errint value_read(struct reader *r, const struct value *v, uint64_t off, size_t len, void *buf)
{
    struct value_request q = {r, off, off + len, buf};
    bool past = false;
    for (uint32_t i = piece_first(v->ends, v->count, off); !past && i < v->count; i++) {
        errint rc = read_piece(&q, &v->pieces[i], v->shape, v->dtype, &past);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}
