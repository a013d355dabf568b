/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a V1 checkpoint: its metadata, and where the values of its slices lie. Private to
 * legacy.c. */
#ifndef CKPTFS_SOURCE_TF_V1_LEGACY_READ_H
#define CKPTFS_SOURCE_TF_V1_LEGACY_READ_H

#include "codec/sstable_block.h"
#include "io/shard.h"
#include "source/tf_v1/legacy_meta.h"
#include "source/tf_v1/legacy_values.h"
#include "tensor/shape.h"

enum { LEGACY_BAD_MOST = 100, LEGACY_COMPONENTS_MOST = 512, LEGACY_FILES_MOST = 1 << 20 };

/* Where legacy_slice.shard says that its bytes are, while files are read: in a file, a compressed
 * block, or decoded values; the rest of the bits is a number. */
enum {
    LEGACY_IN_BLOCK = 1 << 30,
    LEGACY_IN_VALUES = 1 << 29,
    LEGACY_NUMBER = LEGACY_IN_VALUES - 1
};

struct legacy_file {
    const char *path; /* borrows */
    struct stat st;
    struct legacy_meta meta;       /* tensors by name, each one's slices in order */
    unsigned passed;               /* compressed blocks that are too large */
    struct sstable_stored *blocks; /* all data blocks, in order; in the reader's arena */
    uint32_t block_count;
};

/* Shards that are to be made of others. */
struct legacy_block {
    uint32_t file;
    struct sstable_stored stored;
    uint64_t bytes; /* unpacked */
};

struct legacy_decoded {
    uint32_t base; /* a file, or LEGACY_IN_BLOCK with a block */
    struct wire_window record;
    struct legacy_coding coding;
    uint64_t count;
};

struct legacy_reader {
    struct diag *d;
    struct arena arena; /* holds the metadata */
    struct legacy_file *files;
    uint32_t file_count;
    struct legacy_block *blocks; /* owns */
    size_t block_count;
    size_t block_cap;
    struct legacy_decoded *decoded; /* owns */
    size_t decoded_count;
    size_t decoded_cap;
    unsigned bad;
    errint rc; /* of the first bad tensor */
};

/* legacy_read_file: reads r->files[number], whose path is set. Bad tensors are counted in r and do
 * not end it. */
MUST_CHECK errint legacy_read_file(struct legacy_reader *r, uint32_t number);

/* legacy_note_bad: counts a tensor's failure; negative if there is no going on. */
MUST_CHECK errint legacy_note_bad(struct legacy_reader *r, errint rc);

/* legacy_slice_shape: the slice's shape in dims[], with whole axes as numbers. */
struct shape legacy_slice_shape(const struct legacy_tensor *t, const struct legacy_slice *s,
                                int64_t dims[SHAPE_RANK_MOST]);

#endif
