/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as texts: nothing is looked up. */
#ifndef CKPTFS_BASE_PATH_H
#define CKPTFS_BASE_PATH_H

#include "base/arena.h"
#include "base/str.h"

/* path_dir: the directory of `path` as text allocated in `a`, "." where it has none; NULL when
 * memory is short. */
const char *path_dir(const char *path, struct arena *a);

/* path_last: what follows the last '/' of `path`: all of it where there is none. path_base: of a
 * path that ends with NUL. */
struct str path_last(struct str path);
struct str path_base(const char *path);

#endif
