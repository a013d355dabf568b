/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a V1 file, found without reading their values: a tensor of 1 GB is one value in
 * one block of 1 GB (tensorflow/core/util/tensor_slice_writer.cc).
 *
 * Index and entries are walked through small windows of the file. So the checksum of a block, which
 * covers all of it, is not verified here (tf_v1_blocks.h), but for the first block, which has the
 * metadata, where it has at most TF_V1_VERIFIED_MOST bytes. A snappy block can only be walked
 * unpacked; it is held while its records are looked at, and one of more than SSTABLE_BLOCK_MOST
 * bytes is passed over and counted.
 *
 * Keys must increase, as in sstable.h, and the limits of keys are the same. Values may have any
 * length that is in the file. */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_SCAN_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_SCAN_H

#include <stdbool.h>

#include "base/diag.h"
#include "base/errint.h"
#include "codec/sstable_block.h"
#include "codec/wire.h"

enum { TF_V1_VERIFIED_MOST = 64 << 20 };

struct tf_v1_record {
    struct str key;           /* borrowed until the next call */
    struct wire *wire;        /* what walks the value; borrowed until the next call */
    struct wire_window value; /* of the file, or of the unpacked block */
    bool packed;              /* the block is compressed */
    struct sstable_stored block;
    uint64_t block_bytes; /* unpacked */
};

struct tf_v1_scan;

/* tf_v1_scan_open: a scan of the io, which stays the caller's and open until tf_v1_scan_close. */
MUST_CHECK errint tf_v1_scan_open(struct io *io, struct diag *d, struct tf_v1_scan **out);

/* tf_v1_scan_next: 1 and the next record; 0 at the end; negative with the diag filled. */
MUST_CHECK int tf_v1_scan_next(struct tf_v1_scan *s, struct tf_v1_record *r);

/* tf_v1_scan_passed: how many compressed blocks were passed over because of their size. */
unsigned tf_v1_scan_passed(const struct tf_v1_scan *s);

/* tf_v1_scan_blocks: the data blocks that were met so far, in order, borrowed until
 * tf_v1_scan_close. */
const struct sstable_stored *tf_v1_scan_blocks(const struct tf_v1_scan *s, size_t *count);

void tf_v1_scan_close(struct tf_v1_scan *s);

#endif
