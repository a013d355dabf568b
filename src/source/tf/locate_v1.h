/* SPDX-License-Identifier: Apache-2.0 */
/* V1 checkpoints by what they are called: a table file, a pattern of shards, or what the names of
 * shards begin with. */
#ifndef CKPTFS_SOURCE_TF_LOCATE_V1_H
#define CKPTFS_SOURCE_TF_LOCATE_V1_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "source/tf/locate.h"

/* Which last component of a path is a pattern of shards. */
enum locate_wild {
    LOCATE_WILD_ENDING, /* one that ends as TensorFlow's do, in `-?????-of-00004`: no other
                           character has a meaning */
    LOCATE_WILD_ANY,    /* any with wildcards: the user's own words */
};

/* locate_v1: the V1 checkpoint that `path` names, *out allocated in `a`: 0, -ENOENT without words
 * if there is none, or an error in d; `argument` is what the user gave, for messages. Opens regular
 * files alone, in one directory. */
MUST_CHECK errint locate_v1(const char *path, enum locate_wild wild, const char *argument,
                            struct arena *a, struct location *out, struct diag *d);

/* locate_is_table: whether a regular file ends with the magic of a table, as an index and a V1
 * checkpoint do. */
bool locate_is_table(const char *path);

/* locate_complain_no_table: the error of a file that is there, is no table, and has no index beside
 * it: what it is, if that is known, else what its ends are, and what a V1 checkpoint's is. */
errint locate_complain_no_table(const char *path, struct diag *d);

/* locate_shard_count: the N of PREFIX-00000-of-N, at the end of `path`; NULL if that is not the
 * name of a shard. */
const char *locate_shard_count(const char *path);

/* locate_shard_pattern: `PREFIX-?????-of-N` of the name of a shard, allocated in `a`; NULL for any
 * other name. */
const char *locate_shard_pattern(const char *name, struct arena *a);

#endif
