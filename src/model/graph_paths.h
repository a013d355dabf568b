/* SPDX-License-Identifier: Apache-2.0 */
/* What a checkpoint has at the paths of objects of another one, which is the target graph: what
 * TensorFlow's Checkpoint.restore would give each of them. Private to src/model. */
#ifndef CKPTFS_MODEL_GRAPH_PATHS_H
#define CKPTFS_MODEL_GRAPH_PATHS_H

#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "map/variable_paths.h"
#include "source/catalog.h"

/* graph_find_paths: fills paths[], which are zero, one for each variable of the graph: `numbers`
 * says by tensor of `graph` which variable it is, or OBJECT_NONE. Both catalogs have records of
 * objects. A variable's value is found by the path of its object, anything else that an object
 * saves by that path and the attribute's name, and what neither leads to by its key. What is wrong
 * is in the diag. */
MUST_CHECK errint graph_find_paths(const struct catalog *graph, const struct catalog *of,
                                   const uint32_t *numbers, struct variable_paths *paths,
                                   struct diag *d);

#endif
