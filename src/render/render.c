/* SPDX-License-Identifier: Apache-2.0 */
#include "render/render.h"

#include <stdbool.h>
#include <string.h>

#include "base/cause.h"
#include "render/string_read.h"
#include "render/value_read.h"
#include "render/verified.h"
#include "tensor/dtype.h"

/* Bytes of a target that is a stored tensor as it is. */
static errint read_stored(const struct reader *r, const struct tensor *t, uint64_t off, size_t len,
                          void *buf)
{
    struct shard *shard = &r->catalog->shards[t->shard];
    struct shard_attempt a = shard_attempt(shard);
    errint rc;
    do {
        rc = verified_ask(r, shard, t, NULL);
        if (rc == 0) {
            rc = shard_read(shard, r->waiter, t->off + off, len, buf);
        }
    } while (shard_again(&a, &rc));
    return rc;
}

errint render_size(struct reader *r, const struct target *t, uint64_t *bytes)
{
    if (!target_sized(t)) {
        return string_size(r, t, STRING_LINES, bytes);
    }
    *bytes = target_bytes(t);
    return 0;
}

/* Whether t is a tensor's values, cast and no more. */
static bool is_cast_alone(const struct target *t)
{
    const struct piece *p = t->form && t->form->piece_count ? t->form->pieces : NULL;
    return t->source && (!p || (!p->more && p->source == t->source));
}

/* Notes why a read of t failed, where nothing below has: of damage, of casts and of arithmetic.
 * Returns rc. */
static errint note_cause(const struct target *t, errint rc)
{
    if (rc == -ERANGE && !is_cast_alone(t)) {
        cause_note((struct cause){CAUSE_TARGET, rc, t, target_dtype(t), NULL});
    } else if (t->source && (rc == -EBADMSG || rc == -ERANGE)) {
        const uint64_t dtype = rc == -ERANGE ? target_dtype(t) : 0;
        cause_note((struct cause){CAUSE_TENSOR, rc, t->source, dtype, NULL});
    }
    return rc;
}

ssize_t render_read(struct reader *r, const struct target *t, uint64_t off, size_t len, void *buf)
{
    if (!target_sized(t)) {
        return string_read(r, t, STRING_LINES, off, len, buf);
    }
    uint64_t bytes = target_bytes(t);
    if (off >= bytes || len == 0) {
        return 0;
    }
    uint64_t count = bytes - off < len ? bytes - off : len;
    if (!t->form) {
        errint rc = read_stored(r, t->source, off, (size_t)count, buf);
        return rc < 0 ? note_cause(t, rc) : (ssize_t)count;
    }
    const struct target_form *f = t->form;
    const struct value v = {f->shape, (enum dtype)f->dtype, f->pieces, f->piece_count, f->ends,
                            NULL};
    errint rc = value_read(r, &v, off, (size_t)count, buf);
    return rc < 0 ? note_cause(t, rc) : (ssize_t)count;
}

const char *render_why(errint rc)
{
    switch (rc) {
    case -ERANGE:
        return "a value does not fit the dtype that it is cast to";
    case -EBADMSG:
    case -EUCLEAN:
        return "its bytes in the checkpoint are damaged";
    default:
        return strerror(-rc);
    }
}
