/* SPDX-License-Identifier: Apache-2.0 */
/* Which checkpoints lie in a directory that has no state file to say so. */
#ifndef CKPTFS_FORMAT_LOCATE_SCAN_H
#define CKPTFS_FORMAT_LOCATE_SCAN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"

/* Files of one directory that are looked into: `.index` files, and those of any name, any of which may be a V1 file. */
enum { LOCATE_INDEXES_MOST = 100000, LOCATE_OTHERS_MOST = 10000 };

/* locate_scan: what there is in `dir`, not below it, by byte order and each once: the prefix of a V2 index, a V1 file, or
 * the pattern `PREFIX-?????-of-00004` of V1 shards. Counts are files that end as a table does: leftovers of a writer (`.tempstate...`),
 * `.meta` and other files are none. A V1 file beside an index of that name is no other checkpoint: the index wins, as in TensorFlow.
 * Results are allocated in `a`; a directory that cannot be read has none. -ENOMEM. */
MUST_CHECK errint locate_scan(const char *dir, struct arena *a, struct str **names, uint32_t *count);

#endif
