/* SPDX-License-Identifier: Apache-2.0 */
#include "source/stored.h"

#include "source/tf/strings.h"
#include "tensor/dtype.h"

uint64_t stored_bytes(const struct catalog *c, const struct tensor *t, const struct stored_slice *s)
{
    const struct strings_run *run =
        strings_run_at(c->shards[stored_shard(t, s)].io, stored_off(t, s));
    if (run) {
        return run->bytes;
    }
    if (!s && !dtype_bytes(t->dtype)) { /* nothing that says so has looked at the file */
        const struct shard *shard = &c->shards[t->shard];
        uint64_t size = io_const_root(shard->io)->size;
        uint64_t left = t->off < size ? size - t->off : 0;
        if (t->dtype != DTYPE_VARIANT) {
            return 0;
        }
        return t->bytes < left ? t->bytes : left;
    }
    if (!s) {
        return t->bytes;
    }
    uint64_t bytes; /* the reader has checked that it fits */
    return shape_bytes((struct shape){s->len, t->rank}, t->dtype, &bytes) < 0 ? 0 : bytes;
}
