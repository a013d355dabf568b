/* SPDX-License-Identifier: Apache-2.0 */
/* The data blocks of a V1 file and their checksums, which are all the checksums that V1 has: of a
 * block's stored bytes and its type (tensorflow/core/lib/io/format.cc, ReadBlock). A value lies in
 * one block, whatever its size, and a block may hold many.
 *
 * They stand in the very file that they are about: where it may have been written to, what they say
 * now proves nothing. So they are kept as they were when the file was read at first. */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_BLOCKS_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_BLOCKS_H

#include <stdint.h>

#include "base/errint.h"
#include "codec/sstable_block.h"
#include "io/io.h"
#include "source/source.h"

/* It stays in the processor's cache between the copy and the checksum. */
enum { TF_V1_BLOCK_WINDOW = 256 << 10 };

#define TF_V1_NO_BLOCK UINT32_MAX

/* The data blocks of a file, in order. */
struct tf_v1_blocks {
    const struct sstable_stored *list;
    uint32_t count;
    uint64_t first; /* how many blocks the files before it have */
};

/* tf_v1_block_sum: the checksum that the bytes of the block at `h` of the file have, masked,
 * reading it once through `window`, which has TF_V1_BLOCK_WINDOW bytes. The meter may be NULL.
 * Fails as io_read; -EINTR where w is interrupted (once.h). */
MUST_CHECK errint tf_v1_block_sum(struct io *file, struct once_waiter *w, struct sstable_handle h,
                                  char *window, struct source_meter *meter, uint32_t *out);

/* tf_v1_block_at: the number in the list of the block that has byte `off`, or TF_V1_NO_BLOCK.
 * O(log n). */
uint32_t tf_v1_block_at(const struct tf_v1_blocks *blocks, uint64_t off);

#endif
