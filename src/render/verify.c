/* SPDX-License-Identifier: Apache-2.0 */
#include "render/verify.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/once.h"
#include "base/thread.h"
#include "source/tf/strings.h"
#include "source/tf_v1/tf_v1_blocks.h"
#include "source/tf_v2/variants.h"
#include "tensor/dtype.h"

/* ---- one unit -------------------------------------------------------------------------------- */

/* Of bytes [off, off + left) of the shard; buf has VERIFY_BUFFER bytes. */
static errint plain_crc(struct shard *shard, uint64_t off, uint64_t left, char *buf,
                        struct verify_meter *meter, uint32_t *crc)
{
    errint rc = 0;
    *crc = 0;
    while (rc == 0 && left > 0) {
        size_t n = left < VERIFY_BUFFER ? (size_t)left : VERIFY_BUFFER;
        rc = once_interrupted() ? -EINTR : shard_read(shard, off, n, buf);
        if (meter) {
            meter->read(meter, n);
        }
        *crc = rc < 0 ? 0 : crc32c_extend(*crc, buf, n);
        off += n;
        left -= n;
    }
    *crc = crc32c_mask(*crc);
    return rc;
}

static errint strings_crc(struct shard *shard, const struct strings_run *run,
                          struct verify_meter *meter, uint32_t *crc)
{
    errint rc = strings_check(shard, run, crc);
    if (meter) {
        meter->read(meter, run->bytes);
    }
    return rc;
}

static errint variant_crc(struct shard *file, const struct tensor *t, char *buf,
                          struct verify_meter *meter, uint32_t *crc)
{
    uint64_t elements;
    uint64_t bytes = 0;
    errint rc = shape_elements(tensor_shape(t), &elements);
    rc = rc < 0
             ? -EBADMSG
             : variants_check(file, t->off, elements, t->crc32c, buf, VERIFY_BUFFER, crc, &bytes);
    if (meter) {
        meter->read(meter, bytes < t->bytes ? bytes : t->bytes);
    }
    return rc;
}

static enum verify_outcome outcome_of(errint rc, const struct verify_result *r)
{
    return rc == -EBADMSG          ? VERIFY_MALFORMED
           : rc < 0                ? VERIFY_UNREADABLE
           : r->found != r->stored ? VERIFY_CHECKSUM
                                   : VERIFY_GOOD;
}

/* Variants of other kinds TensorFlow has none of. */
static bool is_variant(const struct catalog *c, const struct tensor *t,
                       const struct stored_slice *slice)
{
    return t->dtype == DTYPE_VARIANT && !slice && !c->big_endian;
}

/* Of the bytes as they are stored. */
static errint stored_crc(const struct catalog *c, const struct tensor *t,
                         const struct stored_slice *slice, char *buf, struct verify_meter *meter,
                         uint32_t *crc)
{
    struct shard *shard = &c->shards[verify_stored_shard(t, slice)];
    uint64_t off = verify_stored_off(t, slice);
    const struct strings_run *run = strings_run_at(shard, off);
    struct shard *file = shard_file(shard);
    if (run) {
        return strings_crc(file, run, meter, crc);
    }
    return is_variant(c, t, slice) ? variant_crc(file, t, buf, meter, crc)
                                   : plain_crc(file, shard_origin(shard, off),
                                               verify_stored_bytes(c, t, slice), buf, meter, crc);
}

errint verify_stored(const struct catalog *c, const struct tensor *t,
                     const struct stored_slice *slice, char *buf, struct verify_meter *meter,
                     struct verify_result *out)
{
    struct shard_attempt a = shard_attempt(&c->shards[verify_stored_shard(t, slice)]);
    *out = (struct verify_result){.outcome = VERIFY_UNKNOWN, .doubt = a.doubt};
    if (!dtype_bytes(t->dtype) && t->dtype != DTYPE_STRING && !is_variant(c, t, slice)) {
        return 0;
    }
    errint rc;
    do {
        rc = stored_crc(c, t, slice, buf, a.tries ? NULL : meter, &out->found);
        out->doubt = a.doubt;
    } while (shard_again(&a, &rc));
    out->stored = slice ? slice->crc32c : t->crc32c;
    out->outcome = outcome_of(rc, out);
    return rc == -EINTR || rc == -ENOMEM ? rc : 0;
}

/* ---- one block ------------------------------------------------------------------------------- */

