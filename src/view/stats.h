/* SPDX-License-Identifier: Apache-2.0 */
/* Live counters of a mount, and .ckptfs/stats, which shows them. Safe from any thread. */
#ifndef CKPTFS_VIEW_STATS_H
#define CKPTFS_VIEW_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "view/view.h"

struct stats {
    atomic_uint_fast64_t opens;    /* of files, not of directories */
    atomic_uint_fast64_t reads;    /* requests that reached us, answered or not */
    atomic_uint_fast64_t bytes;    /* in the answers to them */
    atomic_uint_fast64_t errors;   /* reads that were answered with an error */
    atomic_uint_fast64_t faults;   /* different causes of failures (fuse/read_errors.h) */
    atomic_uint_fast64_t repeated; /* failures whose cause was known */
};

static inline void stats_count(atomic_uint_fast64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* stats_render: adds lines `name value` to b: the counters, how many tensors were looked at by the
 * mount and their bytes (mount.tensors, mount.bytes), what the view holds, and `shard.N.failed` (0
 * or 1) for each shard that is read, where N is its number in the checkpoint. What is found out at
 * the first read of it, as far as it was:
 *
 *     faults, faults.repeated                  different causes of failed reads and look-ups, and
 *                                              how many failed of one that was known
 *     tensors.verified, tensors.damaged        tensors that were compared with their checksums: all
 *                                              that are read with -o verify, else those that
 *                                              checksums of an index are made of
 *     tables, tables.bytes, tables.damaged     of the offsets of V1 values
 *     strings.{sized,bytes,damaged}            string tensors, or slices of them; memory of where
 *                                              their elements stand
 *     blocks.{bytes,limit,hits,misses,evicted} unpacked blocks of compressed V1 files
 *     waiting                                  threads that are finding out, or wait for one that
 *                                              is */
void stats_render(const struct stats *s, const struct view *v, struct buf *b);

#endif
