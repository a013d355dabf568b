/* SPDX-License-Identifier: Apache-2.0 */
/* The derived io of strings: its runs, what is known of each, and the walk over its elements. */
#include <stdlib.h>

#include "base/lower_bound.h"
#include "base/once.h"
#include "source/tf/strings.h"
#include "source/tf/strings_index.h"

struct strings_block {
    struct strings_run run;
    struct once once;
    atomic_uint found_in; /* the doubt in which the run was found to be right */
    bool complete;        /* it was filled once: the index does not change any more */
    struct strings_index index;
};

struct strings {
    struct io io;
    uint32_t count;
    struct strings_block blocks[];
};

static errint read_through(struct io *io, struct once_waiter *w, uint64_t off, size_t len,
                           void *buf)
{
    return io_read(io->base, w, off, len, buf);
}

static void close_strings(struct io *io)
{
    struct strings *all = (struct strings *)io;
    for (uint32_t i = 0; i < all->count; i++) {
        strings_index_fini(&all->blocks[i].index);
    }
    free(all);
}

/* The run that has the number; there is at least one, and the first begins at 0. */
static struct strings_block *block_at(const struct io *io, uint64_t number)
{
    struct strings *all = (struct strings *)(uintptr_t)io;
    uint32_t after = LOWER_BOUND(i, 1, all->count, all->blocks[i].run.first <= number);
    return &all->blocks[after - 1];
}

struct reading {
    struct io *base;
    struct once_waiter *waiter;
    struct strings_block *block;
};

static errint compare_sum(errint rc, const struct strings_run *run, uint32_t crc)
{
    return rc == 0 && run->coding != STRINGS_TF_V1 && crc != run->crc32c ? -EBADMSG : rc;
}

/* Whether the run is as it was when its index was made. A bundle's index follows from what the
 * checksum is over. */
static errint check_again(struct io *base, struct once_waiter *w, const struct strings_block *b)
{
    struct strings_index now = {0};
    uint32_t crc;
    bool tf_v1 = b->run.coding == STRINGS_TF_V1;
    errint rc = tf_v1 ? strings_index_make(base, w, &b->run, &now, &crc)
                      : strings_check(base, w, &b->run, &crc);
    rc = compare_sum(rc, &b->run, crc);
    if (rc == 0 && tf_v1 && !strings_index_same(&now, &b->index)) {
        rc = -EBADMSG;
    }
    strings_index_fini(&now);
    return rc;
}

static errint read_first(struct io *base, struct once_waiter *w, struct strings_block *b)
{
    uint32_t crc;
    errint rc = strings_index_make(base, w, &b->run, &b->index, &crc);
    rc = compare_sum(rc, &b->run, crc);
    if (rc < 0) {
        strings_index_fini(&b->index);
    }
    return rc;
}

static errint read_block(void *context)
{
    const struct reading *r = context;
    struct strings_block *b = r->block;
    uint32_t doubt = io_doubt(r->base);
    errint rc =
        b->complete ? check_again(r->base, r->waiter, b) : read_first(r->base, r->waiter, b);
    if (io_doubt(r->base) != doubt && rc != -ENOMEM && rc != -EINTR) {
        if (!b->complete) {
            strings_index_fini(&b->index);
        }
        return -ESTALE;
    }
    if (rc == 0) {
        b->complete = true;
        atomic_store(&b->found_in, doubt);
    }
    return rc;
}

/* What was found out about the run holds. */
static bool is_current(const struct io *io, const struct strings_block *b)
{
    return atomic_load(&b->found_in) == io_doubt(io);
}

static errint need_block(struct io *io, struct once_waiter *w, struct strings_block *b)
{
    struct reading r = {io->base, w, b};
    if (once_state(&b->once) == ONCE_FULL && !is_current(io, b)) {
        once_again(&b->once);
    }
    return once_need(&b->once, w, read_block, &r);
}

static errint check_block(struct io *io, struct once_waiter *w, struct strings_block *b)
{
    uint32_t crc;
    enum once_state state = once_state(&b->once);
    if (state == ONCE_BAD || (state == ONCE_FULL && is_current(io, b))) {
        return state == ONCE_BAD ? -EBADMSG : 0;
    }
    errint rc = strings_check(io->base, w, &b->run, &crc);
    return compare_sum(rc, &b->run, crc);
}

static errint check_strings(struct io *io, struct once_waiter *w, bool keep)
{
    struct strings *all = (struct strings *)io;
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < all->count; i++) {
        rc = keep ? need_block(io, w, &all->blocks[i]) : check_block(io, w, &all->blocks[i]);
    }
    return rc;
}

