/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/faults.h"

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/thread.h"
#include "bytes/checked.h"
#include "files/content.h"

enum { STOP_SECONDS = 2 };

struct faults {
    const struct view *view;
    struct fuse_session *session;
    atomic_uint_fast64_t *logged; /* owns; a bit per file */
    atomic_bool *seen;            /* owns; per shard: known to have failed */
    bool *cleared;                /* owns; per shard, under lock: its files were invalidated */
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

errint faults_open(const struct view *v, struct faults **out)
{
    *out = NULL;
    struct faults *f = calloc(1, sizeof(*f));
    if (!f) {
        return -ENOMEM;
    }
    f->view = v;
    f->logged = calloc(content_files(v) / 64 + 1, sizeof(*f->logged));
    f->seen = calloc(file_total(v) + 1, sizeof(*f->seen));
    f->cleared = calloc(file_total(v) + 1, sizeof(*f->cleared));
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (!f->logged || !f->seen || !f->cleared) {
        faults_close(f);
        return -ENOMEM;
    }
    *out = f;
    return 0;
}

void faults_close(struct faults *f)
{
    if (f) {
        pthread_cond_destroy(&f->changed);
        pthread_mutex_destroy(&f->lock);
        free(f->cleared);
        free(f->seen);
        free(f->logged);
        free(f);
    }
}

/* The number of the file behind a shard, of the checkpoint or beside it: what changes is a file. */
static uint32_t file_index(const struct faults *f, struct shard *shard)
{
    const struct view *v = f->view;
    const struct shard *file = shard_file(shard);
    bool beside =
        v->sidecars.count && file >= v->sidecars.files && file < v->sidecars.files + v->sidecars.count;
    return beside ? v->catalog->shard_count + (uint32_t)(file - v->sidecars.files)
                  : (uint32_t)(file - v->catalog->shards);
}

/* Whether bytes of `file` come from a file that `which` marks. */
static bool reads_from(const struct faults *f, uint32_t file, const bool *which)
{
    for (uint32_t i = 0;; i++) {
        struct shard *shard = content_shard(f->view, file, i);
        if (!shard) {
            return false;
        }
        if (which[file_index(f, shard)]) {
            return true;
        }
    }
}

static bool stopping(struct faults *f)
{
    pthread_mutex_lock(&f->lock);
    bool stop = f->stop;
    pthread_mutex_unlock(&f->lock);
    return stop;
}

static void invalidate(struct faults *f, const bool *which)
{
    for (uint32_t file = 0; file < content_files(f->view); file++) {
        if (file % 1024 == 0 && stopping(f)) {
            return;
        }
        if (reads_from(f, file, which)) {
            /* -ENOENT: the kernel has never heard of it. */
            int rc = fuse_lowlevel_notify_inval_inode(f->session, (fuse_ino_t)file + 1, 0, 0);
            if (rc < 0 && rc != -ENOENT) {
                log_debug("cannot invalidate cached pages of inode %u: %s", file + 1, strerror(-rc));
            }
        }
    }
}

/* Marks in `which` the shards that failed since the last call; false if there is none. f->lock is held. */
static bool take_pending(struct faults *f, bool *which)
{
    bool any = false;
    for (uint32_t i = 0; i < file_total(f->view); i++) {
        which[i] = atomic_load(&f->seen[i]) && !f->cleared[i];
        f->cleared[i] |= which[i];
        any |= which[i];
    }
    f->pending = false;
    return any;
}

static void *run(void *data)
{
    struct faults *f = data;
    bool *which = calloc(file_total(f->view) + 1, sizeof(*which));
    pthread_mutex_lock(&f->lock);
    while (which && !f->stop) {
        if (!f->pending) {
            pthread_cond_wait(&f->changed, &f->lock);
        } else if (take_pending(f, which)) {
            pthread_mutex_unlock(&f->lock);
            invalidate(f, which);
            pthread_mutex_lock(&f->lock);
        }
    }
    pthread_mutex_unlock(&f->lock);
    free(which);
    return NULL;
}

errint faults_start(struct faults *f, struct fuse_session *session)
{
    f->session = session;
    errint rc = thread_start(&f->thread, run, f);
    f->started = rc == 0;
    return rc;
}

bool faults_stop(struct faults *f)
{
    if (!f->started) {
        return true;
    }
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
    const struct timespec until = thread_until(STOP_SECONDS * 1000);
    f->started = pthread_timedjoin_np(f->thread, NULL, &until) != 0;
    return !f->started;
}

/* Tells the thread of a shard that failed; true the first time. */
static void note_shard(struct faults *f, struct shard *shard)
{
    uint32_t i = file_index(f, shard);
    if (!atomic_load(&shard->failed) || atomic_exchange(&f->seen[i], true)) {
        return;
    }
    CLEANUP_BUF struct buf path = {0};
    buf_visible(&path, str_from(shard->path));
    log_error("%s: changed since it was mounted, all reads from it fail from now on", buf_view(&path).ptr);
    pthread_mutex_lock(&f->lock);
    f->pending = true;
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

/* A line for each tensor that -o verify has found damaged. */
static void tell_damage(const struct faults *f)
{
    struct checked *checked = f->view->catalog->checked;
    CLEANUP_BUF struct buf text = {0};
    while (checked && checked_news(checked, &text)) {
        log_error("%s: all reads of it fail", buf_view(&text).ptr);
        text.len = 0;
    }
}

static const char *cause_of(const struct shard *failed, errint rc)
{
    return failed && rc != -ERANGE ? "its data file changed"
           : rc == -EIO            ? "its data file cannot be read"
                                   : render_why(rc);
}

void faults_read_failed(struct faults *f, uint32_t file, uint64_t off, errint rc)
{
    const struct shard *failed = NULL;
    struct shard *shard;
    for (uint32_t i = 0; (shard = content_shard(f->view, file, i)) != NULL; i++) {
        shard = shard_file(shard);
        note_shard(f, shard);
        failed = atomic_load(&shard->failed) ? shard : failed;
    }
    tell_damage(f);
    if (rc == -EUCLEAN || (failed && content_kind(f->view, file) == NODE_SIDECAR)) {
        return; /* its tensor was told of, now or before; or the very file */
    }
    uint64_t bit = (uint64_t)1 << (file % 64);
    if (atomic_fetch_or(&f->logged[file / 64], bit) & bit) {
        return;
    }
    CLEANUP_BUF struct buf path = {0};
    CLEANUP_BUF struct buf text = {0};
    content_path(f->view, file, &path);
    buf_visible(&text, buf_view(&path));
    const char *fault = content_fault(f->view, content_kind(f->view, file));
    log_error("%s: read at byte %llu failed: %s", buf_view(&text).ptr, (unsigned long long)off,
              fault ? fault : cause_of(failed, rc));
}
