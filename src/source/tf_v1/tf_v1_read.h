/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a V1 checkpoint: its metadata, and where the values of its slices lie. Private to
 * tf_v1.c. */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_READ_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_READ_H

#include "codec/sstable_block.h"
#include "io/shard.h"
#include "source/tf_v1/tf_v1_meta.h"
#include "source/tf_v1/tf_v1_values.h"
#include "tensor/shape.h"

enum { TF_V1_BAD_MOST = 100, TF_V1_COMPONENTS_MOST = 512, TF_V1_FILES_MOST = 1 << 20 };

/* Where tf_v1_slice.shard says that its bytes are, while files are read: in a file, a compressed
 * block, or decoded values; the rest of the bits is a number. */
enum { TF_V1_IN_BLOCK = 1 << 30, TF_V1_IN_VALUES = 1 << 29, TF_V1_NUMBER = TF_V1_IN_VALUES - 1 };

struct tf_v1_file {
    const char *path; /* borrows */
    struct stat st;
    struct tf_v1_meta meta;        /* tensors by name, each one's slices in order */
    unsigned passed;               /* compressed blocks that are too large */
    struct sstable_stored *blocks; /* all data blocks, in order; in the reader's arena */
    uint32_t block_count;
};

/* Shards that are to be made of others. */
struct tf_v1_block {
    uint32_t file;
    struct sstable_stored stored;
    uint64_t bytes; /* unpacked */
};

struct tf_v1_decoded {
    uint32_t base; /* a file, or TF_V1_IN_BLOCK with a block */
    struct wire_window record;
    struct tf_v1_coding coding;
    uint64_t count;
};

struct tf_v1_reader {
    struct diag *d;
    struct arena arena; /* holds the metadata */
    struct tf_v1_file *files;
    uint32_t file_count;
    struct tf_v1_block *blocks; /* owns */
    size_t block_count;
    size_t block_cap;
    struct tf_v1_decoded *decoded; /* owns */
    size_t decoded_count;
    size_t decoded_cap;
    unsigned bad;
    errint rc; /* of the first bad tensor */
};

/* tf_v1_read_file: reads r->files[number], whose path is set. Bad tensors are counted in r and do
 * not end it. */
MUST_CHECK errint tf_v1_read_file(struct tf_v1_reader *r, uint32_t number);

/* tf_v1_note_bad: counts a tensor's failure; negative if there is no going on. */
MUST_CHECK errint tf_v1_note_bad(struct tf_v1_reader *r, errint rc);

/* tf_v1_slice_shape: the slice's shape in dims[], with whole axes as numbers. */
struct shape tf_v1_slice_shape(const struct tf_v1_tensor *t, const struct tf_v1_slice *s,
                               int64_t dims[SHAPE_RANK_MOST]);

#endif
