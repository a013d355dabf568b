/* SPDX-License-Identifier: Apache-2.0 */
/* The real files that a view shows beside the tensors, held open like the checkpoint's own
 * (io/shard.h): those that the map's [files] names, all regular files of a folder that it names,
 * and, with `layout = savedmodel`, those that make a SavedModel of its variables (saved_model.h).
 *
 * They are found first, since the tree is made of their names, and opened later. */
#ifndef CKPTFS_VIEW_SIDECARS_H
#define CKPTFS_VIEW_SIDECARS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "io/shard.h"
#include "map/map.h"

struct sidecar_file {
    const char *name;   /* in the mount: "config.json", "assets/vocab.txt" */
    const char *path;   /* of the real file */
    struct position at; /* in the map; its file is NULL where the map does not name it */
    bool below;         /* it was found in a folder, where `st` was seen at its path */
    struct stat st;
};

/* sidecar_position: of messages about f: in the map, else the file itself. */
static inline struct position sidecar_position(const struct sidecar_file *f)
{
    return f->at.file ? f->at : position_file(f->path);
}

struct sidecars {
    struct arena arena;
    const struct sidecar_file *found;
    struct shard *files; /* one for each of them */
    uint32_t count;
};

/* sidecars_find: the files for `m`, and, if they are to be shown, for the SavedModel whose
 * variables have the prefix `prefix`: that of the checkpoint, beside which some files of `m` may be
 * (NULL: there is none). A folder that cannot be read is an
 * error with its line; what is in it but no regular file is a warning, and left out. To be given to
 * sidecars_close in either case. */
MUST_CHECK errint sidecars_find(const struct map *m, const char *prefix, struct diag *d,
                                struct sidecars *out);

/* sidecars_open: opens them. Each that is missing or no regular file is an error with its line. */
MUST_CHECK errint sidecars_open(struct sidecars *s, struct diag *d);
void sidecars_close(struct sidecars *s);

#endif
