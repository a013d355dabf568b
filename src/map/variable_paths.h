/* SPDX-License-Identifier: Apache-2.0 */
/* What the checkpoint has at a variable's paths of objects, where both the graph and the checkpoint
 * record their objects (model/graph_file.h). A variable may be reached by several paths. */
#ifndef CKPTFS_MAP_VARIABLE_PATHS_H
#define CKPTFS_MAP_VARIABLE_PATHS_H

#include <stdbool.h>

#include "base/diag.h"

struct tensor;

enum { VARIABLE_RIVALS_MOST = DIAG_NEAREST - 1 }; /* what a message can name beside the first */

struct variable_paths {
    const struct tensor *tensor; /* borrows: the first that was found; NULL: there is none */
    const struct tensor *rivals[VARIABLE_RIVALS_MOST]; /* borrows: the first ones that differ from
                                                          `tensor`, at other paths; or NULL */
    bool called_by_path; /* there is no tensor, and the variable's name is but its path: a tensor
                            of that name is another variable's */
    bool attribute;      /* it is no variable's value, but something else that an object saves */
};

/* variable_paths_add: notes that t is at a path of the variable. The first becomes `tensor`; one
 * that differs from it becomes a rival, as long as there is room. */
void variable_paths_add(struct variable_paths *p, const struct tensor *t);

#endif
