/* SPDX-License-Identifier: Apache-2.0 */
/* Sidecars that are being found, from the folders that they are in. */
#ifndef CKPTFS_VIEW_SIDECAR_LIST_H
#define CKPTFS_VIEW_SIDECAR_LIST_H

#include "view/sidecars.h"

enum {
    FOLDER_DEPTH = 16,        /* of the folders in a folder */
    FOLDER_ENTRIES = 1 << 16, /* looked at, in all folders of a view */
    SIDECAR_HOMES = 2,
};

struct sidecar_list {
    struct arena *arena;        /* borrows: of all texts */
    struct diag *diag;          /* borrows */
    struct sidecar_file *files; /* room for SIDECARS_MOST */
    uint32_t count;
    uint32_t entries;                 /* of folders, that were looked at */
    struct stat homes[SIDECAR_HOMES]; /* directories in which the SavedModel's own files are */
    unsigned home_count;
};

/* sidecar_add_home: `name` of the directory `dir` is a file of the SavedModel's own: links in its
 * folders may lead to others that are where that one is, itself or behind a link. Nothing happens
 * if it is not there. */
void sidecar_add_home(struct sidecar_list *l, const char *dir, const char *name);

/* sidecar_add: one more, whose texts are borrowed. -EOVERFLOW, without an error: there are
 * SIDECARS_MOST. */
MUST_CHECK errint sidecar_add(struct sidecar_list *l, struct sidecar_file file);

/* sidecar_problem: an error of a file that the map names; a warning, and 0, of another,
 * which then is not shown. `why` is what is wrong with it. */
FORMAT(3, 4)
errint sidecar_problem(struct sidecar_list *l, const struct sidecar_file *f, const char *why, ...);

/* sidecar_add_folder: all regular files in `folder`, whose name is that of a directory of the
 * mount, and in the folders in it. Nothing that leads out of it is followed, but in a folder of the
 * SavedModel's own a link to a regular file that is where the SavedModel's other files are, as in
 * the caches of model hubs; root follows only those of its own. What is no such file is left out,
 * with a warning, as are names that the mount would not show as they are.
 * -ENOENT, without an error: there is no such folder. */
MUST_CHECK errint sidecar_add_folder(struct sidecar_list *l, const struct sidecar_file *folder);

#endif
