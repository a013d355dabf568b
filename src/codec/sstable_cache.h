/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed blocks of V1 files as derived ios (io.h): the bytes of such an io are those of one
 * block, unpacked.
 *
 * A block is unpacked at its first read and kept while there is room: all that is kept, and all
 * that is being unpacked, together have at most so many bytes as the cache may; the one not used
 * for the longest time goes first. One thread unpacks a block while the others that need it wait
 * (once.h). A block whose checksum or content is wrong stays so and is not tried again. What is
 * unpacked has the checksum that the block had when the file was read at first, so it stays right
 * whatever becomes of the file.
 *
 * Whoever reads small parts of more blocks in turn than fit unpacks each of them for each part. So
 * a caller that reads in parallel asks how many readers fit, and a cache that was made smaller
 * grows again when it turns out that blocks are read in turn. */
#ifndef CKPTFS_CODEC_SSTABLE_CACHE_H
#define CKPTFS_CODEC_SSTABLE_CACHE_H

#include "base/arena.h"
#include "codec/sstable_block.h"

enum {
    SSTABLE_CACHE_MOST = SSTABLE_BLOCK_MOST, /* so that each block that can be unpacked fits */
    SSTABLE_CACHE_SMALL = 16 << 20,          /* for one reader */
    SSTABLE_CACHE_CUT = 4,                   /* passes over a view are fewer */
};

struct sstable_cache;

struct sstable_cache_stats {
    uint64_t most;    /* now */
    uint64_t bytes;   /* kept or being unpacked */
    uint64_t hits;    /* reads that found their block */
    uint64_t misses;  /* that unpacked it */
    uint64_t evicted; /* blocks */
};

/* sstable_cache_new: a cache of at most `most` bytes, SSTABLE_CACHE_MOST but in tests; NULL when
 * memory is short. sstable_cache_free: after the last read of its ios; NULL is legal. */
struct sstable_cache *sstable_cache_new(uint64_t most);
void sstable_cache_free(struct sstable_cache *c);

/* sstable_cache_shrink: from now on at most `most` bytes, but room for its largest block. For a
 * caller that reads one block after the other. A block that was pushed out SSTABLE_CACHE_CUT times
 * with less than half of it read makes the cache grow by its bytes, up to what it had at first:
 * then tensors are put together from several blocks. NULL is legal. */
void sstable_cache_shrink(struct sstable_cache *c, uint64_t most);

/* sstable_cache_readers: how many readers, each of one block after the other, do not push out each
 * other's: 1 or more, without limit for NULL. One less than the blocks that fit: the one that a
 * reader has just finished is the newest, and stays the longest. */
size_t sstable_cache_readers(struct sstable_cache *c);

/* sstable_cache_stats: zeros of NULL. */
struct sstable_cache_stats sstable_cache_stats(struct sstable_cache *c);

/* sstable_cache_io: the io of a block in `base`, which has `bytes` (at most the cache's) unpacked.
 * It is allocated in `a`, and owns nothing. -ENOMEM. */
MUST_CHECK errint sstable_cache_io(struct sstable_cache *c, struct io *base,
                                   struct sstable_stored block, uint64_t bytes, struct arena *a,
                                   struct io **out);

#endif
