/* SPDX-License-Identifier: Apache-2.0 */
/* The table format of V2 `.index` files and V1 checkpoints, read front to back.
 *
 * LevelDB's table with other defaults: tensorflow/core/lib/io/{format,block,table}.cc. Keys must be
 * strictly increasing (TensorFlow's own lookups fail otherwise), blocks must lie one after the
 * other before the footer, and every checksum is verified, so whatever comes out was written as
 * such. Limits against hostile files: a key 64 KiB, a value 16 MiB, all keys together 64 times the
 * file and 64 MiB, a snappy block 32 times its stored bytes.
 *
 *   data block 0 | trailer | ... | metaindex block | trailer | index block | trailer | footer
 *                   5 B                               5 B                     5 B      48 B
 *
 * A table is used by one thread. Errors are added to the diag with the io's name. */
#ifndef CKPTFS_CODEC_SSTABLE_H
#define CKPTFS_CODEC_SSTABLE_H

#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "io/io.h"

struct sstable;

/* sstable_open: a reader over the io, which stays the caller's and open until sstable_close. Reads
 * footer and index block. -EBADMSG, -EIO, -ENOMEM; on failure *out is NULL and the diag says
 * why. */
MUST_CHECK errint sstable_open(struct io *io, struct diag *d, struct sstable **out);

/* sstable_next: the next record: 1 and *key, *value, borrowed until the next call; 0 at the end;
 * negative on failure (diag filled), and then for ever. */
MUST_CHECK int sstable_next(struct sstable *t, struct str *key, struct str *value);

/* sstable_close: NULL is legal. */
void sstable_close(struct sstable *t);

#endif
