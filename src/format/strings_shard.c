/* SPDX-License-Identifier: Apache-2.0 */
/* The derived shard of strings: its runs, what is known of each, and the walk over its elements. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "format/strings.h"
#include "format/strings_index.h"

enum { RUN_UNKNOWN, RUN_BEING_READ, RUN_GOOD, RUN_DAMAGED };

struct strings_block {
    struct strings_run run;
    atomic_int state;
    struct strings_index index; /* const once RUN_GOOD */
};

struct strings {
    uint32_t count;
    struct strings_block blocks[];
};

/* Guards the states of all runs: held for a moment before and after a run is read. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t was_read = PTHREAD_COND_INITIALIZER;

static errint read_through(struct shard *s, uint64_t off, size_t len, void *buf)
{
    return shard_read(s->base, off, len, buf);
}

static void close_strings(struct shard *s)
{
    struct strings *all = s->state;
    for (uint32_t i = 0; all && i < all->count; i++) {
        strings_index_fini(&all->blocks[i].index);
    }
    free(all);
}

static const struct shard_derive indexing = {.read = read_through, .close = close_strings};

errint strings_shard(struct shard *base, const struct strings_run *runs, uint32_t count, struct shard *out)
{
    struct strings *all = calloc(1, sizeof(*all) + (size_t)count * sizeof(all->blocks[0]));
    if (!all) {
        return -ENOMEM;
    }
    all->count = count;
    for (uint32_t i = 0; i < count; i++) {
        all->blocks[i].run = runs[i];
    }
    *out = (struct shard){
        .path = base->path,
        .number = base->number,
        .fd = -1,
        .base = base,
        .derive = &indexing,
        .state = all,
    };
    return 0;
}

/* The run that has the number; there is at least one, and the first begins at 0. */
static struct strings_block *block_at(const struct shard *s, uint64_t number)
{
    struct strings *all = s->state;
    uint32_t low = 0;
    uint32_t high = all->count;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (all->blocks[mid].run.first <= number) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return &all->blocks[low];
}

const struct strings_run *strings_run_at(const struct shard *s, uint64_t number)
{
    return s->derive == &indexing ? &block_at(s, number)->run : NULL;
}

static errint read_block(struct shard *base, struct strings_block *b)
{
    uint32_t crc;
    errint rc = strings_index_make(base, &b->run, &b->index, &crc);
    if (rc == 0 && b->run.coding != STRINGS_LEGACY && crc != b->run.crc32c) {
        rc = -EBADMSG;
    }
    if (rc < 0) {
        strings_index_fini(&b->index);
    }
    return rc;
}

/* One thread reads the run, the others wait for it. */
static errint need_block(struct shard *s, struct strings_block *b)
{
    int state = atomic_load_explicit(&b->state, memory_order_acquire);
    if (state == RUN_GOOD) {
        return 0;
    }
    errint rc = 0;
    pthread_mutex_lock(&lock);
    while (atomic_load(&b->state) == RUN_BEING_READ) {
        pthread_cond_wait(&was_read, &lock);
    }
    state = atomic_load(&b->state);
    if (state == RUN_UNKNOWN) {
        atomic_store(&b->state, RUN_BEING_READ);
        pthread_mutex_unlock(&lock);
        rc = read_block(s->base, b);
        pthread_mutex_lock(&lock);
        state = rc == 0 ? RUN_GOOD : rc == -EBADMSG ? RUN_DAMAGED : RUN_UNKNOWN;
        atomic_store_explicit(&b->state, state, memory_order_release);
        pthread_cond_broadcast(&was_read);
    }
    pthread_mutex_unlock(&lock);
    return state == RUN_DAMAGED ? -EBADMSG : rc;
}

errint strings_need(struct shard *s, uint64_t number)
{
    if (s->derive != &indexing) {
        return -EINVAL;
    }
    return need_block(s, block_at(s, number));
}

/* To the mark at or before `element`. */
static void go_to_mark(struct strings_walk *w, const struct strings_block *b, uint64_t element)
{
    const struct strings_mark *mark = &b->index.marks[element / STRINGS_STEP];
    w->next = element - element % STRINGS_STEP;
    if (b->run.coding == STRINGS_LEGACY) {
        w->place = b->index.spots[mark->base];
        w->place.tensor.off = mark->at;
    } else {
        w->lengths = (struct wire_window){mark->at, b->run.off + b->run.bytes, 0};
        w->bytes = b->index.bytes + mark->base;
    }
}

errint strings_walk_to(struct strings_walk *w, struct shard *s, uint64_t number)
{
    if (s->derive != &indexing) {
        return -EINVAL;
    }
    struct strings_block *b = block_at(s, number);
    errint rc = need_block(s, b);
    if (rc < 0) {
        return rc;
    }
    uint64_t element = number - b->run.first;
    if (element >= b->run.elements) {
        return -EBADMSG;
    }
    if (w->block != b) {
        strings_wire(&w->wire, s->base, &b->run);
    }
    if (w->block != b || element < w->next || element - w->next >= STRINGS_STEP) {
        go_to_mark(w, b, element);
    }
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
    if (run->coding == STRINGS_LEGACY) {
        int got = legacy_place_next(&w->wire, &w->place, STRINGS_FIELD, WIRE_BYTES);
        rc = got > 0 ? 0 : got < 0 ? got : -EBADMSG;
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
