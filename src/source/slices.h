/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor that is stored as slices: boxes that together are its whole index space, cut along any
 * axis or several, in any order, over any shards (tensorflow/core/util/tensor_slice_set.cc). */
#ifndef CKPTFS_SOURCE_SLICES_H
#define CKPTFS_SOURCE_SLICES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "tensor/shape.h"

struct stored_slice {
    const int64_t *start; /* rank numbers */
    const int64_t *len;   /* rank numbers */
    uint64_t off;         /* bytes in the shard of its first element; elements follow in C order; of
                             strings, its number (strings.h) */
    uint32_t shard;       /* index into catalog.shards */
    uint32_t crc32c;      /* masked, over its bytes */
};

/* What is wrong with a tensor's slices, if anything: it cannot be shown then. */
enum slices_fault { SLICES_WHOLE, SLICES_MISSING, SLICES_OVERLAP };

struct slices {
    const struct stored_slice *slices;
    uint32_t count;
    enum slices_fault fault;
    const char *what; /* of the fault, in words: which slices, or which box none has; NULL for
                         SLICES_WHOLE */
    uint64_t first;   /* how many slices the tensors before it in catalog.sliced have */
};

/* slices_print: a slice as messages show it, "[0:4, 0:3]". */
void slices_print(struct buf *b, const int64_t *start, const int64_t *len, unsigned rank);

/* slices_check: whether `s`, whose slices all lie within `shape`, tile it; sets fault and what (in
 * `a`). -ENOMEM, or -EOVERFLOW when they are so many and so entangled that telling would take too
 * long. */
MUST_CHECK errint slices_check(struct slices *s, struct shape shape, struct arena *a);

#endif
