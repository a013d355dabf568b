/* SPDX-License-Identifier: Apache-2.0 */
#include "render/verified.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "base/once.h"
#include "render/verify.h"
#include "source/tf_v1/tf_v1_blocks.h"

/* A damaged run. */
struct damage {
    struct damage *next;
    const struct tensor *tensor; /* of a block: the first that was found to be in it */
    const struct stored_slice *slice;
    struct verify_result result;
};

struct verified {
    const struct catalog *catalog;
    enum verified_mode mode;
    atomic_bool wary;      /* there is something to ask */
    struct once made;      /* the next four are there */
    struct once *onces;    /* owns; V2: tensors, then slices; V1: blocks */
    atomic_uint *found_in; /* owns; of each: the doubt in which it was found good */
    uint64_t *first; /* owns; V2: the first once of each of catalog.sliced; V1: of each file */
    atomic_uint_fast64_t *bad; /* owns; a bit a tensor: it is damaged */
    pthread_mutex_t lock;      /* over the list */
    struct damage *damages;    /* owns: the details of causes */
    bool blocks;               /* onces are of blocks */
    struct verified_runs runs;
};

static errint make_onces(void *context)
{
    struct verified *k = context;
    const struct catalog *c = k->catalog;
    uint32_t groups = k->blocks ? c->shard_count : c->sliced_count;
    uint64_t count = k->blocks ? 0 : c->count;
    k->first = k->first ? k->first : calloc((size_t)groups + 1, sizeof(*k->first));
    if (!k->first) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < groups; i++) {
        k->first[i] = count;
        count += k->blocks ? c->shards[i].block_count : c->sliced[i].count;
    }
    k->onces = k->onces ? k->onces : calloc(count + 1, sizeof(*k->onces));
    k->found_in = k->found_in ? k->found_in : calloc(count + 1, sizeof(*k->found_in));
    k->bad = k->bad ? k->bad : calloc(c->count / 64 + 1, sizeof(*k->bad));
    return k->onces && k->found_in && k->bad ? 0 : -ENOMEM;
}

static errint need_onces(struct verified *k)
{
    return once_need(&k->made, make_onces, k);
}

bool verified_wary(const struct verified *k)
{
    return atomic_load_explicit(&k->wary, memory_order_acquire) || shard_doubts();
}

errint verified_open(const struct catalog *c, enum verified_mode mode, struct verified **out)
{
    *out = NULL;
    struct verified *k = calloc(1, sizeof(*k));
    if (!k) {
        return -ENOMEM;
    }
    k->catalog = c;
    k->mode = mode;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        c->shards[i].strict = mode == VERIFIED_ALL;
    }
    k->blocks = c->shard_count && c->shards[0].blocks;
    pthread_mutex_init(&k->lock, NULL);
    atomic_init(&k->wary, mode == VERIFIED_ALL);
    errint rc = mode == VERIFIED_ALL ? need_onces(k) : 0;
    if (rc < 0) {
        verified_close(k);
        return rc;
    }
    *out = k;
    return 0;
}

