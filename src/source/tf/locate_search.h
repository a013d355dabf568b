/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of locate.h share. Private to locate*.c. */
#ifndef CKPTFS_SOURCE_TF_LOCATE_SEARCH_H
#define CKPTFS_SOURCE_TF_LOCATE_SEARCH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "source/tf/locate.h"

struct search {
    const char *argument; /* as the user gave it */
    struct arena *a;
    struct location *out;
    struct diag *d; /* NULL: what is wrong is not told */
};

/* The functions that return errint give 0 and *s->out, -ENOENT without words if there is no
 * checkpoint, unless they say otherwise, or an error that is in s->d. */

/* locate_probe: what is at a path: 0 for a regular file, -EISDIR, -EINVAL for a FIFO or the like,
 * -ENOENT, or another errno. */
errint locate_probe(const char *path);

/* locate_join: "dir/name", allocated in `a`; NULL when memory is short. */
const char *locate_join(struct arena *a, const char *dir, struct str name);

/* locate_try_prefix: takes PREFIX if there is PREFIX.index. */
MUST_CHECK errint locate_try_prefix(struct search *s, struct str prefix);

/* locate_try_path: by TensorFlow's rule: V2 if there is an index, else V1. */
MUST_CHECK errint locate_try_path(struct search *s, const char *path);

/* locate_try_pattern: the V2 checkpoint whose index the user's pattern matches, or the parts of one
 * (locate.h); patterns have a meaning in their last component alone. */
MUST_CHECK errint locate_try_pattern(struct search *s, const char *path);

/* locate_parts_pattern: `PREFIX-?????-of-N` of the prefix of a part, `PREFIX-00000-of-N`, N above
 * 1, allocated in `a`; NULL for any other prefix, and if memory is short. */
const char *locate_parts_pattern(struct str prefix, struct arena *a);

/* locate_without_suffix: PREFIX of PREFIX.index, PREFIX.meta or PREFIX.data-N-of-M; ptr is NULL if
 * the path has no such end. */
struct str locate_without_suffix(struct str path);

/* locate_follow_state: what the state file `file` in `dir` calls the latest; always 0 or an
 * error. */
MUST_CHECK errint locate_follow_state(struct search *s, const char *file, const char *dir);

/* locate_saved_model: the variables of the SavedModel in `dir`; always 0 or an error. */
MUST_CHECK errint locate_saved_model(struct search *s, const char *dir);

/* locate_in_directory: the checkpoint of the directory s->argument; always 0 or an error. */
MUST_CHECK errint locate_in_directory(struct search *s);

/* locate_safetensors_file: s->argument, a regular file, if it is a safetensors file, by its name or
 * its first bytes, or an index of such. locate_safetensors_pattern: the safetensors files that
 * s->argument matches. locate_safetensors_in: those of a directory (locate.h). */
MUST_CHECK errint locate_safetensors_file(struct search *s);
MUST_CHECK errint locate_safetensors_pattern(struct search *s);
MUST_CHECK errint locate_safetensors_in(struct search *s, const char *dir);

/* ---- words for errors */

/* locate_nearest: adds to the newest error the checkpoints in `dir` that have an index. */
void locate_nearest(struct search *s, const char *dir);

/* locate_hints: what else there is in `dir`, for the end of an error: "; m.index there is empty";
 * allocated in s->a, "" if there is nothing to say. */
const char *locate_hints(struct search *s, const char *dir);

/* locate_nearest_below: adds to the newest error the folders below `dir`, at most two levels, that
 * hold a checkpoint. */
void locate_nearest_below(struct search *s, const char *dir);

#endif
