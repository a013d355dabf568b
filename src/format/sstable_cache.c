/* SPDX-License-Identifier: Apache-2.0 */
#include "format/sstable_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"

struct cached {
    struct sstable_cache *cache;
    struct sstable_handle handle;
    uint64_t bytes; /* unpacked */
    char *plain;    /* owns; NULL if it is not kept */
    size_t cap;
    unsigned users; /* that copy from it */
    bool loading;
    bool damaged;
    struct cached *newer; /* in the order of use, if it is kept */
    struct cached *older;
};

struct sstable_cache {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* a block was loaded or is not used any more */
    uint64_t total;       /* bytes kept or being unpacked */
    struct cached *newest;
    struct cached *oldest;
};

struct sstable_cache *sstable_cache_new(void)
{
    struct sstable_cache *c = calloc(1, sizeof(*c));
    if (c) {
        pthread_mutex_init(&c->lock, NULL);
        pthread_cond_init(&c->moved, NULL);
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
    free(b->plain);
    b->plain = NULL;
    b->cap = 0;
    c->total -= b->bytes;
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

/* Room for `bytes` more; waits for blocks that are in use. The lock is held. */
static void make_room(struct sstable_cache *c, uint64_t bytes)
{
    while (c->total + bytes > SSTABLE_CACHE_MOST) {
        struct cached *b = c->oldest;
        while (b && b->users) {
            b = b->newer;
        }
        if (b) {
            drop(c, b);
        } else {
            pthread_cond_wait(&c->moved, &c->lock);
        }
    }
    c->total += bytes;
}

static errint unpack(struct shard *s, struct cached *b)
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
    struct str plain;
    rc = sstable_unpack(&src, b->handle, stored, &b->plain, &b->cap, &plain);
    return rc < 0 ? rc : plain.len == b->bytes && plain.ptr == b->plain ? 0 : -EBADMSG;
}

/* The lock is held, but not while the block is unpacked. */
static errint load(struct shard *s, struct cached *b)
{
    struct sstable_cache *c = b->cache;
    b->loading = true;
    make_room(c, b->bytes);
    pthread_mutex_unlock(&c->lock);
    errint rc = unpack(s, b);
    pthread_mutex_lock(&c->lock);
    b->loading = false;
    if (rc == 0) {
        link_newest(c, b);
    } else {
        free(STEAL(b->plain));
        b->cap = 0;
        c->total -= b->bytes;
        rc = rc == -EOVERFLOW ? -EBADMSG : rc;
        b->damaged = rc == -EBADMSG;
    }
    pthread_cond_broadcast(&c->moved);
    return rc;
}

static errint read_block(struct shard *s, uint64_t off, size_t len, void *buf)
{
    struct cached *b = s->state;
    struct sstable_cache *c = b->cache;
    if (off > b->bytes || len > b->bytes - off) {
        return -EIO;
    }
    pthread_mutex_lock(&c->lock);
    while (b->loading) {
        pthread_cond_wait(&c->moved, &c->lock);
    }
    errint rc = b->damaged ? -EBADMSG : b->plain ? 0 : load(s, b);
    if (rc < 0) {
        pthread_mutex_unlock(&c->lock);
        return rc;
    }
    unlink_block(c, b);
    link_newest(c, b);
    b->users++;
    pthread_mutex_unlock(&c->lock);
    if (len) {
        memcpy(buf, b->plain + off, len);
    }
    pthread_mutex_lock(&c->lock);
    if (--b->users == 0) {
        pthread_cond_broadcast(&c->moved);
    }
    pthread_mutex_unlock(&c->lock);
    return atomic_load(&shard_file(s)->failed) ? -EIO : 0;
}

static const struct shard_derive unpacking = {.read = read_block};

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
