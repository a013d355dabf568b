/* SPDX-License-Identifier: Apache-2.0 */
#include "render/gather_read.h"

#include <stdbool.h>

#include "render/computed_read.h"
#include "render/strided.h"
#include "tensor/cast.h"

enum { HALF = READER_WINDOW / 2 };

errint gather_source(const struct value_request *q, const struct piece *p, uint64_t off, size_t len,
                     void *buf)
{
    const struct computed *computed = p->more ? p->more->computed : NULL;
    if (computed) {
        return computed_read(q->reader, computed, off, len, buf);
    }
    return shard_read(&q->reader->catalog->shards[p->shard], q->reader->waiter, off, len, buf);
}

/* ---- tiles ----------------------------------------------------------------------------------- */

static int64_t distance(int64_t stride)
{
    return stride < 0 ? -stride : stride;
}

static bool has_lists(const struct piece *p)
{
    return p->more && p->more->offsets;
}

/* An axis before the last one of the rows, on which the source is denser than on that; `axes` if
 * there is none. */
static unsigned denser_axis(const struct piece_rows *r)
{
    unsigned last = r->axes - 1;
    unsigned found = r->axes;
    int64_t least = distance(r->piece->stride[last]);
    for (unsigned axis = 0; axis < last; axis++) {
        int64_t stride = distance(r->piece->stride[axis]);
        if (stride < least && r->piece->len[axis] > 1) {
            least = stride;
            found = axis;
        }
    }
    return found;
}

/* How many indices of that axis, from the one at hand on, are wanted with all their rows. */
static uint64_t whole_steps(const struct value_request *q, const struct piece_rows *r,
                            unsigned axis)
{
    uint64_t extent = r->run;
    for (unsigned inner = axis + 1; inner < r->axes; inner++) {
        if (r->index[inner] != 0) {
            return 0;
        }
        extent += (uint64_t)(r->piece->len[inner] - 1) * r->pitch[inner];
    }
    if (r->target < q->off || q->end - r->target < extent) {
        return 0;
    }
    uint64_t steps = (q->end - r->target - extent) / r->pitch[axis] + 1;
    uint64_t left = (uint64_t)(r->piece->len[axis] - r->index[axis]);
    return steps < left ? steps : left;
}

/* A box of rows, on the last axis and on another one. */
struct box {
    const struct value_request *q;
    const struct piece_rows *r;
    struct strided_axis inner; /* the last one */
    struct strided_axis outer;
};

/* Whole rows that are cast: they are put in order first, in the second half of the window. */
static errint cast_box(const struct box *b, const char *from, char *to)
{
    const struct piece_rows *r = b->r;
    char *ordered = reader_window(b->q->reader) + HALF;
    size_t line = b->inner.count * r->source_run;
    struct strided_axis inner = {b->inner.count, b->inner.from, (int64_t)r->source_run};
    struct strided_axis outer = {b->outer.count, b->outer.from, (int64_t)line};
    bool dense = b->inner.to == (int64_t)r->run;
    size_t lots = dense ? 1 : b->inner.count;
    size_t elements = r->source_run / r->source_bytes * (dense ? b->inner.count : 1);
    strided_copy(ordered, from, inner, outer, r->source_run);
    for (size_t k = 0; k < b->outer.count; k++) {
        for (size_t i = 0; i < lots; i++) {
            errint rc =
                cast_run(r->piece->dtype, r->dtype, r->piece->cast_mode,
                         ordered + k * line + i * r->source_run,
                         to + (int64_t)k * b->outer.to + (int64_t)i * b->inner.to, elements);
            if (rc < 0) {
                return rc;
            }
        }
    }
    return 0;
}

static errint copy_part(const struct box *b, const char *from, char *to)
{
    if (b->r->dtype != b->r->piece->dtype) {
        return cast_box(b, from, to);
    }
    strided_copy(to, from, b->inner, b->outer, b->r->source_run);
    return 0;
}

