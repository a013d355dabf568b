/* SPDX-License-Identifier: Apache-2.0 */
/* Where a tensor, or a slice of one, is stored. */
#ifndef CKPTFS_SOURCE_STORED_H
#define CKPTFS_SOURCE_STORED_H

#include <stdint.h>

#include "source/catalog.h"

/* stored_shard, stored_off: the index into catalog.shards of tensor t, or of its slice s if that is
 * not NULL, and the offset in that shard. */
static inline uint32_t stored_shard(const struct tensor *t, const struct stored_slice *s)
{
    return s ? s->shard : t->shard;
}

static inline uint64_t stored_off(const struct tensor *t, const struct stored_slice *s)
{
    return s ? s->off : t->off;
}

/* stored_bytes: how many bytes of the shard are its own. Of a variant no more than the data file
 * has, 0 before that is open. */
uint64_t stored_bytes(const struct catalog *c, const struct tensor *t,
                      const struct stored_slice *s);

#endif
