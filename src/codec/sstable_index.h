/* SPDX-License-Identifier: Apache-2.0 */
/* Footer and index block of a table: where its data blocks lie (tensorflow/core/lib/io/table.cc).
 * Private to the readers of tables: sstable.c, which reads them front to back, and tf_v1_scan.c,
 * which does not read values. */
#ifndef CKPTFS_CODEC_SSTABLE_INDEX_H
#define CKPTFS_CODEC_SSTABLE_INDEX_H

#include "codec/sstable_block.h"

struct sstable_index {
    struct sstable_block block;
    uint64_t off;      /* data blocks end here at the latest */
    uint64_t data_end; /* of the newest data block with its trailer: the next one begins here or
                          later */
    uint32_t key_len;  /* of the newest entry */
};

/* sstable_index_open: reads footer and index block of the table into the zeroed *x. A metaindex
 * block that is damaged is a warning. */
MUST_CHECK errint sstable_index_open(struct sstable_index *x, const struct sstable_source *src);

/* sstable_index_next: the next data block, which lies between the one before it and the index
 * block: 1, 0 at the end, negative with the diag filled. */
MUST_CHECK int sstable_index_next(struct sstable_index *x, const struct sstable_source *src,
                                  struct sstable_handle *h);

/* sstable_check_metaindex: whether the metaindex block, which no reader needs, has its checksum.
 * -EBADMSG, with the diag filled. */
MUST_CHECK errint sstable_check_metaindex(const struct sstable_source *src);

/* sstable_index_fini: frees the block. */
void sstable_index_fini(struct sstable_index *x);

/* sstable_count_key: adds a key's length to the sum of all, and holds that against its limit:
 * prefix compression makes much out of little. */
MUST_CHECK errint sstable_count_key(const struct sstable_source *src, size_t len, uint64_t *sum);

#endif
