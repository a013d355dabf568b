/* SPDX-License-Identifier: Apache-2.0 */
/* Every byte of a checkpoint's tensors against its stored checksum, in parallel.
 *
 * V2: the masked CRC-32C of a tensor, or of each slice of one, covers its bytes as they are in the
 * file; of a string tensor it covers the lengths and then the bytes
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, ReadStringTensor), of a variant both of
 * each element (variants.h). The table's own blocks were verified when the index was read.
 *
 * V1: the values lie in the table's data blocks, and only these have checksums: every block of
 * every file is checked, and a bad one makes all tensors bad that have values in it. Then the
 * values themselves, where they are coded or compressed: that they can be unpacked, are
 * well-formed, fit the dtype, and are as many as the shape says. */
#ifndef CKPTFS_RENDER_VERIFY_H
#define CKPTFS_RENDER_VERIFY_H

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/errint.h"
#include "base/pages.h"
#include "source/catalog.h"

enum verify_outcome {
    VERIFY_GOOD,
    VERIFY_CHECKSUM,   /* the bytes, or those of its V1 block, are not those that were saved */
    VERIFY_UNREADABLE, /* the shard cannot give them, or goes on changing */
    VERIFY_MALFORMED,  /* a string or variant tensor whose lengths do not fit */
    VERIFY_VALUES,  /* V1 values that cannot be decoded, do not fit the dtype, or are too few or too
                       many */
    VERIFY_UNKNOWN, /* resources, unknown types, big-endian variants: nothing can be checked */
};

/* What came of one check. The checksums, masked, are set but for VERIFY_UNREADABLE and
 * VERIFY_UNKNOWN. */
struct verify_result {
    enum verify_outcome outcome;
    uint32_t doubt;  /* about the file, in which it was checked (shard.h) */
    uint32_t found;  /* of the bytes that are there */
    uint32_t stored; /* as the checkpoint says */
};

/* One run of stored bytes: a tensor, or a slice of one. */
struct verify_unit {
    const struct tensor *tensor;
    const struct stored_slice *slice; /* NULL: the whole tensor */
    uint32_t block;                   /* V1: index into verify.blocks; else TF_V1_NO_BLOCK */
    struct verify_result result;      /* after verify_run */
};

/* V1: a data block and the units in it. */
struct verify_block {
    uint32_t file;   /* index into catalog.shards */
    uint32_t number; /* index into its blocks */
    uint32_t first;  /* its units are units[first .. first + count) */
    uint32_t
        count; /* may be 0: a block with the metadata alone, or with values that no tensor has */
    struct verify_result result;
};

struct verify {
    const struct catalog *catalog; /* borrows; its shards are open */
    struct verify_unit *units;     /* owns; in order of shard and offset, for sequential reading */
    uint32_t count;
    struct verify_block *blocks; /* owns; of V1, in the order of the units; NULL */
    uint32_t block_count;
    uint64_t bytes; /* of all blocks, or else of all units */
};

/* Called from one of the threads, never from two at once, about four times a second. */
typedef void (*verify_progress)(void *context, uint64_t bytes_done, uint64_t bytes);

/* verify_init: the units of all tensors. -ENOMEM. To be given to verify_fini in either case. */
MUST_CHECK errint verify_init(struct verify *v, const struct catalog *c);
void verify_fini(struct verify *v);

/* verify_run: fills the results with `threads` threads (the caller's is one of them), each with one
 * buffer of VERIFY_BUFFER bytes. progress may be NULL. -ENOMEM; damage is no failure. */
MUST_CHECK errint verify_run(struct verify *v, unsigned threads, verify_progress progress,
                             void *context);

/* ---- one check, for those who need not all (checked.h) */

enum {
    VERIFY_BUFFER = 256 << 10
}; /* stays in the processor's cache between the copy and the checksum */

/* verify_buffer: such a buffer, to be freed; NULL when memory is short. */
static inline char *verify_buffer(void)
{
    return pages_alloc(VERIFY_BUFFER);
}

/* Told of bytes that were read; NULL does without. */
struct verify_meter {
    void (*read)(struct verify_meter *m, uint64_t bytes);
};

/* verify_stored: tensor t of a V2 checkpoint, or its slice s if that is not NULL, through `buf`,
 * which has VERIFY_BUFFER bytes. verify_stored_block: block `number` of a file of a V1 checkpoint.
 * Both: 0 and *out, or -EINTR where the calling thread is interrupted (once.h), or -ENOMEM. */
MUST_CHECK errint verify_stored(const struct catalog *c, const struct tensor *t,
                                const struct stored_slice *s, char *buf, struct verify_meter *meter,
                                struct verify_result *out);
MUST_CHECK errint verify_stored_block(struct shard *file, uint32_t number, char *buf,
                                      struct verify_meter *meter, struct verify_result *out);

/* verify_stored_shard, verify_stored_off: where in catalog.shards a tensor, or a slice of it,
 * is. */
static inline uint32_t verify_stored_shard(const struct tensor *t, const struct stored_slice *s)
{
    return s ? s->shard : t->shard;
}

static inline uint64_t verify_stored_off(const struct tensor *t, const struct stored_slice *s)
{
    return s ? s->off : t->off;
}

/* verify_stored_bytes: how many bytes its checksum covers. */
uint64_t verify_stored_bytes(const struct catalog *c, const struct tensor *t,
                             const struct stored_slice *s);

/* verify_words: the outcome, such as "checksum mismatch"; with the checksums where they differ.
 * Adds to b. */
void verify_words(const struct verify_result *r, struct buf *b);

/* verify_print: "NAME [0:4, 0:3]: checksum mismatch: stored 9c3a54b1, found 00c0ffee, in PATH", of
 * V1 "in the block at byte N (N bytes) of PATH". Adds to b, visibly. */
void verify_print(const struct catalog *c, const struct tensor *t, const struct stored_slice *s,
                  const struct verify_result *r, struct buf *b);

/* verify_print_block: "the block at byte N (N bytes) of PATH". */
void verify_print_block(const struct shard *file, uint32_t number, struct buf *b);

#endif
