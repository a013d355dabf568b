/* SPDX-License-Identifier: Apache-2.0 */
/* From what a user types to a checkpoint's files
 * (tensorflow/python/checkpoint/checkpoint_management.py, and kinder).
 *
 * Accepted: a prefix (PREFIX.index exists), a `.index`, `.data-*-of-*` or `.meta` file beside which
 * PREFIX.index exists, a directory with a `checkpoint` state file, such a state file itself. Only
 * the state file's latest path is tried, as TensorFlow does: absolute, or relative to the
 * directory. One that no longer exists, or is a Windows path, is tried by its last component beside
 * the state file (the directory was moved), and one that names a file of the checkpoint by its
 * prefix, with a warning. There is a warning, too, where the state file leads out of its directory,
 * and a checkpoint of that name is in it. A directory wins over a prefix of the same name, as in
 * TensorFlow, with a warning.
 *
 * Where there is no PREFIX.index, PREFIX is a V1 checkpoint: a table file (known by the magic at
 * its end), a pattern of such, or, which TensorFlow does not take, what the names of its shards
 * begin with, or its `.meta` file. Patterns are the user's, in the last component of the path
 * alone; in a state file only the ending that TensorFlow writes there is one
 * (`PREFIX-?????-of-00004`).
 *
 * A user's pattern may also match one `.index` file, or, which TensorFlow does not take, those of
 * the parts of a sharded save that was interrupted before they were merged
 * (`ckpt_temp/part-?????-of-00002`).
 *
 * A directory without a state file is, the first of these that fits:
 *
 *   a SavedModel's: saved_model.pb or .pbtxt is in it, and may itself be named. Its variables are
 *   variables/variables, in TensorFlow 0.12 variables/saved_model_variables. Those in another case
 *   of letters, or beside the saved_model.pb, are taken with a warning
 *
 *   a SavedModel's folder of variables
 *
 *   one with exactly one checkpoint in it, which is taken with a warning
 *
 *   one without, in which a SavedModel's folder of variables is: taken with a warning
 *
 *   one without either, in which there are safetensors files: those of the index
 *   model.safetensors.index.json, or of the only other index; else the only file; else
 *   model.safetensors, or all that are numbered as those of one model, each with a warning
 *
 * A safetensors file may itself be named, as may an index of several, and a pattern of them in the
 * last component (`model-*-of-*.safetensors`). */
#ifndef CKPTFS_SOURCE_TF_LOCATE_H
#define CKPTFS_SOURCE_TF_LOCATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"

/* The drivers of what is found (source.h). */
#define LOCATION_V2          "tf-v2"
#define LOCATION_V1          "tf-v1"
#define LOCATION_SAFETENSORS "safetensors"

struct location {
    const char *prefix;     /* "dir/model.ckpt-1000"; of V1 the file, or the pattern of its shards;
                                 of parts, their pattern; of safetensors the file, the index or the
                                 pattern */
    const char *driver;     /* the name of the one that opens it: LOCATION_V2, ... */
    const char *index_path; /* "dir/model.ckpt-1000.index"; of parts, the first one's; NULL: there
                                 is none, `files` are all */
    const char *const
        *files;          /* V1, safetensors: the shards, sorted; parts of a V2 checkpoint: their
                                 indexes, sorted */
    uint32_t file_count; /* 0 for a V2 checkpoint that is not in parts, and for safetensors with
                                 an index, which names them */
};

/* locate_checkpoint: finds the files of `argument`; texts are allocated in `a`. Opens nothing but
 * the state file, what may be V1 files, and, for its errors, what may be files of another kind:
 * regular files all. Errors say what was tried, and name checkpoints that are there, or below. */
MUST_CHECK errint locate_checkpoint(const char *argument, struct arena *a, struct location *out,
                                    struct diag *d);

/* locate_is_safetensors: whether a file is a safetensors file or an index of such, by its name, or
 * by its first bytes. */
bool locate_is_safetensors(const char *path);

/* locate_warn_both: the warning that is due if `path` is a directory, and was taken as such, where
 * there is `path`.index, too. */
void locate_warn_both(const char *path, struct diag *d);

#endif
