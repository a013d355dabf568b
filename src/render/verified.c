/* SPDX-License-Identifier: Apache-2.0 */
#include "render/verified.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "base/once.h"
#include "render/verify.h"
#include "source/catalog_join.h"
#include "source/source.h"
#include "source/stored.h"

/* A damaged run. */
struct damage {
    struct damage *next;
    const struct tensor *tensor; /* of a shared check: the first that was found to be in it */
    const struct stored_slice *slice;
    struct verify_result result;
};

struct verified {
    const struct catalog *catalog;
    enum verified_mode mode;
    atomic_bool wary;          /* there is something to ask */
    struct once made;          /* the next three are there */
    struct once *states;       /* owns; one for each check */
    atomic_uint *found_in;     /* owns; of each: the doubt in which it was found good */
    atomic_uint_fast64_t *bad; /* owns; a bit a tensor: it is damaged */
    pthread_mutex_t lock;      /* over the list */
    struct damage *damages;    /* owns: the details of causes */
    struct verified_runs runs;
};

static errint make_states(void *context)
{
    struct verified *k = context;
    const struct catalog *c = k->catalog;
    uint64_t count = source_check_count(c);
    k->states = k->states ? k->states : calloc(count + 1, sizeof(*k->states));
    k->found_in = k->found_in ? k->found_in : calloc(count + 1, sizeof(*k->found_in));
    k->bad = k->bad ? k->bad : calloc(catalog_all(c) / 64 + 1, sizeof(*k->bad));
    return k->states && k->found_in && k->bad ? 0 : -ENOMEM;
}

static errint need_states(struct verified *k, struct once_waiter *w)
{
    return once_need(&k->made, w, make_states, k);
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
        c->shards[i].io->strict = mode == VERIFIED_ALL;
    }
    pthread_mutex_init(&k->lock, NULL);
    atomic_init(&k->wary, mode == VERIFIED_ALL);
    errint rc = mode == VERIFIED_ALL ? need_states(k, NULL) : 0;
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
    free(k->found_in);
    free(k->states);
    free(k);
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* A run, while it is checked. */
struct run {
    struct verified *verified;
    struct once_waiter *waiter; /* of who asks */
    const struct tensor *tensor;
    const struct stored_slice *slice;
    struct source_check check;
};

/* -EBADMSG: values that lie where no check is. */
static errint find_run(struct verified *k, const struct tensor *t, const struct stored_slice *s,
                       struct run *out)
{
    *out = (struct run){.verified = k, .tensor = t, .slice = s};
    return source_check_find(k->catalog, t, s, &out->check) ? 0 : -EBADMSG;
}

