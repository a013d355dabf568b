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
    struct verified *verified; /* NULL: nothing is verified */
    struct tf_sum *sums;
    size_t count;
    atomic_size_t next;
    atomic_bool stop; /* one has failed, or the result is not wanted any more */
    pthread_mutex_t lock;
    errint rc;          /* of the first failure */
    struct cause cause; /* of it */
};

static void fail_run(struct run *r, errint rc)
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
static ssize_t read_some(struct reader *r, const struct tf_sum *s, uint64_t off, char *buf)
{
    if (s->strings) {
        return string_read(r, s->target, STRING_JOINED, off, BUFFER_BYTES, buf);
    }
    if (!s->placed) {
        return render_read(r, s->target, off, BUFFER_BYTES, buf);
    }
    uint64_t len = s->bytes - off < BUFFER_BYTES ? s->bytes - off : BUFFER_BYTES;
    struct shard *shard = &r->catalog->shards[s->shard];
    errint rc = len ? verified_read(r, shard, s->off + off, (size_t)len, buf) : 0;
    return rc < 0 ? rc : (ssize_t)len;
}

/* Takes one after the other until there are no more. It is asked all along whether the
 * result is still wanted. */
static void find_sums(struct run *r, struct reader *reader)
{
    CLEANUP_FREE char *buf = pages_alloc(BUFFER_BYTES);
    if (!buf) {
        fail_run(r, -ENOMEM);
    }
    size_t i;
    while (!atomic_load(&r->stop) && (i = atomic_fetch_add(&r->next, 1)) < r->count) {
        struct tf_sum *s = &r->sums[i];
        uint32_t crc = s->seed;
        uint64_t off = 0;
        /* A sum of damaged bytes would say that they are right. */
        ssize_t got = verified_ensure_target(reader, s->target);
        while (got >= 0 && !atomic_load(&r->stop) && (got = read_some(reader, s, off, buf)) > 0) {
            crc = crc32c_extend(crc, buf, (size_t)got);
            off += (uint64_t)got;
            if (once_interrupted(reader->waiter)) {
                fail_run(r, -EINTR);
            }
        }
        if (got < 0) {
            fail_run(r, (errint)got);
        }
        s->crc32c = crc32c_mask(crc);
    }
}

static bool is_stopped(void *run)
{
    return atomic_load(&((const struct run *)run)->stop);
}

static void *run_helper(void *run)
{
    const struct run *r = run;
    struct once_waiter waiter = {.interrupted = is_stopped, .context = run};
    struct reader reader = {.catalog = r->catalog, .verified = r->verified, .waiter = &waiter};
    find_sums(run, &reader);
    reader_fini(&reader);
    return NULL;
}

/* The calling thread has nothing left to do, but its request may still be given up. */
static void join_helper(struct run *r, const struct once_waiter *w, pthread_t helper)
{
    struct timespec until;
    do {
        if (!atomic_load(&r->stop) && once_interrupted(w)) {
            fail_run(r, -EINTR);
        }
        until = thread_until(JOIN_STEP_MS);
    } while (pthread_timedjoin_np(helper, NULL, &until) == ETIMEDOUT);
}

/* How many threads find `count` sums. More than source_readers would unpack each other's blocks
 * anew for each buffer. */
static size_t count_threads(const struct catalog *c, size_t count)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = source_readers(c);
    most = most < THREADS_MOST ? most : THREADS_MOST;
    most = most < count ? most : count;
    return processors >= 1 && (size_t)processors < most ? (size_t)processors : most;
}

errint tf_sums_run(struct reader *reader, struct tf_sum *sums, size_t count)
{
    struct run r = {
        .catalog = reader->catalog, .verified = reader->verified, .sums = sums, .count = count};
    pthread_mutex_init(&r.lock, NULL);
    size_t threads = count_threads(r.catalog, count);
    pthread_t helpers[THREADS_MOST];
    size_t started = 0;
    while (started + 1 < threads && thread_start(&helpers[started], run_helper, &r) == 0) {
        started++;
    }
    find_sums(&r, reader);
    while (started > 0) {
        join_helper(&r, reader->waiter, helpers[--started]);
    }
    pthread_mutex_destroy(&r.lock);
    if (r.rc < 0) { /* a helper may have met it */
        cause_clear();
        cause_note(r.cause);
    }
    return r.rc;
}
