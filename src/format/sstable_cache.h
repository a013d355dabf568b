/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed blocks of V1 files as derived shards (shard.h): the bytes of such a shard are those of one block, unpacked.
 *
 * A block is unpacked at its first read and kept while there is room: all that is kept, and all that is being unpacked, together have at
 * most so many bytes as the cache may; the one not used for the longest time goes first. One thread unpacks a block while the others that
 * need it wait (cell.h). A block whose checksum or content is wrong stays so and is not tried again. */
#ifndef CKPTFS_FORMAT_SSTABLE_CACHE_H
#define CKPTFS_FORMAT_SSTABLE_CACHE_H

#include "base/arena.h"
#include "format/shard.h"
#include "format/sstable_block.h"

enum { SSTABLE_CACHE_MOST = SSTABLE_BLOCK_MOST }; /* so that each block that can be unpacked fits */

struct sstable_cache;

struct sstable_cache_stats {
    uint64_t most;
    uint64_t bytes;   /* kept or being unpacked */
    uint64_t hits;    /* reads that found their block */
    uint64_t misses;  /* that unpacked it */
    uint64_t evicted; /* blocks */
};

/* sstable_cache_new: a cache of at most `most` bytes, SSTABLE_CACHE_MOST but in tests; NULL when memory is short.
 * sstable_cache_free: after the last read of its shards; NULL is legal. */
struct sstable_cache *sstable_cache_new(uint64_t most);
void sstable_cache_free(struct sstable_cache *c);

/* sstable_cache_stats: zeros of NULL. */
struct sstable_cache_stats sstable_cache_stats(struct sstable_cache *c);

/* sstable_cache_shard: the derived shard of the block at `h` in `base`, which has `bytes` (at most the cache's) unpacked. What
 * it needs is allocated in `a`. -ENOMEM. */
MUST_CHECK errint sstable_cache_shard(struct sstable_cache *c, struct shard *base, struct sstable_handle h,
                                      uint64_t bytes, struct arena *a, struct shard *out);

#endif