static uint64_t origin_of(const struct io *io, uint64_t number)
{
    return block_at(io, number)->run.off;
}

static const struct io_ops strings_ops = {
    .read = read_through, .check = check_strings, .origin = origin_of, .close = close_strings};

errint strings_io(struct io *base, const struct strings_run *runs, uint32_t count, struct io **out)
{
    struct strings *all = calloc(1, sizeof(*all) + (size_t)count * sizeof(all->blocks[0]));
    *out = NULL;
    if (!all) {
        return -ENOMEM;
    }
    all->io.ops = &strings_ops;
    all->io.base = base;
    all->count = count;
    for (uint32_t i = 0; i < count; i++) {
        all->blocks[i].run = runs[i];
    }
    *out = &all->io;
    return 0;
}

const struct strings_run *strings_run_at(const struct io *io, uint64_t number)
{
    return io->ops == &strings_ops ? &block_at(io, number)->run : NULL;
}

void strings_count(const struct io *io, struct strings_counts *counts)
{
    const struct strings *all = io->ops == &strings_ops ? (const struct strings *)io : NULL;
    for (uint32_t i = 0; all && i < all->count; i++) {
        const struct strings_block *b = &all->blocks[i];
        enum once_state state = once_state(&b->once);
        counts->damaged += state == ONCE_BAD;
        if (state == ONCE_FULL) {
            counts->sized++;
            counts->bytes += b->index.mark_cap * sizeof(*b->index.marks) +
                             b->index.spot_cap * sizeof(*b->index.spots);
        }
    }
}

errint strings_need(struct io *io, struct once_waiter *w, uint64_t number)
{
    if (io->ops != &strings_ops) {
        return -EINVAL;
    }
    return need_block(io, w, block_at(io, number));
}

/* To the mark at or before `element`. */
static void go_to_mark(struct strings_walk *w, const struct strings_block *b, uint64_t element)
{
    const struct strings_mark *mark = &b->index.marks[element / STRINGS_STEP];
    w->next = element - element % STRINGS_STEP;
    if (b->run.coding == STRINGS_TF_V1) {
        w->place = b->index.spots[mark->base];
        w->place.tensor.off = mark->at;
    } else {
        w->lengths = (struct wire_window){mark->at, b->run.off + b->run.bytes, 0};
        w->bytes = b->index.bytes + mark->base;
    }
}

errint strings_walk_to(struct strings_walk *w, struct io *io, struct once_waiter *waiter,
                       uint64_t number)
{
    if (io->ops != &strings_ops) {
        return -EINVAL;
    }
    struct strings_block *b = block_at(io, number);
    errint rc = need_block(io, waiter, b);
    if (rc < 0) {
        return rc;
    }
    uint64_t element = number - b->run.first;
    if (element >= b->run.elements) {
        return -EBADMSG;
    }
    if (w->block != b) {
        strings_wire(&w->wire, io->base, &b->run);
    }
    if (w->block != b || element < w->next || element - w->next >= STRINGS_STEP) {
        go_to_mark(w, b, element);
    }
    w->wire.waiter = waiter;
    w->block = b;
    while (rc == 0 && w->next < element) {
        uint64_t off;
        uint64_t len;
        uint64_t end;
        rc = strings_walk_next(w, &off, &len, &end);
    }
    return rc;
}

/* The bytes were good when the run was read, but they are read again: nothing is taken on trust. */
errint strings_walk_next(struct strings_walk *w, uint64_t *off, uint64_t *len, uint64_t *end)
{
    const struct strings_run *run = &w->block->run;
    *end = run->off + run->bytes;
    if (w->next >= run->elements) {
        return -EBADMSG;
    }
    errint rc = 0;
    if (run->coding == STRINGS_TF_V1) {
        int got = record_place_next(&w->wire, &w->place, STRINGS_FIELD, WIRE_BYTES);
        if (got <= 0) {
            rc = got < 0 ? got : -EBADMSG;
        }
        *off = w->place.chunk.off;
        *len = wire_len(w->place.chunk);
    } else {
        rc = wire_varint(&w->wire, &w->lengths, len);
        *off = w->bytes;
        rc = rc == 0 && *len > *end - w->bytes ? -EBADMSG : rc;
        w->bytes += rc == 0 ? *len : 0;
    }
    if (rc < 0) {
        w->block = NULL; /* wherever it is, it must not go on from there */
        return rc == -EOVERFLOW ? -EBADMSG : rc;
    }
    w->next++;
    return 0;
}