/* The fault of a shared check is its own, whichever tensors are in it. */
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
    cause_note(r->check.tensor
                   ? (struct cause){CAUSE_TENSOR, -EBADMSG, r->tensor, 0, d}
                   : (struct cause){CAUSE_BLOCK, -EBADMSG, r->check.file, r->check.off, d});
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
    errint rc = verify_check(k->catalog, r->waiter, &r->check, buf, NULL, &result);
    if (rc < 0) {
        return rc;
    }
    switch (result.outcome) {
    case VERIFY_GOOD:
        atomic_store(&k->found_in[r->check.number], result.doubt);
        return 0;
    case VERIFY_UNKNOWN:
        return result.doubt ? shard_doubted(r->check.file) : 0;
    case VERIFY_UNREADABLE:
        return -EIO;
    default:
        if (result.doubt) {
            atomic_store(&r->check.file->changed, result.doubt);
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
    errint rc = need_states(k, NULL);
    if (rc == 0) {
        rc = find_run(k, t, s, &run);
    }
    if (rc < 0 || once_state(&k->states[run.check.number]) == ONCE_BAD) {
        return rc;
    }
    cause_clear();
    rc = note_damage(&run, why);
    if (rc == -EBADMSG) {
        cause_keep(&k->states[run.check.number]);
        atomic_store(&k->states[run.check.number].state, ONCE_BAD);
    }
    cause_clear();
    return rc == -EBADMSG ? 0 : rc;
}

/* The run may be served: 0; -EBADMSG, -ESTALE, and as once_need. With `verify`, or where the file
 * is in doubt or suspect, it is verified, unless it was. */
static errint need_run(struct verified *k, struct run *run, bool verify)
{
    struct once *once = &k->states[run->check.number];
    uint32_t doubt = shard_doubt(run->check.file);
    if (!verify && !doubt && !run->check.file->suspect && once_state(once) != ONCE_BAD) {
        return 0;
    }
    if (once_state(once) == ONCE_FULL && atomic_load(&k->found_in[run->check.number]) != doubt) {
        once_again(once);
    }
    errint rc = once_need(once, run->waiter, check_run, run);
    if (rc == 0 &&
        source_check_shared(k->catalog, run->tensor)) { /* what is made has to be right, too */
        rc = shard_check(&k->catalog->shards[stored_shard(run->tensor, run->slice)], run->waiter,
                         true);
    }
    return rc;
}

static errint verify_run_of(const struct reader *r, const struct tensor *t,
                            const struct stored_slice *s, bool verify)
{
    struct verified *k = r->verified;
    struct run run;
    errint rc = need_states(k, r->waiter);
    if (rc == 0) {
        rc = find_run(k, t, s, &run);
    }
    if (rc == 0) {
        run.waiter = r->waiter;
        struct shard_attempt a = shard_attempt(run.check.file);
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

errint verified_need(const struct reader *r, const struct tensor *t, const struct stored_slice *s)
{
    const struct verified *k = r->verified;
    return verified_wary(k) ? verify_run_of(r, t, s, k->mode == VERIFIED_ALL) : 0;
}

errint verified_ensure(const struct reader *r, const struct tensor *t, const struct stored_slice *s)
{
    /* Where checks are shared, a tensor without elements needs none, and its file may not be
     * open. */
    return source_check_shared(r->catalog, t) && t->bytes == 0 && !s ? 0
                                                                     : verify_run_of(r, t, s, true);
}

errint verified_ask(const struct reader *r, const struct shard *shard, const struct tensor *t,
                    const struct stored_slice *s)
{
    if (r->verified && t) {
        return verified_need(r, t, s);
    }
    return shard_doubt(shard) ? shard_doubted(shard) : 0;
}

struct verified_runs *verified_runs(struct verified *k)
{
    return &k->runs;
}

void verified_print(const struct catalog *c, const struct cause *cause, struct buf *b)
{
    const struct damage *d = cause->detail;
    verify_print(c, d->tensor, d->slice, &d->result, b);
    buf_text(b, d->result.doubt ? ", which changed since it was opened" : "");
}

/* What is known of all runs of t: ONCE_BAD if one is damaged, ONCE_FULL if all were found good. */
static enum once_state state_of(struct verified *k, const struct tensor *t)
{
    const struct slices *s = tensor_slices(k->catalog, t);
    bool full = s || t->shard != TENSOR_NO_SHARD;
    if (s && s->fault) {
        return ONCE_EMPTY; /* some of its slices may not be there */
    }
    for (uint32_t i = 0; (s || full) && i < (s ? s->count : 1); i++) {
        struct run run;
        enum once_state state = ONCE_EMPTY;
        if (find_run(k, t, s ? &s->slices[i] : NULL, &run) == 0) {
            state = once_state(&k->states[run.check.number]);
        }
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
    for (uint32_t i = 0; i < catalog_all(k->catalog); i++) {
        const struct tensor *t = &k->catalog->tensors[i];
        atomic_uint_fast64_t *word;
        bool told = bit_of(k, t, &word) & atomic_load(word);
        enum once_state state = told ? ONCE_BAD : state_of(k, t);
        counts.damaged += state == ONCE_BAD;
        counts.verified += state == ONCE_FULL && t->hidden == TENSOR_SHOWN &&
                           !catalog_of(k->catalog, t)->driver->no_checksums;
    }
    return counts;
}
