/* SPDX-License-Identifier: Apache-2.0 */
/* V1 checkpoints by what they are called: a table file, a pattern of shards, or what the names of shards begin with. */
#ifndef CKPTFS_FORMAT_LOCATE_V1_H
#define CKPTFS_FORMAT_LOCATE_V1_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "format/locate.h"

/* locate_v1: the V1 checkpoint that `path` names, *out allocated in `a`: 0, -ENOENT without words if there is none, or an error in d;
 * `argument` is what the user gave, for messages. */
MUST_CHECK errint locate_v1(const char *path, const char *argument, struct arena *a, struct location *out,
                            struct diag *d);

/* locate_escaped: `path` as a glob pattern that matches nothing else, allocated in `a`; NULL when memory is short. */
const char *locate_escaped(const char *path, struct arena *a);

/* locate_is_table: whether a file ends with the magic of a table, as an index and a V1 checkpoint do. */
bool locate_is_table(const char *path);

/* locate_complain_no_table: the error of a file that is there, is none, and has no index beside it: what its end is, and what a V1 checkpoint's is. */
errint locate_complain_no_table(const char *path, struct diag *d);

/* locate_shard_count: the N of PREFIX-00000-of-N, at the end of `path`; NULL if that is not the name of a shard. */
const char *locate_shard_count(const char *path);

#endif
