/* SPDX-License-Identifier: Apache-2.0 */
/* One block of a table: read, verified, unpacked, and its entries one after the other
 * (tensorflow/core/lib/io/format.cc, block.cc). Private to the readers of tables.
 *
 *   in the file     stored bytes | type u8 (0 none, 1 snappy) | masked crc32c u32 over stored bytes
 *                   and type
 *   unpacked        entry* | restart offset u32 * n | n u32
 *   entry           varint32 shared | varint32 unshared | varint32 value_len | unshared bytes |
 *                   value bytes
 */
#ifndef CKPTFS_CODEC_SSTABLE_BLOCK_H
#define CKPTFS_CODEC_SSTABLE_BLOCK_H

#include <stdint.h>

#include "base/cursor.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "io/io.h"

enum {
    SSTABLE_TRAILER = 5,
    SSTABLE_KEY_MOST = 64 << 10,
    SSTABLE_VALUE_MOST = 16 << 20,
    SSTABLE_BLOCK_MOST = 256 << 20, /* TensorFlow cuts at 256 KiB, but takes any cutting */
    SSTABLE_SNAPPY_MOST = 32,       /* the format itself cannot exceed 64 bytes out of 3 */
};

/* A place in the file; `bytes` is without the trailer. */
struct sstable_handle {
    uint64_t off;
    uint64_t bytes;
};

/* A block, and the checksum that its trailer had when the table was read: masked, of its stored
 * bytes and its type. */
struct sstable_stored {
    struct sstable_handle handle;
    uint32_t crc32c;
};

struct sstable_source {
    struct io *io; /* borrows */
    struct diag *d;
};

struct sstable_block {
    char *stored; /* owns; reused from block to block */
    size_t stored_cap;
    char *plain; /* owns; what snappy gave */
    size_t plain_cap;
    const char *start;
    struct cursor entries; /* what is left of them */
    struct sstable_handle handle;
};

struct sstable_entry {
    uint32_t shared; /* bytes of the previous key that begin this one; not checked against it */
    struct str unshared;
    struct str value;
};

#define SSTABLE_CORRUPT(src, ...)                                                                  \
    diag_error((src)->d, DIAG_CHECKPOINT_CORRUPT, (src)->io->name, STR(""), __VA_ARGS__)
#define SSTABLE_LIMIT(src, ...)                                                                    \
    diag_error((src)->d, DIAG_LIMIT, (src)->io->name, STR(""), __VA_ARGS__)

enum { SSTABLE_PLAIN = 0, SSTABLE_SNAPPY = 1 }; /* the type byte */

/* The footer, which ends a table: two handles as varints, zeros to byte SSTABLE_HANDLES that no
 * reader looks at, 8 bytes of magic (tensorflow/core/lib/io/format.h). */
enum { SSTABLE_FOOTER = 48, SSTABLE_HANDLES = 40 };

/* sstable_unpack: what the block `b` has unpacked, `bytes` bytes, to `plain`; `stored` has all
 * bytes of it with the trailer. -EBADMSG: they have not the checksum that b says, or it is not such
 * a block. */
MUST_CHECK errint sstable_unpack(struct sstable_stored b, const char *stored, char *plain,
                                 size_t bytes);

/* sstable_block_load: reads the block at `h`, which the caller has checked to lie inside the file.
 * What the block held before is gone. */
MUST_CHECK errint sstable_block_load(struct sstable_block *b, const struct sstable_source *src,
                                     struct sstable_handle h);

/* sstable_block_next: 1 and the next entry, borrowed until the next load; 0 at the end; negative
 * with the diag filled. */
MUST_CHECK int sstable_block_next(struct sstable_block *b, const struct sstable_source *src,
                                  struct sstable_entry *e);

/* sstable_block_fini: frees the buffers; a zeroed block is legal. */
void sstable_block_fini(struct sstable_block *b);

#endif
