/* SPDX-License-Identifier: Apache-2.0 */
/* Every byte of a checkpoint's tensors against its stored checksum, in parallel.
 *
 * The masked CRC-32C of a tensor, or of each slice of one, covers its bytes as they are in the file; of a string tensor it covers the lengths
 * and then the bytes (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, ReadStringTensor). The table's own blocks were
 * verified when the index was read. */
#ifndef CKPTFS_BYTES_VERIFY_H
#define CKPTFS_BYTES_VERIFY_H

#include <stdint.h>

#include "base/errint.h"
#include "format/catalog.h"

enum verify_outcome {
    VERIFY_GOOD,
    VERIFY_CHECKSUM,   /* the bytes are not those that were saved */
    VERIFY_UNREADABLE, /* the shard cannot give them */
    VERIFY_MALFORMED,  /* a string tensor whose lengths do not fit */
    VERIFY_UNKNOWN,    /* variant and unknown types: nothing can be checked */
};

/* One run of stored bytes: a tensor, or a slice of one. */
struct verify_unit {
    const struct tensor *tensor;
    const struct stored_slice *slice; /* NULL: the whole tensor */
    enum verify_outcome outcome;      /* after verify_run */
    uint32_t found;                   /* VERIFY_CHECKSUM: the masked checksum of the bytes that are there */
};

struct verify {
    const struct catalog *catalog; /* borrows; its shards are open */
    struct verify_unit *units;     /* owns; in order of shard and offset, for sequential reading */
    uint32_t count;
    uint64_t bytes; /* of all units */
};

/* Called from one of the threads, never from two at once, about four times a second. */
typedef void (*verify_progress)(void *context, uint64_t bytes_done, uint64_t bytes);

/* verify_init: the units of all tensors. -ENOMEM. To be given to verify_fini in either case. */
MUST_CHECK errint verify_init(struct verify *v, const struct catalog *c);
void verify_fini(struct verify *v);

/* verify_run: fills the outcome of each unit with `threads` threads (the caller's is one of them), each with one buffer of 256 KiB. progress may be
 * NULL. -ENOMEM; damage is no failure. */
MUST_CHECK errint verify_run(struct verify *v, unsigned threads, verify_progress progress, void *context);

#endif
