/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/kernel_cache.h"

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/thread.h"
#include "view/content.h"

enum { STOP_SECONDS = 2 };

struct kernel_cache {
    const struct view *view;
    struct fuse_session *session;
    atomic_uint *seen; /* owns; per shard: the change that is known, as change_of has it */
    bool *which;       /* owns; per shard: what the thread is at */
    uint32_t *cleared; /* owns; per shard, under lock: the change after which its files were
                          invalidated */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool pending; /* some shard was seen and not cleared */
    bool stop;
    bool started;
    pthread_t thread;
};

/* Files that may fail: those of the checkpoint, and those beside it. */
static size_t file_total(const struct view *v)
{
    return (size_t)v->catalog->shard_count + v->sidecars.count;
}

errint kernel_cache_open(const struct view *v, struct kernel_cache **out)
{
    *out = NULL;
    struct kernel_cache *k = calloc(1, sizeof(*k));
    if (!k) {
        return -ENOMEM;
    }
    k->view = v;
    k->seen = calloc(file_total(v) + 1, sizeof(*k->seen));
    k->cleared = calloc(file_total(v) + 1, sizeof(*k->cleared));
    k->which = calloc(file_total(v) + 1, sizeof(*k->which));
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, NULL);
    if (!k->seen || !k->cleared || !k->which) {
        kernel_cache_close(k);
        return -ENOMEM;
    }
    *out = k;
    return 0;
}

void kernel_cache_close(struct kernel_cache *k)
{
    if (k) {
        pthread_cond_destroy(&k->changed);
        pthread_mutex_destroy(&k->lock);
        free(k->cleared);
        free(k->which);
        free(k->seen);
        free(k);
    }
}

/* The number of the file behind a shard, of the checkpoint or beside it: what changes is a file. */
static uint32_t file_index(const struct kernel_cache *k, struct shard *shard)
{
    const struct view *v = k->view;
    const struct shard *file = shard_file(shard);
    bool beside = v->sidecars.count && file >= v->sidecars.files &&
                  file < v->sidecars.files + v->sidecars.count;
    return beside ? v->catalog->shard_count + (uint32_t)(file - v->sidecars.files)
                  : (uint32_t)(file - v->catalog->shards);
}

struct looking {
    const struct kernel_cache *cache;
    const bool *which;
    bool found;
};

static void look_at(void *context, struct shard *shard)
{
    struct looking *l = context;
    l->found |= l->which[file_index(l->cache, shard)];
}

/* Whether bytes of `file` come from a file that `which` marks. */
static bool reads_from(const struct kernel_cache *k, uint32_t file, const bool *which)
{
    struct looking l = {k, which, false};
    content_shards(k->view, file, look_at, &l);
    return l.found;
}

static bool is_stopping(struct kernel_cache *k)
{
    pthread_mutex_lock(&k->lock);
    bool stop = k->stop;
    pthread_mutex_unlock(&k->lock);
    return stop;
}

static void invalidate(struct kernel_cache *k, const bool *which)
{
    for (uint32_t file = 0; file < content_files(k->view); file++) {
        if (file % 1024 == 0 && is_stopping(k)) {
            return;
        }
        if (reads_from(k, file, which)) {
            /* -ENOENT: the kernel has never heard of it. */
            int rc = fuse_lowlevel_notify_inval_inode(k->session, (fuse_ino_t)file + 1, 0, 0);
            if (rc < 0 && rc != -ENOENT) {
                log_debug("cannot invalidate cached pages of inode %u: %s", file + 1,
                          strerror(-rc));
            }
        }
    }
}

/* Marks in `which` the shards that changed since the last call; false if there is none. k->lock is
 * held. */
static bool take_pending(struct kernel_cache *k, bool *which)
{
    bool any = false;
    for (uint32_t i = 0; i < file_total(k->view); i++) {
        uint32_t seen = atomic_load(&k->seen[i]);
        which[i] = seen != k->cleared[i];
        k->cleared[i] = seen;
        any |= which[i];
    }
    k->pending = false;
    return any;
}

static void *drop_pages(void *data)
{
    struct kernel_cache *k = data;
    pthread_mutex_lock(&k->lock);
    while (!k->stop) {
        if (!k->pending) {
            pthread_cond_wait(&k->changed, &k->lock);
        } else if (take_pending(k, k->which)) {
            pthread_mutex_unlock(&k->lock);
            invalidate(k, k->which);
            pthread_mutex_lock(&k->lock);
        }
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

errint kernel_cache_start(struct kernel_cache *k, struct fuse_session *session)
{
    k->session = session;
    errint rc = thread_start(&k->thread, drop_pages, k);
    k->started = rc == 0;
    return rc;
}

bool kernel_cache_stop(struct kernel_cache *k)
{
    if (!k->started) {
        return true;
    }
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
    const struct timespec until = thread_until(STOP_SECONDS * 1000);
    k->started = pthread_timedjoin_np(k->thread, NULL, &until) != 0;
    return !k->started;
}

/* The number of the newest change of its content that was found: 0 if there was none, UINT32_MAX if
 * it has failed for good. */
static uint32_t change_of(struct shard *shard)
{
    const struct shard *file = shard_file(shard);
    return shard_failed(file) ? UINT32_MAX : atomic_load(&file->changed);
}

void kernel_cache_drop_changed(struct kernel_cache *k, struct shard *shard)
{
    atomic_uint *seen = &k->seen[file_index(k, shard)];
    uint32_t now = change_of(shard);
    uint32_t before = atomic_load(seen);
    do {
        if (now <= before) {
            return;
        }
    } while (!atomic_compare_exchange_weak(seen, &before, now));
    pthread_mutex_lock(&k->lock);
    k->pending = true;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
}
