/* SPDX-License-Identifier: Apache-2.0 */
/* Names and paths of files that a map gives. */
#ifndef CKPTFS_MAP_FILE_NAME_H
#define CKPTFS_MAP_FILE_NAME_H

#include "base/arena.h"
#include "base/str.h"

enum { FILE_NAME_MOST = 200 }; /* bytes; what is added to it stays below the 255 of a file system */

/* file_name_wrong: why `name` (%XX decoded) cannot be the name of a file of the mount, as in
 * "expected a file name without '/'"; NULL if it can. */
const char *file_name_wrong(struct str name);

/* file_path: `path` of a map against the folder of that map, whose path is `map`, with "%24{" for a
 * "${" that is no parameter; allocated in `a`; NULL when memory is short. */
const char *file_path(struct arena *a, const char *map, struct str path);

#endif
