/* SPDX-License-Identifier: Apache-2.0 */
/* Files of another kind than was expected, known by how they begin: what people have in the place
 * of a checkpoint, a graph, a map or a sidecar, and what to do about each. */
#ifndef CKPTFS_IO_FILE_KIND_H
#define CKPTFS_IO_FILE_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "io/io.h"

enum file_kind_group {
    FILE_KIND_UNKNOWN,
    FILE_KIND_EMPTY,
    FILE_KIND_POINTER,     /* a few lines in the place of the file: Git LFS, git-annex */
    FILE_KIND_GRAPH,       /* .meta, saved_model.pb */
    FILE_KIND_TABLE,       /* an index, or a V1 checkpoint */
    FILE_KIND_STATE,       /* a `checkpoint` state file */
    FILE_KIND_MAP,         /* a map of this program's */
    FILE_KIND_SAFETENSORS, /* a checkpoint, too */
    FILE_KIND_WEIGHTS,     /* another format of a model's weights */
    FILE_KIND_ARCHIVE,     /* to be unpacked */
    FILE_KIND_OTHER,
};

struct file_kind {
    enum file_kind_group group;
    const char *name;   /* "a Git LFS pointer"; "a file of no known kind" for FILE_KIND_UNKNOWN */
    const char *remedy; /* "run 'git lfs pull' in its repository"; NULL where there is none */
};

enum { FILE_KIND_HEAD = 1024 }; /* bytes at the beginning that are looked at */

/* file_kind_of: the kind of the file that the io is of; never NULL, static. Reads its first
 * FILE_KIND_HEAD bytes and its last 8; what cannot be read is unknown. */
const struct file_kind *file_kind_of(struct io *io);

/* file_kind_at: the kind of the file at `path`, static; unknown for what is no regular file. */
const struct file_kind *file_kind_at(const char *path);

/* file_kind_of_text: the kind of a file whose whole content is `text`, static. */
const struct file_kind *file_kind_of_text(struct str text);

/* The last 8 bytes of a table, which an index and a V1 checkpoint are
 * (tensorflow/core/lib/io/format.h). */
#define FILE_TABLE_MAGIC     UINT64_C(0xdb4775248b80fb57)
#define FILE_TABLE_MAGIC_HEX "57fb808b247547db" /* as a file has them */

/* file_ends_as_table: whether the io ends with the magic of a table. */
bool file_ends_as_table(struct io *io);

/* file_kind_complain: adds the error "the file is KIND, expected EXPECTED: REMEDY" and returns the
 * errint of `code`. */
errint file_kind_complain(struct diag *d, enum diag_code code, const char *path,
                          const struct file_kind *kind, const char *expected);

#endif
