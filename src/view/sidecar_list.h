/* SPDX-License-Identifier: Apache-2.0 */
/* Sidecars that are being found, from the folders that they are in. */
#ifndef CKPTFS_VIEW_SIDECAR_LIST_H
#define CKPTFS_VIEW_SIDECAR_LIST_H

#include "view/sidecars.h"

enum {
    FOLDER_DEPTH = 16,        /* of the folders in a folder */
    FOLDER_ENTRIES = 1 << 16, /* looked at, in all folders of a view */
};

struct sidecar_list {
    struct arena *arena;        /* borrows: of all texts */
    struct diag *diag;          /* borrows */
    struct sidecar_file *files; /* room for SIDECARS_MOST */
    uint32_t count;
    uint32_t entries; /* of folders, that were looked at */
};

/* sidecar_add: one more, whose texts are borrowed. -EOVERFLOW, without an error: there are
 * SIDECARS_MOST. */
MUST_CHECK errint sidecar_add(struct sidecar_list *l, struct sidecar_file file);

/* sidecar_problem: an error of a file that the map names; a warning of a file that nobody named,
 * and then 0 is returned: it is not shown. `why` is what is wrong with it. */
FORMAT(3, 4)
errint sidecar_problem(struct sidecar_list *l, const struct sidecar_file *f, const char *why, ...);

/* sidecar_add_folder: all regular files in `folder`, whose name is that of a directory of the
 * mount, and in the folders in it. Nothing that leads out of it is followed: what is no regular
 * file is left out, with a warning, as are names that the mount would not show as they are.
 * -ENOENT, without an error: there is no such folder. */
MUST_CHECK errint sidecar_add_folder(struct sidecar_list *l, const struct sidecar_file *folder);

#endif
