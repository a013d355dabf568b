/* SPDX-License-Identifier: Apache-2.0 */
#include "render/verify.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/thread.h"
#include "source/stored.h"

/* ---- one ------------------------------------------------------------------------------------- */

static enum verify_outcome outcome_of(errint rc, const struct verify_result *r)
{
    if (rc == -ENOTSUP) {
        return VERIFY_UNKNOWN;
    }
    if (rc < 0) {
        return rc == -EBADMSG ? VERIFY_MALFORMED : VERIFY_UNREADABLE;
    }
    return r->found != r->stored ? VERIFY_CHECKSUM : VERIFY_GOOD;
}

errint verify_check(const struct catalog *c, struct once_waiter *w, const struct source_check *k,
                    char *buf, struct source_meter *meter, struct verify_result *out)
{
    struct shard_attempt a = shard_attempt(k->file);
    *out = (struct verify_result){.stored = k->crc32c};
    errint rc;
    do {
        rc = source_check_sum(c, w, k, buf, a.tries ? NULL : meter, &out->found);
        out->doubt = a.doubt;
    } while (shard_again(&a, &rc));
    out->outcome = outcome_of(rc, out);
    return rc == -EINTR || rc == -ENOMEM ? rc : 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

struct crew {
    struct source_meter meter; /* first: what it is told finds the crew */
    struct verify *v;
    _Atomic uint32_t next;
    _Atomic uint64_t done;
    atomic_bool failed;   /* for want of memory, in the middle */
    pthread_mutex_t lock; /* over telling */
    verify_progress progress;
    void *context;
    int64_t told_at; /* ms */
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell_progress(struct crew *c, bool last)
{
    if (!c->progress || (!last && pthread_mutex_trylock(&c->lock) != 0)) {
        return;
    }
    if (last) {
        pthread_mutex_lock(&c->lock);
    }
    int64_t now = now_ms();
    if (last || now - c->told_at >= 250) {
        c->told_at = now;
        c->progress(c->context, atomic_load(&c->done), c->v->bytes);
    }
    pthread_mutex_unlock(&c->lock);
}

static void note_read(struct source_meter *m, uint64_t bytes)
{
    struct crew *c = (struct crew *)(void *)m;
    atomic_fetch_add_explicit(&c->done, bytes, memory_order_relaxed);
    tell_progress(c, false);
}

/* What is made from the bytes of a check, whose outcome it has, unless that is good: -ENOMEM,
 * -ESTALE. */
static errint do_made(const struct catalog *catalog, struct verify_unit *u)
{
    if (u->result.outcome != VERIFY_GOOD || !u->tensor) {
        return 0;
    }
    errint bad = shard_check(&catalog->shards[stored_shard(u->tensor, u->slice)], NULL, false);
    if (bad < 0) {
        u->result.outcome = bad == -EBADMSG ? VERIFY_VALUES : VERIFY_UNREADABLE;
    }
    return bad == -ENOMEM || bad == -ESTALE ? bad : 0;
}

/* The shared check of units[0 .. count), then what is made from its bytes, of one state of the
 * file. */
static errint do_shared(struct crew *c, struct verify_unit *units, uint32_t count, char *buf)
{
    const struct catalog *catalog = c->v->catalog;
    struct verify_result result;
    struct source_check check;
    source_check_at(catalog, units[0].check, &check);
    struct shard_attempt a = shard_attempt(check.file);
    errint rc;
    do {
        rc = verify_check(catalog, NULL, &check, buf, a.tries ? NULL : &c->meter, &result);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            units[i].result = result;
            rc = do_made(catalog, &units[i]);
        }
    } while (shard_again(&a, &rc));
    if (rc == -EIO) { /* the file goes on changing */
        result.outcome = VERIFY_UNREADABLE;
        for (uint32_t i = 0; i < count; i++) {
            units[i].result = result;
        }
        rc = 0;
    }
    return rc;
}

static errint do_own(struct crew *c, struct verify_unit *u, char *buf)
{
    struct source_check check;
    return source_check_find(c->v->catalog, u->tensor, u->slice, &check)
               ? verify_check(c->v->catalog, NULL, &check, buf, &c->meter, &u->result)
               : 0;
}

/* Unit i, with those after it that share its check: the first of them does it for all. */
static errint do_unit(struct crew *c, uint32_t i, char *buf)
{
    const struct verify *v = c->v;
    struct verify_unit *first = &v->units[i];
    if (!source_check_shared(v->catalog, NULL)) {
        return do_own(c, first, buf);
    }
    if (first->check == VERIFY_NO_CHECK || (i && first[-1].check == first->check)) {
        return 0;
    }
    uint32_t count = 1;
    while (i + count < v->count && first[count].check == first->check) {
        count++;
    }
    return do_shared(c, first, count, buf);
}

/* NULL, or what was refused: memory. */
static void *check_units(void *data)
{
    struct crew *c = data;
    struct verify *v = c->v;
    CLEANUP_FREE char *buf = verify_buffer();
    errint rc = buf ? 0 : -ENOMEM;
    while (rc == 0) {
        uint32_t i = atomic_fetch_add(&c->next, 1);
        if (i >= v->count) {
            return NULL;
        }
        rc = do_unit(c, i, buf);
        if (rc < 0) {
            atomic_store(&c->failed, true);
        }
    }
    return (void *)-1;
}

errint verify_run(struct verify *v, unsigned threads, verify_progress progress, void *context)
{
    struct crew crew = {.meter = {note_read},
                        .v = v,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .progress = progress,
                        .context = context};
    CLEANUP_FREE pthread_t *others = calloc(threads ? threads : 1, sizeof(*others));
    if (!others) {
        return -ENOMEM;
    }
    unsigned started = 0;
    while (started + 1 < threads && thread_start(&others[started], check_units, &crew) == 0) {
        started++; /* fewer than asked for are enough */
    }
    bool failed = check_units(&crew) != NULL;
    for (unsigned i = 0; i < started; i++) {
        pthread_join(others[i], NULL);
    }
    /* A thread without a buffer left its work to the others; only if none had one is anything
     * undone. */
    if (atomic_load(&crew.failed) || (failed && atomic_load(&crew.next) < v->count)) {
        return -ENOMEM;
    }
    tell_progress(&crew, true);
    return 0;
}
