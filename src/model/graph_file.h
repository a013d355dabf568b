/* SPDX-License-Identifier: Apache-2.0 */
/* Target graphs from files: what `-o graph=PATH` and `ckptool -g PATH` name. The results go to
 * graph_build.
 *
 * A graph file is a binary MetaGraphDef (`.meta`), a `saved_model.pb` or the directory that holds
 * it. It is walked on the wire: constants are jumped over, so hundreds of MB of them cost neither
 * memory nor time. Which variables there are is said by the first of these that the graph has:
 *
 *   1. its collection `variables`: a VariableDef each, or, in some files, the name of its node
 *
 *   2. the SavedVariables of its object graph (TF2), whose names need not be unique. If the
 *      checkpoint has an object graph, too, a variable is called as the checkpoint's tensor of the
 *      same path, else by its path, and slots by their variables (graph_objects.c). If it has none,
 *      a name of several variables is kept if all are alike. Otherwise they are left out, as are
 *      variables without a name, and a warning says so
 *
 *   3. every node that makes a variable
 *
 * Dtype and shape of 1 are in the node. Names are those that tf.get_variable's store has, so those
 * of the graph's nodes, but for the parts of a partitioned variable: nodes NAME/part_N whose slice
 * info has the full name NAME become one variable NAME. The nodes of a partitioned variable's slot
 * are called `w/part_0/Adam`, with the full name `w/Adam`: they become one variable `w/Adam`, with
 * the same parts, as the graph's Saver restores it. TensorFlow's call reaches no such slot: it has
 * the name `w/part_0/Adam/` in the store, which a rule cuts to `w`. */
#ifndef CKPTFS_MODEL_GRAPH_FILE_H
#define CKPTFS_MODEL_GRAPH_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "map/graph.h"
#include "source/catalog.h"

enum {
    GRAPH_VARIABLES_MOST = 1 << 20,    /* nodes, and members of a collection, each */
    GRAPH_KEPT_BYTES_MOST = 512 << 20, /* their names and shapes */
};

/* graph_file_named: whether `path` names a graph file rather than another checkpoint: a directory
 * with a saved_model.pb (or .pbtxt, to be refused with its reason), a name that ends in .meta, .pb
 * or .pbtxt, or any other regular file that is not the state file, an index, a data file, a
 * table or a safetensors file. Looks at the file's first KiB and last 8 bytes at most. */
bool graph_file_named(const char *path);

/* graph_file_read: the variables of the graph file `path`, sorted by name, names unique, all
 * allocated in `a`. `c` is the checkpoint that they are to be assigned from, or NULL: if both are
 * of objects, it says what 2 is called, and `paths` of a variable has what is at the same path.
 * `tag` chooses among the meta graphs of a SavedModel: one tag, or several as "serve,gpu"; NULL for
 * the one tagged `serve`, else the only one. Errors, all that there are: DIAG_GRAPH_INVALID,
 * DIAG_LIMIT, DIAG_FILE_UNREADABLE, and DIAG_UNSUPPORTED for parts that no struct partition
 * describes. On failure *out is empty. */
MUST_CHECK errint graph_file_read(const char *path, const char *tag, const struct catalog *c,
                                  struct arena *a, struct variable_list *out, struct diag *d);

/* graph_from_catalog: the tensors of another checkpoint, c, as variables, by the names by which
 * they are known: sorted by name, names unique. What they point to is in `a`, which takes all that
 * was in c's arena: c is good for nothing then but to be closed.
 *
 * If both c and `of` (NULL: there is none) have an object graph, a variable's paths are found in
 * `of`. Tensors that cannot be shown are among the variables if their dtype is known. A sliced one
 * is plain, of its full shape. Left out are tensors of unknown dtype, with a warning, and the
 * record of the object graph, which is no variable. Returns 0 or -ENOMEM, or what finding the paths
 * came to; errors are in the diag, and *out is empty. */
MUST_CHECK errint graph_from_catalog(struct catalog *c, const struct catalog *of, struct arena *a,
                                     struct variable_list *out, struct diag *d);

#endif
