/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes/verify.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "format/dtype.h"
#include "format/strings.h"

enum { BUF_BYTES = 256 << 10 }; /* stays in the cache between the copy and the checksum */

/* ---- units ------------------------------------------------------------------------------------- */

static uint32_t unit_shard(const struct verify_unit *u)
{
    return u->slice ? u->slice->shard : u->tensor->shard;
}

static uint64_t unit_off(const struct verify_unit *u)
{
    return u->slice ? u->slice->off : u->tensor->off;
}

/* How it is stored, if it is a run of strings, else NULL. */
static const struct strings_run *unit_strings(const struct verify *v, const struct verify_unit *u)
{
    return strings_run_at(&v->catalog->shards[unit_shard(u)], unit_off(u));
}

static uint64_t unit_bytes(const struct verify *v, const struct verify_unit *u)
{
    const struct strings_run *run = unit_strings(v, u);
    if (run) {
        return run->bytes;
    }
    if (!u->slice) {
        return u->tensor->bytes;
    }
    uint64_t bytes; /* the reader has checked that it fits */
    return shape_bytes((struct shape){u->slice->len, u->tensor->rank}, u->tensor->dtype, &bytes) < 0 ? 0
                                                                                                     : bytes;
}

static int by_place(const void *a, const void *b)
{
    const struct verify_unit *left = a;
    const struct verify_unit *right = b;
    uint32_t left_shard = unit_shard(left);
    uint32_t right_shard = unit_shard(right);
    if (left_shard != right_shard) {
        return left_shard < right_shard ? -1 : 1;
    }
    return (unit_off(left) > unit_off(right)) - (unit_off(left) < unit_off(right));
}

errint verify_init(struct verify *v, const struct catalog *c)
{
    *v = (struct verify){.catalog = c};
    uint64_t count = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct slices *s = tensor_slices(c, &c->tensors[i]);
        count += s ? s->count : 1;
    }
    v->units = count < UINT32_MAX ? calloc(count + 1, sizeof(*v->units)) : NULL;
    if (!v->units) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct slices *s = tensor_slices(c, t);
        for (uint32_t k = 0; k < (s ? s->count : 1); k++) {
            if (s ? s->fault == SLICES_MISSING : t->shard == TENSOR_NO_SHARD) {
                continue; /* the plan reports it; there are no bytes to be read */
            }
            struct verify_unit *u = &v->units[v->count++];
            *u = (struct verify_unit){.tensor = t, .slice = s ? &s->slices[k] : NULL};
            v->bytes += unit_bytes(v, u);
        }
    }
    qsort(v->units, v->count, sizeof(*v->units), by_place);
    return 0;
}

void verify_fini(struct verify *v)
{
    free(v->units);
    *v = (struct verify){0};
}

/* ---- one unit ---------------------------------------------------------------------------------- */

/* Of bytes [off, off + left) of the shard; buf has BUF_BYTES. */
static errint plain_crc(struct shard *shard, uint64_t off, uint64_t left, char *buf, uint32_t *crc)
{
    errint rc = 0;
    *crc = 0;
    while (rc == 0 && left > 0) {
        size_t n = left < BUF_BYTES ? (size_t)left : BUF_BYTES;
        rc = shard_read(shard, off, n, buf);
        *crc = rc < 0 ? 0 : crc32c_extend(*crc, buf, n);
        off += n;
        left -= n;
    }
    *crc = crc32c_mask(*crc);
    return rc;
}

static void check(const struct verify *v, struct verify_unit *u, char *buf)
{
    unsigned dtype = u->tensor->dtype;
    if (!dtype_bytes(dtype) && dtype != DTYPE_STRING) {
        u->outcome = VERIFY_UNKNOWN;
        return;
    }
    struct shard *shard = shard_file(&v->catalog->shards[unit_shard(u)]); /* the bytes as they are stored */
    const struct strings_run *run = unit_strings(v, u);
    errint rc = run ? strings_check(shard, run, &u->found)
                    : plain_crc(shard, unit_off(u), unit_bytes(v, u), buf, &u->found);
    uint32_t stored = u->slice ? u->slice->crc32c : u->tensor->crc32c;
    u->outcome = rc == -EBADMSG       ? VERIFY_MALFORMED
                 : rc < 0             ? VERIFY_UNREADABLE
                 : u->found != stored ? VERIFY_CHECKSUM
                                      : VERIFY_GOOD;
}

/* ---- all units --------------------------------------------------------------------------------- */

struct crew {
    struct verify *v;
    _Atomic uint32_t next;
    _Atomic uint64_t done;
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

static void tell(struct crew *c, bool last)
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

static void *work(void *data)
{
    struct crew *c = data;
    CLEANUP_FREE char *buf = malloc(BUF_BYTES);
    if (!buf) {
        return (void *)-1;
    }
    for (;;) {
        uint32_t i = atomic_fetch_add(&c->next, 1);
        if (i >= c->v->count) {
            return NULL;
        }
        check(c->v, &c->v->units[i], buf);
        atomic_fetch_add(&c->done, unit_bytes(c->v, &c->v->units[i]));
        tell(c, false);
    }
}

errint verify_run(struct verify *v, unsigned threads, verify_progress progress, void *context)
{
    struct crew crew = {.v = v, .lock = PTHREAD_MUTEX_INITIALIZER, .progress = progress, .context = context};
    CLEANUP_FREE pthread_t *others = calloc(threads ? threads : 1, sizeof(*others));
    if (!others) {
        return -ENOMEM;
    }
    unsigned started = 0;
    while (started + 1 < threads && pthread_create(&others[started], NULL, work, &crew) == 0) {
        started++; /* fewer than asked for are enough */
    }
    bool failed = work(&crew) != NULL;
    for (unsigned i = 0; i < started; i++) {
        pthread_join(others[i], NULL);
    }
    /* A thread without a buffer left its units to the others; only if none had one is anything undone. */
    if (failed && atomic_load(&crew.next) < v->count) {
        return -ENOMEM;
    }
    tell(&crew, true);
    return 0;
}
