/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/pages.h"
#include "base/thread.h"

/* The largest request of the kernel: 256 pages. */
enum { BUF_BYTES = 2 << 20, BUF_ALIGNMENT = 2 << 20 };

enum {
    REQUEST_BYTES = (1 << 20) + 4096, /* what libfuse keeps for each thread to receive a request:
                                         the largest, and its head */
    READING_BYTES = 8 << 20,          /* what a read may have at the same time */
};

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static int key_error;

static void fini(void *data)
{
    struct worker *w = data;
    reader_fini(&w->reader);
    free(w->buf);
    free(w);
}

static void make_key(void)
{
    key_error = pthread_key_create(&key, fini);
}

static struct worker *make_worker(const struct view *v)
{
    struct worker *w = calloc(1, sizeof(*w));
    if (w && pthread_setspecific(key, w) != 0) {
        free(w);
        return NULL;
    }
    if (w) {
        w->reader = view_reader(v);
    }
    return w;
}

struct worker *worker_self(const struct view *v, struct once_waiter *waiter, size_t need)
{
    pthread_once(&key_once, make_key);
    struct worker *w = key_error ? NULL : pthread_getspecific(key);
    if (!w && (key_error || !(w = make_worker(v)))) {
        return NULL;
    }
    if (!w->buf || w->cap < need) {
        size_t cap = need < BUF_BYTES ? BUF_BYTES : need;
        free(w->buf);
        w->cap = 0;
        w->buf = NULL;
        void *buf = NULL;
        if (posix_memalign(&buf, BUF_ALIGNMENT, cap) != 0) {
            return NULL;
        }
        /* One huge page costs one fault and one look-up where small ones cost 256 for each
         * request. */
        madvise(buf, cap, MADV_HUGEPAGE);
        w->buf = buf;
        w->cap = cap;
    }
    w->reader.waiter = waiter;
    return w;
}

/* ---- whether they can be there --------------------------------------------------------------- */

struct trial {
    const struct view *view;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned tried; /* threads that know whether they could work */
    unsigned able;
    bool end; /* all that were started have tried */
};

static void *try_one(void *data)
{
    struct trial *t = data;
    void *request = malloc(REQUEST_BYTES);
    void *reading = pages_map(READING_BYTES);
    bool able = worker_self(t->view, NULL, 0) && request && reading;
    pthread_mutex_lock(&t->lock);
    t->tried++;
    t->able += able;
    pthread_cond_broadcast(&t->changed);
    while (!t->end) {
        pthread_cond_wait(&t->changed, &t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    pages_unmap(reading, READING_BYTES);
    free(request);
    return NULL;
}

unsigned worker_try(const struct view *v, unsigned count)
{
    struct trial t = {
        .view = v, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    enum { OTHERS = 2 }; /* threads beside them: deferred.h, and kernel_cache.h */
    pthread_t threads[WORKERS_MOST + OTHERS];
    unsigned started = 0;
    count = (count < WORKERS_MOST ? count : WORKERS_MOST) + OTHERS;
    while (started < count && thread_start(&threads[started], try_one, &t) == 0) {
        started++;
    }
    pthread_mutex_lock(&t.lock);
    while (t.tried < started) {
        pthread_cond_wait(&t.changed, &t.lock);
    }
    t.end = true;
    pthread_cond_broadcast(&t.changed);
    pthread_mutex_unlock(&t.lock);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    return t.able > OTHERS ? t.able - OTHERS : 0;
}
