/* SPDX-License-Identifier: Apache-2.0 */
/* The files of one directory whose names match a pattern. Not glob(3): a hostile pattern with
 * wildcards in its directories makes that walk the whole file system. */
#ifndef CKPTFS_SOURCE_TF_LOCATE_GLOB_H
#define CKPTFS_SOURCE_TF_LOCATE_GLOB_H

#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"

enum { LOCATE_MATCHES_MOST = 1 << 14 };

/* locate_glob: the regular files in the directory `head` ("", or a path that ends in '/') whose
 * names match `glob` (base/glob.h), each as head and name, by byte order, allocated in `a`. A name
 * that begins with '.' is matched only by a pattern that does. Opens nothing but the directory; one
 * that cannot be read has no files. -ENOMEM; -EOVERFLOW for more than LOCATE_MATCHES_MOST files. */
MUST_CHECK errint locate_glob(struct str head, struct str glob, struct arena *a,
                              const char ***files, uint32_t *count);

/* locate_head: what of `path` is before its last component: "", or the path up to a '/' and with
 * it. */
struct str locate_head(struct str path);

#endif
