/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/tf_sums.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/once.h"
#include "base/pages.h"
#include "base/thread.h"
#include "render/string_read.h"
#include "render/verified.h"
#include "source/source.h"

enum { BUFFER_BYTES = 256 << 10, THREADS_MOST = 16, JOIN_STEP_MS = 20 };

struct run {
    const struct catalog *catalog;
    struct tf_sum *sums;
    size_t count;
    atomic_size_t next;
    atomic_bool stop; /* one has failed, or nobody wants the result */
    pthread_mutex_t lock;
    errint rc;          /* of the first failure */
    struct cause cause; /* of it */
};

static void fail(struct run *r, errint rc)
{
    pthread_mutex_lock(&r->lock);
    if (r->rc == 0) {
        r->rc = rc;
        r->cause = cause_last();
    }
    pthread_mutex_unlock(&r->lock);
    atomic_store(&r->stop, true);
}

/* The next bytes of one of them, `len` at most; 0 at its end. */
static ssize_t read_some(const struct run *r, const struct tf_sum *s, uint64_t off, char *buf,
                         struct render_scratch *scratch)
{
    if (s->strings) {
        return string_read(r->catalog, s->target, STRING_JOINED, off, BUFFER_BYTES, buf, scratch);
    }
    if (!s->placed) {
        return render_read(r->catalog, s->target, off, BUFFER_BYTES, buf, scratch);
    }
    uint64_t len = s->bytes - off < BUFFER_BYTES ? s->bytes - off : BUFFER_BYTES;
    errint rc = len ? verified_read(r->catalog, &r->catalog->shards[s->shard], s->off + off,
                                    (size_t)len, buf)
                    : 0;
    return rc < 0 ? rc : (ssize_t)len;
}

/* Takes one after the other until there are no more. The calling thread asks whether its request is
 * still wanted. */
static void work(struct run *r, bool caller)
{
    CLEANUP_FREE char *buf = pages_alloc(BUFFER_BYTES);
    struct render_scratch scratch = {0};
    if (!buf) {
        fail(r, -ENOMEM);
    }
    size_t i;
    while (!atomic_load(&r->stop) && (i = atomic_fetch_add(&r->next, 1)) < r->count) {
        struct tf_sum *s = &r->sums[i];
        uint32_t crc = s->seed;
        uint64_t off = 0;
        /* A sum of damaged bytes would say that they are right. */
        ssize_t got =
            r->catalog->verified ? verified_ensure_target(r->catalog->verified, s->target) : 0;
        while (got >= 0 && !atomic_load(&r->stop) &&
               (got = read_some(r, s, off, buf, &scratch)) > 0) {
            crc = crc32c_extend(crc, buf, (size_t)got);
            off += (uint64_t)got;
            if (caller && once_interrupted()) {
                fail(r, -EINTR);
            }
        }
        if (got < 0) {
            fail(r, (errint)got);
        }
        s->crc32c = crc32c_mask(crc);
    }
    render_scratch_fini(&scratch);
}

static bool is_stopped(void *run)
{
    return atomic_load(&((const struct run *)run)->stop);
}

static void *help(void *run)
{
    const struct once_waiter waiter = {.interrupted = is_stopped, .context = run};
    once_wait_as(&waiter);
    work(run, false);
    once_wait_as(NULL);
    return NULL;
}

/* The calling thread has nothing left to do, but its request may still be given up. */
static void join(struct run *r, pthread_t helper)
{
    struct timespec until;
    do {
        if (!atomic_load(&r->stop) && once_interrupted()) {
            fail(r, -EINTR);
        }
        until = thread_until(JOIN_STEP_MS);
    } while (pthread_timedjoin_np(helper, NULL, &until) == ETIMEDOUT);
}

errint tf_sums_run(const struct catalog *c, struct tf_sum *sums, size_t count)
{
    struct run r = {.catalog = c, .sums = sums, .count = count};
    pthread_mutex_init(&r.lock, NULL);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = processors < 1              ? 1
                     : processors > THREADS_MOST ? THREADS_MOST
                                                 : (size_t)processors;
    threads = threads > count ? count : threads;
    size_t fit = source_readers(c); /* more would unpack each other's blocks anew for each buffer */
    threads = threads > fit ? fit : threads;
    pthread_t helpers[THREADS_MOST];
    size_t started = 0;
    while (started + 1 < threads && thread_start(&helpers[started], help, &r) == 0) {
        started++;
    }
    work(&r, true);
    while (started > 0) {
        join(&r, helpers[--started]);
    }
    pthread_mutex_destroy(&r.lock);
    if (r.rc < 0) { /* a helper may have met it */
        cause_clear();
        cause_note(r.cause);
    }
    return r.rc;
}
