/* SPDX-License-Identifier: Apache-2.0 */
/* A table in the making, byte for byte as TensorFlow's own writer would make it without
 * compression: tensorflow/core/lib/io/{table_builder,block_builder}.cc, with the Saver's options
 * (blocks of 256 KiB, a restart every 16 keys).
 *
 * The table grows in a buffer, so that a value may be changed after it was added: its length stays,
 * and the checksum of its block is made anew by sstable_build_seal. */
#ifndef CKPTFS_CODEC_SSTABLE_BUILD_H
#define CKPTFS_CODEC_SSTABLE_BUILD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/errint.h"
#include "base/str.h"
#include "codec/sstable_block.h"

struct sstable_build {
    struct buf out;                /* owns; the table so far */
    struct sstable_handle *blocks; /* owns; the data blocks that are finished, in order */
    size_t block_count;
    size_t block_cap;
    struct buf index;         /* owns; entries of the index block */
    uint32_t *index_restarts; /* owns; of each entry of the index block */
    size_t index_count;
    size_t index_cap;
    uint32_t *restarts; /* owns; of the block at hand */
    size_t restart_count;
    size_t restart_cap;
    size_t block_start; /* in `out` of the block at hand */
    unsigned run;       /* keys since the last restart */
    struct buf last;    /* owns; the key before */
    bool pending; /* the newest of `blocks` has no entry in the index yet: its key depends on the
                     next one */
    bool failed;  /* memory was short */
};

/* sstable_build_add: the next record; `key` must be greater than the one before, bytewise. Returns
 * where in b->out the value begins. */
size_t sstable_build_add(struct sstable_build *b, struct str key, struct str value);

/* sstable_build_finish: the rest of the table: b->out is then the whole file, of which the caller
 * may change bytes of values, and then must seal it. -ENOMEM if memory was short in any call. */
MUST_CHECK errint sstable_build_finish(struct sstable_build *b);

/* sstable_build_seal: the checksums of all data blocks of a finished table, from the bytes that are
 * there now. */
void sstable_build_seal(struct sstable_build *b);

/* sstable_build_fini: frees all; a zeroed struct is an empty table, and legal. */
void sstable_build_fini(struct sstable_build *b);

#endif