/* Reads part of a box into the first half of the window. */
static errint fetch_part(const struct box *b, uint64_t source)
{
    char *to = reader_window(b->q->reader);
    for (size_t i = 0; i < b->inner.count; i++) {
        size_t len = b->outer.count * b->r->source_run;
        errint rc = gather_source(b->q, b->r->piece, source, len, to);
        if (rc < 0) {
            return rc;
        }
        source += (uint64_t)b->inner.from;
        to += len;
    }
    return 0;
}

/* The box whose first row is at hand. `bytes` is the source in memory; NULL: it is read, and dense
 * on the outer axis. */
static errint copy_box(const struct box *whole, const char *bytes)
{
    const struct piece_rows *r = whole->r;
    const size_t most = HALF / r->source_run; /* rows */
    char *to = whole->q->buf + (r->target - whole->q->off);
    bool unlimited = bytes && r->dtype == r->piece->dtype;
    size_t wide = unlimited || whole->outer.count < most ? whole->outer.count : most;
    size_t deep = unlimited || whole->inner.count < most / wide ? whole->inner.count : most / wide;
    for (size_t k = 0; k < whole->outer.count; k += wide) {
        for (size_t i = 0; i < whole->inner.count; i += deep) {
            struct box part = *whole;
            part.outer.count = whole->outer.count - k < wide ? whole->outer.count - k : wide;
            part.inner.count = whole->inner.count - i < deep ? whole->inner.count - i : deep;
            uint64_t source = r->source + (uint64_t)((int64_t)k * whole->outer.from +
                                                     (int64_t)i * whole->inner.from);
            const char *from = bytes ? bytes + source : reader_window(whole->q->reader);
            errint rc = bytes ? 0 : fetch_part(&part, source);
            if (!bytes) {
                part.inner.from = (int64_t)(part.outer.count * r->source_run);
            }
            if (rc == 0) {
                rc = copy_part(&part, from,
                               to + (int64_t)k * part.outer.to + (int64_t)i * part.inner.to);
            }
            if (rc < 0) {
                return rc;
            }
        }
    }
    return 0;
}

/* The next index on the axes after `outer` and before the last; false after all of them, and then
 * they are at the first again. */
static bool next_between(struct piece_rows *r, unsigned outer)
{
    for (unsigned axis = r->axes - 1; axis-- > outer + 1;) {
        if (r->index[axis] + 1 < r->piece->len[axis]) {
            piece_rows_move(r, axis, 1);
            return true;
        }
        piece_rows_move(r, axis, -r->index[axis]);
    }
    return false;
}

/* All rows of `steps` indices of axis `outer`, from the row at hand on; the last of them is at hand
 * then. */
static errint copy_steps(const struct value_request *q, struct piece_rows *r, unsigned outer,
                         uint64_t steps, const char *bytes)
{
    const unsigned last = r->axes - 1;
    const int64_t *stride = r->piece->stride;
    struct box b = {q,
                    r,
                    {(size_t)r->piece->len[last], stride[last], (int64_t)r->pitch[last]},
                    {(size_t)steps, stride[outer], (int64_t)r->pitch[outer]}};
    do {
        errint rc = copy_box(&b, bytes);
        if (rc < 0) {
            return rc;
        }
    } while (next_between(r, outer));
    piece_rows_move(r, outer, (int64_t)steps - 1);
    for (unsigned axis = outer + 1; axis <= last; axis++) {
        piece_rows_move(r, axis, r->piece->len[axis] - 1 - r->index[axis]);
    }
    return 0;
}

bool gather_has_tiles(const struct value_request *q, const struct piece_rows *r)
{
    if (r->axes < 2 || has_lists(r->piece) || (r->piece->more && r->piece->more->filled) ||
        r->source_run > HALF / 4 || q->end - r->target <= r->run) {
        return false;
    }
    unsigned outer = denser_axis(r);
    return outer < r->axes && r->piece->stride[outer] == (int64_t)r->source_run;
}

