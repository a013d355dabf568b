/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/sstable_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "base/once.h"
#include "base/pages.h"

struct cached {
    struct io io;
    struct sstable_cache *cache;
    struct sstable_stored stored;
    uint64_t bytes; /* unpacked */
    struct once unpacked;
    char *plain;          /* owns; NULL if it is not kept */
    unsigned users;       /* that copy from it */
    unsigned cut;         /* how often it was pushed out with less than half of it read */
    uint64_t given;       /* bytes that were read of it since it was unpacked */
    struct cached *newer; /* in the order of use, if it is kept */
    struct cached *older;
};

struct sstable_cache {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* a block is not used any more, or was given up */
    struct sstable_cache_stats stats;
    uint64_t first_most;
    uint64_t largest; /* block */
    struct cached *newest;
    struct cached *oldest;
};

struct sstable_cache *sstable_cache_new(uint64_t most)
{
    struct sstable_cache *c = calloc(1, sizeof(*c));
    if (c) {
        pthread_mutex_init(&c->lock, NULL);
        pthread_cond_init(&c->moved, NULL);
        c->stats.most = c->first_most = most;
    }
    return c;
}

static void unlink_block(struct sstable_cache *c, struct cached *b)
{
    *(b->newer ? &b->newer->older : &c->newest) = b->older;
    *(b->older ? &b->older->newer : &c->oldest) = b->newer;
    b->newer = b->older = NULL;
}

static void link_newest(struct sstable_cache *c, struct cached *b)
{
    b->newer = NULL;
    b->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = b;
    c->newest = b;
}

static void drop_block(struct sstable_cache *c, struct cached *b)
{
    unlink_block(c, b);
    pages_unmap(STEAL(b->plain), (size_t)b->bytes);
    c->stats.bytes -= b->bytes;
    once_empty(&b->unpacked);
}

