/* SPDX-License-Identifier: Apache-2.0 */
/* The target graph: the variables that the model declares, as init_from_checkpoint's variable store
 * would hold them.
 *
 * They come from [variables] of the map, from a graph file, or from another checkpoint
 * (model/graph_file.h). */
#ifndef CKPTFS_MAP_GRAPH_H
#define CKPTFS_MAP_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "map/ini.h"
#include "map/partition.h"
#include "map/variable_paths.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

/* A graph can have a million. What few variables have stands behind a pointer. */
struct variable {
    struct str name;     /* full name, decoded; without :0; a partitioned one without /part_N */
    struct shape shape;  /* full shape; may have unknown dimensions or rank when not partitioned */
    const int64_t *cuts; /* of a partitioned one: the number of parts along each axis; else NULL */
    const struct position *at;          /* of its declaration, or the graph file; borrows */
    const struct variable_paths *paths; /* NULL: nothing is known of its paths of objects */
    enum dtype dtype;
    bool slot; /* of a partitioned variable: no rule of TensorFlow's reaches it, a Saver does */
};

/* Variables that are being put together. */
struct variable_list {
    struct variable *items; /* in an arena */
    uint32_t count;
};

struct graph {
    const struct variable *variables; /* sorted by name, bytewise; names are unique */
    uint32_t count;
    bool given; /* there was a [variables] section, if only an empty one */
};

/* variable_parse: `name = float32 [1000, 64] | partition 5,1` from one item, texts in `a`. Errors,
 * with the line: DIAG_MAP_SYNTAX for what is not a declaration (unknown dtype, with the nearest
 * names; malformed shape), and DIAG_GRAPH_INVALID for one that no variable can have (a partition of
 * an unknown or scalar shape, of another rank, with more parts than elements along its axis; more
 * than 2^63-1 bytes; a resource or variant). */
MUST_CHECK errint variable_parse(const struct ini_item *item, struct arena *a, struct variable *out,
                                 struct diag *d);

/* graph_build: sorts `variables` (taken over, in an arena that outlives *out, in the order
 * declared) and refuses, naming both lines, a name declared twice, and a plain variable called like
 * a part of a partitioned one (`x` and `x/part_0`). *out is `given`. */
MUST_CHECK errint graph_build(struct variable_list variables, struct graph *out, struct diag *d);

/* graph_merge: the variables of `declared` and `more` (names unique in each; `more` is taken over)
 * as one graph in `a`. One that both describe alike is taken once; one that they describe
 * differently is a DIAG_GRAPH_INVALID naming both places. */
MUST_CHECK errint graph_merge(const struct graph *declared, struct variable_list more,
                              struct arena *a, struct graph *out, struct diag *d);

/* variable_partition: how the variable is cut; rank 0: it is a plain one. Borrows from it. */
static inline struct partition variable_partition(const struct variable *v)
{
    return (struct partition){v->cuts, v->cuts ? v->shape.rank : 0};
}

/* variable_path_tensor: the checkpoint's tensor at a path of objects of the variable, or NULL. */
static inline const struct tensor *variable_path_tensor(const struct variable *v)
{
    return v->paths ? v->paths->tensor : NULL;
}

/* graph_find: the variable of exactly that full name, or NULL. */
const struct variable *graph_find(const struct graph *g, struct str name);

/* graph_prefix: the run of variables whose names start with `prefix`: *first and the count. O(log
 * n). */
uint32_t graph_prefix(const struct graph *g, struct str prefix, uint32_t *first);

/* shape_parse: "[100, ?]", "[]", "[...]" to a shape whose dims are in `a`; -EINVAL without a
 * message, or -ENOMEM. */
MUST_CHECK errint shape_parse(struct str text, struct arena *a, struct shape *out);

#endif
