/* SPDX-License-Identifier: Apache-2.0 */
/* Which checkpoints lie in a directory that has no state file to say so. */
#ifndef CKPTFS_SOURCE_TF_LOCATE_SCAN_H
#define CKPTFS_SOURCE_TF_LOCATE_SCAN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"

/* Files of one directory that are looked into: `.index` files, and those of any name, any of which
 * may be a V1 file. */
enum { LOCATE_INDEXES_MOST = 100000, LOCATE_OTHERS_MOST = 10000 };

struct locate_found {
    struct str name; /* the prefix of a V2 index, a V1 file, or a pattern `PREFIX-?????-of-00004` */
    unsigned parts;  /* the pattern is of parts of a V2 checkpoint that were never merged: how many;
                        else 0 */
};

/* locate_scan: what there is in `dir`, not below it, by byte order and each once. Counts are files
 * that end as a table does: leftovers of a writer (`.tempstate...`), `.meta` and other files are
 * none. A V1 file beside an index of that name is no other checkpoint: the index wins, as in
 * TensorFlow. Results are allocated in `a`. -ENOMEM, or why the directory cannot be read. */
MUST_CHECK errint locate_scan(const char *dir, struct arena *a, struct locate_found **found,
                              uint32_t *count);

#endif