void sstable_cache_free(struct sstable_cache *c)
{
    if (c) {
        while (c->oldest) {
            drop_block(c, c->oldest);
        }
        pthread_cond_destroy(&c->moved);
        pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

/* The oldest that is not in use goes; false if there is none. */
static bool push_out(struct sstable_cache *c)
{
    struct cached *b = c->oldest;
    while (b && b->users) {
        b = b->newer;
    }
    if (b) {
        b->cut += b->given < b->bytes / 2;
        drop_block(c, b);
        c->stats.evicted++;
    }
    return b;
}

/* Room for block `b`; waits for blocks that are in use. */
static errint make_room(struct sstable_cache *c, const struct cached *b,
                        const struct once_waiter *w)
{
    pthread_mutex_lock(&c->lock);
    if (b->cut >= SSTABLE_CACHE_CUT) {
        uint64_t left = c->first_most - c->stats.most;
        c->stats.most += b->bytes < left ? b->bytes : left;
    }
    errint rc = b->bytes > c->stats.most ? -ENOMEM : 0;
    while (rc == 0 && c->stats.bytes + b->bytes > c->stats.most) {
        rc = push_out(c) ? 0 : once_wait(w, &c->moved, &c->lock);
    }
    c->stats.bytes += rc == 0 ? b->bytes : 0;
    pthread_mutex_unlock(&c->lock);
    return rc;
}

void sstable_cache_shrink(struct sstable_cache *c, uint64_t most)
{
    if (c) {
        pthread_mutex_lock(&c->lock);
        most = most > c->largest ? most : c->largest;
        c->stats.most = most < c->stats.most ? most : c->stats.most;
        while (c->stats.bytes > c->stats.most && push_out(c)) {
        }
        pthread_mutex_unlock(&c->lock);
    }
}

size_t sstable_cache_readers(struct sstable_cache *c)
{
    size_t readers = SIZE_MAX;
    if (c) {
        pthread_mutex_lock(&c->lock);
        uint64_t fit = c->largest ? c->stats.most / c->largest : SIZE_MAX;
        readers = fit > 2 ? (size_t)fit - 1 : 1;
        pthread_mutex_unlock(&c->lock);
    }
    return readers;
}

/* *plain is for the caller in any case. */
static errint unpack_block(const struct cached *b, struct once_waiter *w, char **plain)
{
    size_t len = (size_t)b->stored.handle.bytes + SSTABLE_TRAILER;
    char *stored = pages_map(len);
    *plain = pages_map((size_t)b->bytes);
    errint rc =
        stored && *plain ? io_read(b->io.base, w, b->stored.handle.off, len, stored) : -ENOMEM;
    if (rc == 0) {
        rc = sstable_unpack(b->stored, stored, *plain, (size_t)b->bytes);
    }
    if (rc == -EBADMSG) {
        cause_note((struct cause){.kind = CAUSE_BLOCK,
                                  .rc = rc,
                                  .what = io_const_root(&b->io),
                                  .number = b->stored.handle.off});
    }
    pages_unmap(stored, len);
    return rc;
}

struct loading {
    struct cached *block;
    struct once_waiter *waiter;
    bool loaded; /* by this thread, which has a use of it then: it must not go before it was read
                    from once */
};

static errint load_block(void *context)
{
    struct loading *l = context;
    struct cached *b = l->block;
    struct sstable_cache *c = b->cache;
    errint rc = make_room(c, b, l->waiter);
    if (rc < 0) {
        return rc;
    }
    char *plain = NULL;
    rc = unpack_block(b, l->waiter, &plain);
    l->loaded = rc == 0;
    pthread_mutex_lock(&c->lock);
    c->stats.misses++;
    if (l->loaded) {
        b->plain = plain;
        b->users = 1;
        b->given = 0;
        link_newest(c, b);
    } else {
        pages_unmap(plain, (size_t)b->bytes);
        c->stats.bytes -= b->bytes;
        pthread_cond_broadcast(&c->moved);
    }
    pthread_mutex_unlock(&c->lock);
    return rc;
}

/* Have the block unpacked, with a use of it. */
static errint acquire_block(struct cached *b, struct once_waiter *w)
{
    struct sstable_cache *c = b->cache;
    for (;;) {
        struct loading l = {.block = b, .waiter = w};
        errint rc = once_need(&b->unpacked, w, load_block, &l);
        if (rc < 0 || l.loaded) {
            return rc;
        }
        pthread_mutex_lock(&c->lock);
        bool kept = b->plain; /* it may have gone since */
        if (kept) {
            unlink_block(c, b);
            link_newest(c, b);
            b->users++;
            c->stats.hits++;
        }
        pthread_mutex_unlock(&c->lock);
        if (kept) {
            return 0;
        }
    }
}

static void release_block(struct cached *b, size_t given)
{
    struct sstable_cache *c = b->cache;
    pthread_mutex_lock(&c->lock);
    b->given += given;
    if (--b->users == 0) {
        pthread_cond_broadcast(&c->moved);
    }
    pthread_mutex_unlock(&c->lock);
}

static errint read_block(struct io *io, struct once_waiter *w, uint64_t off, size_t len, void *buf)
{
    struct cached *b = (struct cached *)io;
    if (off > b->bytes || len > b->bytes - off) {
        return -EIO;
    }
    errint rc = acquire_block(b, w);
    if (rc < 0) {
        return rc;
    }
    if (len) {
        memcpy(buf, b->plain + off, len);
    }
    release_block(b, len);
    return io_failed(io) ? io_blame(io, -ESTALE) : 0;
}

/* The block is kept in any case: whoever asks reads it next. */
static errint check_block(struct io *io, struct once_waiter *w, bool keep)
{
    (void)keep;
    return read_block(io, w, 0, 0, NULL);
}

static uint64_t origin_of(const struct io *io, uint64_t off)
{
    (void)off;
    return ((const struct cached *)io)->stored.handle.off;
}

struct sstable_cache_stats sstable_cache_stats(struct sstable_cache *c)
{
    struct sstable_cache_stats stats = {0};
    if (c) {
        pthread_mutex_lock(&c->lock);
        stats = c->stats;
        pthread_mutex_unlock(&c->lock);
    }
    return stats;
}

static const struct io_ops block_ops = {
    .read = read_block, .check = check_block, .origin = origin_of};

errint sstable_cache_io(struct sstable_cache *c, struct io *base, struct sstable_stored block,
                        uint64_t bytes, struct arena *a, struct io **out)
{
    struct cached *b = ARENA_NEW(a, struct cached);
    *out = NULL;
    if (!b) {
        return -ENOMEM;
    }
    *b = (struct cached){
        .io = {.ops = &block_ops, .base = base}, .cache = c, .stored = block, .bytes = bytes};
    c->largest = bytes > c->largest ? bytes : c->largest;
    *out = &b->io;
    return 0;
}
