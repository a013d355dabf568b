/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a V1 file, found without reading their values: a tensor of 1 GB is one value in
 * one block of 1 GB (tensorflow/core/util/tensor_slice_writer.cc).
 *
 * Index and entries are walked through small windows of the file. So the checksum of a block, which
 * covers all of it, is not verified here (legacy_blocks.h), but for the first block, which has the
 * metadata, where it has at most LEGACY_VERIFIED_MOST bytes. A snappy block can only be walked
 * unpacked; it is held while its records are looked at, and one of more than SSTABLE_BLOCK_MOST
 * bytes is passed over and counted.
 *
 * Keys must increase, as in sstable.h, and the limits of keys are the same. Values may have any
 * length that is in the file. */
#ifndef CKPTFS_SOURCE_TF_V1_LEGACY_SCAN_H
#define CKPTFS_SOURCE_TF_V1_LEGACY_SCAN_H

#include <stdbool.h>

#include "base/diag.h"
#include "base/errint.h"
#include "codec/sstable_block.h"
#include "codec/wire.h"

enum { LEGACY_VERIFIED_MOST = 64 << 20 };

struct legacy_record {
    struct str key;           /* borrowed until the next call */
    struct wire *wire;        /* what walks the value; borrowed likewise */
    struct wire_window value; /* of the file, or of the unpacked block */
    bool packed;              /* the block is compressed */
    struct sstable_stored block;
    uint64_t block_bytes; /* unpacked */
};

struct legacy_scan;

/* legacy_scan_open: of the first `size` bytes (the file's exact size) of fd, which stays the
 * caller's; `path` is for messages, borrowed. */
MUST_CHECK errint legacy_scan_open(int fd, uint64_t size, const char *path, struct diag *d,
                                   struct legacy_scan **out);

/* legacy_scan_next: 1 and the next record; 0 at the end; negative with the diag filled. */
MUST_CHECK int legacy_scan_next(struct legacy_scan *s, struct legacy_record *r);

/* legacy_scan_passed: how many compressed blocks were passed over because of their size. */
unsigned legacy_scan_passed(const struct legacy_scan *s);

/* legacy_scan_blocks: the data blocks that were met so far, in order, borrowed until
 * legacy_scan_close. */
const struct sstable_stored *legacy_scan_blocks(const struct legacy_scan *s, size_t *count);

void legacy_scan_close(struct legacy_scan *s);

#endif
