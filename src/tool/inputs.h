/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a view was read from: an export must not replace them, and what it writes is for
 * nobody who may not read them. */
#ifndef CKPTFS_TOOL_INPUTS_H
#define CKPTFS_TOOL_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/errint.h"
#include "view/view.h"

struct inputs {
    struct stat *files; /* owns */
    size_t count;
    size_t cap;
    mode_t mode; /* permissions that all of them give whose content is in the view; 0600 at least */
};

/* inputs_find: index, opened data files, sidecars, the map, the state file that led to them, and
 * `graph`, as -g gives it (NULL: none). Paths of the last two are looked up anew: of a graph's
 * checkpoint only the files that name its tensors count. One that cannot be looked at is an error
 * in `d`, or a warning if it cannot have been read either (-EACCES). To be given to inputs_fini in
 * either case. */
MUST_CHECK errint inputs_find(const struct view *v, const char *graph, struct diag *d,
                              struct inputs *out);
void inputs_fini(struct inputs *o);

/* inputs_have: whether the file `name` of the directory `at` is one of them, or a link to one: 1 or
 * 0, or why it cannot be looked at. */
MUST_CHECK errint inputs_have(const struct inputs *o, int at, const char *name);

#endif