errint gather_tile(const struct value_request *q, struct piece_rows *r, bool *done)
{
    unsigned outer = denser_axis(r);
    uint64_t steps = whole_steps(q, r, outer);
    *done = steps > 1;
    errint rc = *done ? reader_need_window(q->reader) : 0;
    return *done && rc == 0 ? copy_steps(q, r, outer, steps, NULL) : rc;
}

/* ---- from memory ----------------------------------------------------------------------------- */

struct gathering {
    const struct value_request *q;
    struct piece_rows *r;
    uint64_t end; /* of the source */
    errint rc;
};

/* The part of the row at hand that is asked for. */
static errint copy_row(const struct gathering *g, const char *bytes)
{
    const struct value_request *q = g->q;
    const struct piece_rows *r = g->r;
    uint64_t from = r->target > q->off ? r->target : q->off;
    uint64_t to = r->target + r->run < q->end ? r->target + r->run : q->end;
    char *out = q->buf + (from - q->off);
    if (r->nothing) {
        return piece_rows_fill(r, from, to, out);
    }
    if (r->source > g->end || r->source_run > g->end - r->source) {
        return -EIO;
    }
    return piece_rows_deliver(r, r->target, from, to, bytes + r->source, out);
}

/* Whole rows on the last axis, from the one at hand on; the last of them is at hand then. *done is
 * false where there is none. */
static errint copy_run(const struct gathering *g, const char *bytes, bool *done)
{
    const struct value_request *q = g->q;
    struct piece_rows *r = g->r;
    unsigned last = r->axes - 1;
    uint64_t count = whole_steps(q, r, last);
    *done = count > 0;
    if (count == 0) {
        return 0;
    }
    struct box b = {
        q, r, {(size_t)count, r->piece->stride[last], (int64_t)r->pitch[last]}, {1, 0, 0}};
    errint rc = copy_box(&b, bytes);
    piece_rows_move(r, last, (int64_t)count - 1);
    return rc;
}

/* From the row at hand on as many as can be had at once; the last of them is at hand then. */
static errint copy_some(const struct gathering *g, const char *bytes, unsigned outer)
{
    uint64_t steps = outer < g->r->axes ? whole_steps(g->q, g->r, outer) : 0;
    if (steps > 1) {
        return copy_steps(g->q, g->r, outer, steps, bytes);
    }
    bool done = false;
    errint rc = has_lists(g->r->piece) ? 0 : copy_run(g, bytes, &done);
    return rc < 0 || done ? rc : copy_row(g, bytes);
}

static void copy_rows(void *context, const char *bytes)
{
    struct gathering *g = context;
    unsigned outer = has_lists(g->r->piece) ? g->r->axes : denser_axis(g->r);
    bool more = true;
    while (g->rc == 0 && more && g->r->target < g->q->end) {
        g->rc = copy_some(g, bytes, outer);
        more = piece_rows_next(g->r);
    }
}

/* Whether the box lies within bytes [0, end) of the source, as the plan has made sure. */
static bool lies_within(const struct piece_rows *r, uint64_t end)
{
    __int128 least = r->piece->off;
    __int128 most = least + r->source_run;
    for (unsigned axis = 0; axis < r->axes; axis++) {
        __int128 reach = (__int128)(r->piece->len[axis] - 1) * r->piece->stride[axis];
        least += reach < 0 ? reach : 0;
        most += reach > 0 ? reach : 0;
    }
    return least >= 0 && most <= end;
}

errint gather_rows(const struct value_request *q, struct piece_rows *r)
{
    struct shard *shard = &q->reader->catalog->shards[r->piece->shard];
    struct gathering g = {q, r, shard->io->size, 0};
    if (!has_lists(r->piece) && !lies_within(r, g.end)) {
        return -ENOTSUP;
    }
    errint rc = reader_need_window(q->reader);
    if (rc == 0) {
        rc = io_in_memory(shard->io, g.end, copy_rows, &g);
    }
    if (rc < 0) {
        return rc;
    }
    return g.rc == -EIO ? io_blame(shard->io, g.rc) : g.rc;
}