void verified_close(struct verified *k)
{
    if (!k) {
        return;
    }
    for (struct damage *d = k->damages, *next; d; d = next) {
        next = d->next;
        free(d);
    }
    pthread_mutex_destroy(&k->lock);
    free(k->runs.runs);
    free(k->bad);
    free(k->first);
    free(k->found_in);
    free(k->onces);
    free(k);
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* A run, while it is checked. */
struct run {
    struct verified *verified;
    const struct tensor *tensor;
    const struct stored_slice *slice;
    uint64_t once;
    struct shard *file;
    uint32_t number; /* V1: of its block */
};

/* -EBADMSG: V1 values that lie in no block. */
static errint find_run(struct verified *k, const struct tensor *t, const struct stored_slice *s,
                       struct run *out)
{
    const struct catalog *c = k->catalog;
    struct shard *shard = &c->shards[verify_stored_shard(t, s)];
    *out = (struct run){.verified = k, .tensor = t, .slice = s, .file = shard_file(shard)};
    if (k->blocks) {
        out->number = tf_v1_block_at(out->file, shard_origin(shard, verify_stored_off(t, s)));
        if (out->number == TF_V1_NO_BLOCK) {
            return -EBADMSG;
        }
        out->once = k->first[out->file - c->shards] + out->number;
    } else if (s) {
        out->once = k->first[t->off] + (uint64_t)(s - c->sliced[t->off].slices);
    } else {
        out->once = (uint64_t)(t - c->tensors);
    }
    return 0;
}

/* Of V1 the fault is the block's, whichever tensors are in it. */
static errint note_damage(const struct run *r, const struct verify_result *result)
{
    struct verified *k = r->verified;
    struct damage *d = malloc(sizeof(*d));
    if (!d) {
        return -ENOMEM;
    }
    pthread_mutex_lock(&k->lock);
    *d = (struct damage){k->damages, r->tensor, r->slice, *result};
    k->damages = d;
    pthread_mutex_unlock(&k->lock);
    atomic_store(&k->wary, true);
    cause_note(k->blocks ? (struct cause){CAUSE_BLOCK, -EBADMSG, r->file,
                                          r->file->blocks[r->number].handle.off, d}
                         : (struct cause){CAUSE_TENSOR, -EBADMSG, r->tensor, 0, d});
    return -EBADMSG;
}

static errint check_run(void *context)
{
    const struct run *r = context;
    struct verified *k = r->verified;
    struct verify_result result;
    CLEANUP_FREE char *buf = verify_buffer();
    if (!buf) {
        return -ENOMEM;
    }
    errint rc = k->blocks ? verify_stored_block(r->file, r->number, buf, NULL, &result)
                          : verify_stored(k->catalog, r->tensor, r->slice, buf, NULL, &result);
    if (rc < 0) {
        return rc;
    }
    switch (result.outcome) {
    case VERIFY_GOOD:
        atomic_store(&k->found_in[r->once], result.doubt);
        return 0;
    case VERIFY_UNKNOWN:
        return result.doubt ? shard_doubted(r->file) : 0;
    case VERIFY_UNREADABLE:
        return -EIO;
    default:
        if (result.doubt) {
            atomic_store(&r->file->changed, result.doubt);
        }
        return note_damage(r, &result);
    }
}

/* ---- tensors --------------------------------------------------------------------------------- */

static uint64_t bit_of(const struct verified *k, const struct tensor *t,
                       atomic_uint_fast64_t **word)
{
    uint64_t i = (uint64_t)(t - k->catalog->tensors);
    *word = &k->bad[i / 64];
    return UINT64_C(1) << (i % 64);
}

static void mark_bad(struct verified *k, const struct tensor *t)
{
    atomic_uint_fast64_t *word;
    uint64_t bit = bit_of(k, t, &word);
    atomic_fetch_or(word, bit);
    cause_note((struct cause){.kind = CAUSE_TENSOR, .rc = -EBADMSG, .what = t});
}

errint verified_mark(struct verified *k, const struct tensor *t, const struct stored_slice *s,
                     const struct verify_result *why)
{
    struct run run;
    errint rc = need_onces(k);
    rc = rc < 0 ? rc : find_run(k, t, s, &run);
    if (rc < 0 || once_state(&k->onces[run.once]) == ONCE_BAD) {
        return rc;
    }
    cause_clear();
    rc = note_damage(&run, why);
    if (rc == -EBADMSG) {
        cause_keep(&k->onces[run.once]);
        atomic_store(&k->onces[run.once].state, ONCE_BAD);
    }
    cause_clear();
    return rc == -EBADMSG ? 0 : rc;
}

/* The run may be served: 0; -EBADMSG, -ESTALE, and as once_need. With `verify`, or where the file
 * is in doubt or suspect, it is verified, unless it was. */
static errint need_run(struct verified *k, struct run *run, bool verify)
{
    struct once *once = &k->onces[run->once];
    uint32_t doubt = shard_doubt(run->file);
    if (!verify && !doubt && !run->file->suspect && once_state(once) != ONCE_BAD) {
        return 0;
    }
    if (once_state(once) == ONCE_FULL && atomic_load(&k->found_in[run->once]) != doubt) {
        once_again(once);
    }
    errint rc = once_need(once, check_run, run);
    if (rc == 0 && k->blocks) { /* what is made from the block has to be right, too */
        rc = shard_check(&k->catalog->shards[verify_stored_shard(run->tensor, run->slice)], true);
    }
    return rc;
}

static errint ask(struct verified *k, const struct tensor *t, const struct stored_slice *s,
                  bool verify)
{
    struct run run;
    errint rc = need_onces(k);
    rc = rc < 0 ? rc : find_run(k, t, s, &run);
    if (rc == 0) {
        struct shard_attempt a = shard_attempt(run.file);
        do {
            rc = need_run(k, &run, verify);
        } while (shard_again(&a, &rc));
    }
    if (rc == -EBADMSG) {
        mark_bad(k, t);
        return -EUCLEAN;
    }
    return rc;
}

errint verified_need(struct verified *k, const struct tensor *t, const struct stored_slice *s)
{
    return verified_wary(k) ? ask(k, t, s, k->mode == VERIFIED_ALL) : 0;
}

errint verified_ensure(struct verified *k, const struct tensor *t, const struct stored_slice *s)
{
    /* Of a V1 file blocks have the checksums: a tensor without elements needs none, and its file
     * may not be open. */
    return k->blocks && t->bytes == 0 && !s ? 0 : ask(k, t, s, true);
}

errint verified_ask(const struct catalog *c, const struct shard *shard, const struct tensor *t,
                    const struct stored_slice *s)
{
    if (c->verified && t) {
        return verified_need(c->verified, t, s);
    }
    return shard_doubt(shard) ? shard_doubted(shard) : 0;
}

struct verified_runs *verified_runs(struct verified *k)
{
    return &k->runs;
}

void verified_print(const struct verified *k, const struct cause *c, struct buf *b)
{
    const struct damage *d = c->detail;
    verify_print(k->catalog, d->tensor, d->slice, &d->result, b);
    buf_text(b, d->result.doubt ? ", which changed since it was opened" : "");
}

/* What is known of all runs of t: ONCE_BAD if one is damaged, ONCE_FULL if all were found good. */
static enum once_state state_of(struct verified *k, const struct tensor *t)
{
    const struct slices *s = tensor_slices(k->catalog, t);
    bool full = s || t->shard != TENSOR_NO_SHARD;
    for (uint32_t i = 0; (s || full) && i < (s ? s->count : 1); i++) {
        struct run run;
        enum once_state state = find_run(k, t, s ? &s->slices[i] : NULL, &run) < 0
                                    ? ONCE_EMPTY
                                    : once_state(&k->onces[run.once]);
        if (state == ONCE_BAD) {
            return ONCE_BAD;
        }
        full &= state == ONCE_FULL;
    }
    return full ? ONCE_FULL : ONCE_EMPTY;
}

struct verified_counts verified_counts(struct verified *k)
{
    struct verified_counts counts = {0};
    if (once_state(&k->made) != ONCE_FULL) {
        return counts;
    }
    for (uint32_t i = 0; i < k->catalog->count; i++) {
        const struct tensor *t = &k->catalog->tensors[i];
        atomic_uint_fast64_t *word;
        bool told = bit_of(k, t, &word) & atomic_load(word);
        enum once_state state = told ? ONCE_BAD : state_of(k, t);
        counts.damaged += state == ONCE_BAD;
        counts.verified += state == ONCE_FULL && t->hidden == TENSOR_SHOWN;
    }
    return counts;
}