struct block_source {
    struct shard *file;
    struct verify_meter *meter;
};

static errint read_block(void *from, uint64_t off, size_t len, void *buf)
{
    struct block_source *b = from;
    if (b->meter) {
        b->meter->read(b->meter, len);
    }
    return shard_read(b->file, off, len, buf);
}

errint verify_stored_block(struct shard *file, uint32_t number, char *buf,
                           struct verify_meter *meter, struct verify_result *out)
{
    _Static_assert(TF_V1_BLOCK_WINDOW <= (int)VERIFY_BUFFER, "the buffer is the window");
    const struct sstable_stored *block = &file->blocks[number];
    struct block_source source = {file, meter};
    struct shard_attempt a = shard_attempt(file);
    *out = (struct verify_result){.stored = block->crc32c};
    errint rc;
    do {
        rc = tf_v1_block_sum(read_block, &source, block->handle, buf, &out->found);
        source.meter = NULL; /* it was told */
        out->doubt = a.doubt;
    } while (shard_again(&a, &rc));
    out->outcome = outcome_of(rc, out);
    return rc == -EINTR || rc == -ENOMEM ? rc : 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

struct crew {
    struct verify_meter meter; /* first: what it is told finds the crew */
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

static void note_read(struct verify_meter *m, uint64_t bytes)
{
    struct crew *c = (struct crew *)(void *)m;
    atomic_fetch_add_explicit(&c->done, bytes, memory_order_relaxed);
    tell(c, false);
}

/* What is made from a block, whose outcome it has, unless that is good: -ENOMEM, -ESTALE. */
static errint do_made(const struct catalog *catalog, struct verify_unit *u)
{
    if (u->result.outcome != VERIFY_GOOD) {
        return 0;
    }
    errint bad = shard_check(&catalog->shards[verify_stored_shard(u->tensor, u->slice)], false);
    u->result.outcome = bad == -EBADMSG ? VERIFY_VALUES : bad < 0 ? VERIFY_UNREADABLE : VERIFY_GOOD;
    return bad == -ENOMEM || bad == -ESTALE ? bad : 0;
}

/* The block, then what is made from it, of one state of the file. */
static errint do_block(struct crew *c, struct verify_block *b, char *buf)
{
    const struct catalog *catalog = c->v->catalog;
    struct shard *file = &catalog->shards[b->file];
    struct verify_unit *units = &c->v->units[b->first];
    struct shard_attempt a = shard_attempt(file);
    errint rc;
    do {
        rc = verify_stored_block(file, b->number, buf, a.tries ? NULL : &c->meter, &b->result);
        for (uint32_t i = 0; rc == 0 && i < b->count; i++) {
            units[i].result = b->result;
            rc = do_made(catalog, &units[i]);
        }
    } while (shard_again(&a, &rc));
    if (rc == -EIO) { /* the file goes on changing */
        b->result.outcome = VERIFY_UNREADABLE;
        for (uint32_t i = 0; i < b->count; i++) {
            units[i].result = b->result;
        }
        rc = 0;
    }
    return rc;
}

static errint do_unit(struct crew *c, struct verify_unit *u, char *buf)
{
    return verify_stored(c->v->catalog, u->tensor, u->slice, buf, &c->meter, &u->result);
}

/* NULL, or what was refused: memory. */
static void *work(void *data)
{
    struct crew *c = data;
    struct verify *v = c->v;
    uint32_t count = v->blocks ? v->block_count : v->count;
    CLEANUP_FREE char *buf = verify_buffer();
    errint rc = buf ? 0 : -ENOMEM;
    while (rc == 0) {
        uint32_t i = atomic_fetch_add(&c->next, 1);
        if (i >= count) {
            return NULL;
        }
        rc = v->blocks ? do_block(c, &v->blocks[i], buf) : do_unit(c, &v->units[i], buf);
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
    while (started + 1 < threads && thread_start(&others[started], work, &crew) == 0) {
        started++; /* fewer than asked for are enough */
    }
    bool failed = work(&crew) != NULL;
    for (unsigned i = 0; i < started; i++) {
        pthread_join(others[i], NULL);
    }
    /* A thread without a buffer left its work to the others; only if none had one is anything
     * undone. */
    if (atomic_load(&crew.failed) ||
        (failed && atomic_load(&crew.next) < (v->blocks ? v->block_count : v->count))) {
        return -ENOMEM;
    }
    tell(&crew, true);
    return 0;
}
