/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in a directory under names like those that were looked for. */
#ifndef CKPTFS_IO_NEAREST_FILE_H
#define CKPTFS_IO_NEAREST_FILE_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"

enum { NEAREST_FILES_MOST = 5 };

/* nearest_files: the first NEAREST_FILES_MOST names in `dir`, by byte order, that start with
 * `prefix` and end with `suffix`, allocated in `a`; returns how many, 0 also where the directory
 * cannot be read. */
unsigned nearest_files(const char *dir, struct str prefix, struct str suffix, struct arena *a,
                       struct str names[NEAREST_FILES_MOST]);

/* nearest_ignoring_case: the first name in `dir`, by byte order, that is `name` but for the case of
 * ASCII letters, and not `name` itself, allocated in `a`; NULL if there is none. */
const char *nearest_ignoring_case(const char *dir, const char *name, struct arena *a);

/* nearest_path: adds to the newest error of `d`, which says that there is no `path`, the path of
 * the name in its directory that is nearest by edit distance, the first of several by byte order.
 * Adds nothing where none is within nearest_most, or `d` is NULL. */
void nearest_path(struct diag *d, const char *path);

#endif
