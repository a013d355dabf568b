/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of what has none yet, found in parallel: the whole of each target or place is read
 * once. */
#ifndef CKPTFS_VIEW_FORMATS_TF_SUMS_H
#define CKPTFS_VIEW_FORMATS_TF_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "plan/plan.h"
#include "render/reader.h"

struct tf_sum {
    const struct target *target; /* whose bytes they are */
    bool placed;                 /* they stand at `off` in a shard, and are read there */
    bool strings;                /* they are STRING_JOINED */
    uint32_t seed;               /* of what comes before them, not masked; else 0 */
    uint32_t shard;              /* index into catalog.shards */
    uint64_t off;
    uint64_t bytes;
    size_t at;       /* for the caller */
    uint32_t crc32c; /* masked: the result */
};

/* tf_sums_run: fills crc32c of each with as many threads as there are processors, of a compressed
 * V1 file no more than its unpacked blocks have room for (codec/sstable_cache.h). The calling
 * thread reads with r, the others as r does. -EINTR when the calling thread's request was
 * interrupted (base/once.h); -ENOMEM; else what reading failed with, whose cause is noted
 * (base/cause.h). */
MUST_CHECK errint tf_sums_run(struct reader *r, struct tf_sum *sums, size_t count);

#endif
