/* SPDX-License-Identifier: Apache-2.0 */
#include "format/sstable_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cell.h"
#include "base/cleanup.h"

struct cached {
    struct sstable_cache *cache;
    struct sstable_handle handle;
    uint64_t bytes; /* unpacked */
    struct cell unpacked;
    char *plain;          /* owns; NULL if it is not kept */
    unsigned users;       /* that copy from it */
    struct cached *newer; /* in the order of use, if it is kept */
    struct cached *older;
};

struct sstable_cache {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* a block is not used any more, or was given up */
    struct sstable_cache_stats stats;
    struct cached *newest;
    struct cached *oldest;
};

struct sstable_cache *sstable_cache_new(uint64_t most)
{
    struct sstable_cache *c = calloc(1, sizeof(*c));
    if (c) {
        pthread_mutex_init(&c->lock, NULL);
        pthread_cond_init(&c->moved, NULL);
        c->stats.most = most;
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

static void drop(struct sstable_cache *c, struct cached *b)
{
    unlink_block(c, b);
    free(STEAL(b->plain));
    c->stats.bytes -= b->bytes;
    cell_empty(&b->unpacked);
}

void sstable_cache_free(struct sstable_cache *c)
{
    if (c) {
        while (c->oldest) {
            drop(c, c->oldest);
        }
        pthread_cond_destroy(&c->moved);
        pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

/* Room for `bytes` more; waits for blocks that are in use. */
static errint make_room(struct sstable_cache *c, uint64_t bytes)
{
    errint rc = bytes > c->stats.most ? -ENOMEM : 0;
    pthread_mutex_lock(&c->lock);
    while (rc == 0 && c->stats.bytes + bytes > c->stats.most) {
        struct cached *b = c->oldest;
        while (b && b->users) {
            b = b->newer;
        }
        if (b) {
            drop(c, b);
            c->stats.evicted++;
        } else {
            rc = cell_wait(&c->moved, &c->lock);
        }
    }
    c->stats.bytes += rc == 0 ? bytes : 0;
    pthread_mutex_unlock(&c->lock);
    return rc;
}

static errint unpack(struct shard *s, struct cached *b, char **plain)
{
    size_t len = (size_t)b->handle.bytes + SSTABLE_TRAILER;
    CLEANUP_FREE char *stored = malloc(len);
    if (!stored) {
        return -ENOMEM;
    }
    errint rc = shard_read(s->base, b->handle.off, len, stored);
    if (rc < 0) {
        return rc;
    }
    const struct sstable_source src = {-1, 0, s->path, NULL};
    struct str content;
    size_t cap = 0;
    rc = sstable_unpack(&src, b->handle, stored, plain, &cap, &content);
    return rc < 0 ? rc : content.len == b->bytes && content.ptr == *plain ? 0 : -EBADMSG;
}

struct loading {
    struct shard *shard;
    bool loaded; /* by this thread, which has a use of it then: it must not go before it was read from once */
};

static errint load(void *context)
{
    struct loading *l = context;
    struct cached *b = l->shard->state;
    struct sstable_cache *c = b->cache;
    errint rc = make_room(c, b->bytes);
    if (rc < 0) {
        return rc;
    }
    char *plain = NULL;
    rc = unpack(l->shard, b, &plain);
    l->loaded = rc == 0;
    pthread_mutex_lock(&c->lock);
    c->stats.misses++;
    if (l->loaded) {
        b->plain = plain;
        b->users = 1;
        link_newest(c, b);
    } else {
        free(plain);
        c->stats.bytes -= b->bytes;
        pthread_cond_broadcast(&c->moved);
    }
    pthread_mutex_unlock(&c->lock);
    return rc == -EOVERFLOW ? -EBADMSG : rc;
}

/* Have the block unpacked, with a use of it. */
static errint acquire(struct shard *s)
{
    struct cached *b = s->state;
    struct sstable_cache *c = b->cache;
    for (;;) {
        struct loading l = {s, false};
        errint rc = cell_need(&b->unpacked, load, &l);
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

static void release(struct cached *b)
{
    struct sstable_cache *c = b->cache;
    pthread_mutex_lock(&c->lock);
    if (--b->users == 0) {
        pthread_cond_broadcast(&c->moved);
    }
    pthread_mutex_unlock(&c->lock);
}

static errint read_block(struct shard *s, uint64_t off, size_t len, void *buf)
{
    struct cached *b = s->state;
    if (off > b->bytes || len > b->bytes - off) {
        return -EIO;
    }
    errint rc = acquire(s);
    if (rc < 0) {
        return rc;
    }
    if (len) {
        memcpy(buf, b->plain + off, len);
    }
    release(b);
    return atomic_load(&shard_file(s)->failed) ? -EIO : 0;
}

/* The block is kept in any case: whoever asks reads it next. */
static errint check_block(struct shard *s, bool keep)
{
    (void)keep;
    return read_block(s, 0, 0, NULL);
}

static uint64_t origin_of(const struct shard *s, uint64_t off)
{
    (void)off;
    return ((const struct cached *)s->state)->handle.off;
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

static const struct shard_derive unpacking = {.read = read_block, .check = check_block, .origin = origin_of};

errint sstable_cache_shard(struct sstable_cache *c, struct shard *base, struct sstable_handle h,
                           uint64_t bytes, struct arena *a, struct shard *out)
{
    struct cached *b = ARENA_NEW(a, struct cached);
    if (!b) {
        return -ENOMEM;
    }
    *b = (struct cached){.cache = c, .handle = h, .bytes = bytes};
    *out = (struct shard){
        .path = base->path,
        .number = base->number,
        .fd = -1,
        .base = base,
        .derive = &unpacking,
        .state = b,
    };
    return 0;
}
