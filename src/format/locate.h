/* SPDX-License-Identifier: Apache-2.0 */
/* From what a user types to a checkpoint's files (tensorflow/python/checkpoint/checkpoint_management.py, and kinder).
 *
 * Accepted: a prefix (PREFIX.index exists), a `.index`, `.data-*-of-*` or `.meta` file beside which PREFIX.index exists, a directory with a
 * `checkpoint` state file, such a state file itself. Only the state file's latest path is tried, as TensorFlow does: absolute, or
 * relative to the directory. One that no longer exists, or is a Windows path, is tried by its last component beside the state file (the
 * directory was moved), with a warning. A directory wins over a prefix of the same name, as in TensorFlow.
 *
 * Where there is no PREFIX.index, PREFIX is a V1 checkpoint: a table file (known by the magic at its end), a glob pattern of such
 * (`PREFIX-?????-of-00004`), which is what state files have, or, which TensorFlow does not take, what the names of its shards begin with, or its `.meta`
 * file.
 *
 * A directory without a state file is a SavedModel's (saved_model.pb or .pbtxt; taken by itself too), whose variables are
 * variables/variables, in TensorFlow 0.12 variables/saved_model_variables; or the folder of those; or has exactly one checkpoint in it,
 * which is taken with a warning; or has none, but a SavedModel's folder of variables, likewise. */
#ifndef CKPTFS_FORMAT_LOCATE_H
#define CKPTFS_FORMAT_LOCATE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"

enum location_format { LOCATION_V2, LOCATION_V1 };

struct location {
    const char *prefix; /* "dir/model.ckpt-1000"; of V1 the file, or the pattern of its shards */
    enum location_format format;
    const char *index_path;   /* V2: "dir/model.ckpt-1000.index" */
    const char *const *files; /* V1: the shards, sorted */
    uint32_t file_count;
};

/* locate_checkpoint: finds the files of `argument`; texts are allocated in `a`. Opens nothing but the state file, and what may be
 * V1 files. Errors say what was tried, and name `.index` files that are there. */
MUST_CHECK errint locate_checkpoint(const char *argument, struct arena *a, struct location *out,
                                    struct diag *d);

#endif
