/* SPDX-License-Identifier: Apache-2.0 */
/* The `checkpoint` state file: a CheckpointState in protobuf text format
 * (tensorflow/python/training/checkpoint_state.proto; text rules:
 * google/protobuf/text_encoding.py). */
#ifndef CKPTFS_SOURCE_TF_STATEFILE_H
#define CKPTFS_SOURCE_TF_STATEFILE_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"

struct statefile {
    struct str latest;     /* model_checkpoint_path, unescaped; never empty */
    struct str windows;    /* the same without a look at escapes, if it begins as `"D:\train` does,
                              which no TensorFlow writes; else empty */
    const struct str *all; /* all_model_checkpoint_paths, in file order */
    uint32_t all_count;
};

/* statefile_parse: `text` is the file's content, `path` names it in messages; results are allocated
 * in `a`. Takes both quotes, every escape, adjacent literals, comments, `;` and `,`; skips a BOM
 * and unknown fields; the last model_checkpoint_path wins. A Windows path that was written without
 * escapes, and is no string therefore, is taken as it stands. -EBADMSG with line and what was
 * expected, also when there is no model_checkpoint_path. */
MUST_CHECK errint statefile_parse(struct str text, const char *path, struct arena *a,
                                  struct statefile *out, struct diag *d);

#endif
