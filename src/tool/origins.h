/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a view was read from: an export must not replace them, and what it writes is for
 * nobody who may not read them. */
#ifndef CKPTFS_TOOL_ORIGINS_H
#define CKPTFS_TOOL_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/errint.h"
#include "view/view.h"

struct origins {
    struct stat *files; /* owns */
    size_t count;
    size_t cap;
    mode_t mode; /* permissions that all of them give whose content is in the view; 0600 at least */
};

/* origins_find: index, opened data files, sidecars, the map, the state file that led to them, and
 * `graph`, as -g gives it (NULL: none). Paths of the last two are looked up anew: of a graph's
 * checkpoint only the files that name its tensors count. -ENOMEM. To be given to origins_fini in
 * either case. */
MUST_CHECK errint origins_find(const struct view *v, const char *graph, struct origins *out);
void origins_fini(struct origins *o);

/* origins_have: whether the file `path`, against the directory `at`, is one of them, or a link to
 * one. */
bool origins_have(const struct origins *o, int at, const char *path);

#endif
