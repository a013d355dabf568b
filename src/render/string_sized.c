/* SPDX-License-Identifier: Apache-2.0 */
#include "render/string_sized.h"

#include <stdlib.h>

#include "base/cause.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/grow.h"
#include "base/once.h"
#include "render/string_cursor.h"
#include "render/verified.h"

enum { ELEMENTS_UNASKED = 1 << 16 }; /* between two questions whether to go on */

errint string_blame(const struct target *t, errint rc)
{
    if (rc == -EBADMSG || rc == -EOVERFLOW) {
        cause_note((struct cause){.kind = CAUSE_TENSOR, .rc = rc, .what = t->source});
    }
    return rc;
}

/* The shard of a target without elements, which may have a checksum all the same; NULL. */
static const struct shard *only_shard(const struct catalog *c, const struct target *t)
{
    bool one = t->form->piece_count == 0 && !t->source->sliced && t->source->shard < c->shard_count;
    return one ? &c->shards[t->source->shard] : NULL;
}

/* What it is made of. (Nothing else looks at the checksums of V1's blocks.) */
static errint need_checked(const struct reader *r, const struct target *t)
{
    const struct target_form *f = t->form;
    const struct shard *only = only_shard(r->catalog, t);
    errint rc = only ? verified_ask(r, only, t->source, NULL) : 0;
    for (uint32_t i = 0; rc == 0 && i < f->piece_count; i++) {
        const struct piece *p = &f->pieces[i];
        rc = verified_ask(r, &r->catalog->shards[p->shard], p->source, p->slice);
    }
    return rc;
}

/* Whether a file of the target was doubted since shard_doubts() was `since`. */
static bool is_doubted(const struct catalog *c, const struct target *t, uint32_t since)
{
    if (shard_doubts() == since) {
        return false;
    }
    const struct target_form *f = t->form;
    const struct shard *only = only_shard(c, t);
    bool doubted = only && shard_doubt(only) > since;
    for (uint32_t i = 0; !doubted && i < f->piece_count; i++) {
        doubted = shard_doubt(&c->shards[f->pieces[i].shard]) > since;
    }
    return doubted;
}

struct string_attempt string_attempt(const struct catalog *c, const struct target *t)
{
    return (struct string_attempt){c, t, shard_doubts(), 0};
}

/* One that was doubted since; any, where it is not known which. */
static const struct shard *doubted_shard(const struct string_attempt *a)
{
    const struct target_form *f = a->target->form;
    const struct shard *shard = only_shard(a->catalog, a->target);
    for (uint32_t i = 0; i < f->piece_count; i++) {
        const struct shard *next = &a->catalog->shards[f->pieces[i].shard];
        shard = !shard || shard_doubt(next) > shard_doubt(shard) ? next : shard;
    }
    return shard;
}

bool string_again(struct string_attempt *a, ssize_t *rc)
{
    bool moved = *rc == -ESTALE || is_doubted(a->catalog, a->target, a->since);
    if (!moved || *rc == -EINTR || *rc == -EAGAIN || *rc == -ENOMEM || *rc == -EIO) {
        return false;
    }
    cause_clear(); /* whatever was found, it was out of two states */
    if (++a->tries < SHARD_TRIES) {
        a->since = shard_doubts();
        return true;
    }
    *rc = shard_doubted(doubted_shard(a));
    return false;
}

/* What is found out about a file. */
struct found {
    uint64_t bytes;
    uint64_t longest;
    uint64_t *starts; /* owns */
    size_t count;     /* of them */
};

/* Goes over all elements. out->starts is the caller's in any case. */
static errint measure_elements(const struct reader *r, const struct target *t, struct found *out)
{
    const struct tensor *source = t->source;
    struct string_cursor *cursor = r->strings;
    size_t cap = 0;
    struct string_element e;
    int got = 0;
    errint rc = string_cursor_to(cursor, r, t, 0);
    if (rc == 0 && cursor->elements == 0 && source->shard != TENSOR_NO_SHARD) {
        return strings_need(r->catalog->shards[source->shard].io, r->waiter,
                            source->off); /* no lengths, but their checksum */
    }
    while (rc == 0 && (got = string_cursor_next(cursor, &e)) > 0) {
        if ((cursor->next - 1) % STRINGS_STEP == 0) {
            if (!grow(&out->starts, &cap, out->count, sizeof(*out->starts))) {
                return -ENOMEM;
            }
            out->starts[out->count++] = out->bytes;
        }
        if (cursor->next % ELEMENTS_UNASKED == 0 && once_interrupted(r->waiter)) {
            return -EINTR;
        }
        if (!checked_add_u64(out->bytes, e.len, &out->bytes) || out->bytes >= INT64_MAX) {
            return -EBADMSG;
        }
        out->bytes += string_line(t);
        out->longest = e.len > out->longest ? e.len : out->longest;
    }
    return rc < 0 ? rc : got;
}

struct sizing {
    const struct reader *reader; /* has a cursor */
    const struct target *target;
};

/* Keeps what was found; or holds it against what was found before, which others use: a file whose
 * sizes are others now is damaged. */
static errint keep_found(struct strings_file *f, struct found *now)
{
    if (!atomic_load(&f->complete)) {
        f->bytes = now->bytes;
        f->longest = now->longest;
        f->starts = STEAL(now->starts);
        atomic_store(&f->complete, true);
        return 0;
    }
    bool same = f->bytes == now->bytes && f->longest == now->longest;
    for (size_t i = 0; same && i < now->count; i++) {
        same = f->starts[i] == now->starts[i];
    }
    return same ? 0 : -EBADMSG;
}

static errint size_file(void *context)
{
    const struct sizing *s = context;
    struct strings_file *f = s->target->form->strings;
    struct string_attempt a = string_attempt(s->reader->catalog, s->target);
    struct found now = {0};
    errint rc = need_checked(s->reader, s->target);
    if (rc == 0) {
        rc = measure_elements(s->reader, s->target, &now);
    }
    if (rc != -ENOMEM && rc != -EINTR && rc != -EAGAIN &&
        is_doubted(a.catalog, a.target, a.since)) {
        rc = -ESTALE;
    }
    if (rc == 0) {
        rc = keep_found(f, &now);
    }
    if (rc == 0) {
        atomic_store(&f->found_in, a.since);
    }
    free(now.starts);
    f->entangled = rc == -EOVERFLOW;
    return f->entangled ? -EBADMSG : rc;
}

/* What was found is not used where a file was doubted since. Else it is as if it had been found
 * just now. */
static void take_back_doubted(const struct catalog *c, const struct target *t)
{
    struct strings_file *f = t->form->strings;
    uint32_t now = shard_doubts();
    uint32_t found_in = atomic_load(&f->found_in);
    if (once_state(&f->once) != ONCE_FULL || found_in == now) {
        return;
    }
    if (is_doubted(c, t, found_in)) {
        once_again(&f->once);
    } else {
        atomic_compare_exchange_strong(&f->found_in, &found_in, now);
    }
}

errint string_need_sized(struct reader *r, const struct target *t)
{
    struct strings_file *f = t->form->strings;
    errint rc = reader_need_strings(r);
    if (rc == 0) {
        struct sizing s = {r, t};
        take_back_doubted(r->catalog, t);
        rc = once_need(&f->once, r->waiter, size_file, &s);
    }
    return string_blame(t, rc == -EBADMSG && f->entangled ? -EOVERFLOW : rc);
}
