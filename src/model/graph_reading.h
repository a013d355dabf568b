/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a graph share. Private to src/model. */
#ifndef CKPTFS_MODEL_GRAPH_READING_H
#define CKPTFS_MODEL_GRAPH_READING_H

#include "codec/wire.h"
#include "model/graph_file.h"
#include "model/graph_pb.h"
#include "source/tf_v2/object_tree.h"

/* What gives dtype and shape of a variable: a node that makes one, or a SavedVariable. Its numbers
 * are as in the file, not checked. */
struct graph_node {
    struct str name;
    const int64_t *dims;
    int64_t dtype;
    uint32_t rank;
    bool unknown_rank;
    uint32_t object; /* of a SavedVariable, the number of its node, if g->catalog is set */
    struct variable_paths paths; /* `called_by_path` also of a slot, where the name of its variable
                                    is but its path; whether there is a `tensor` or not */
};

/* A member of the collection `variables`. */
struct graph_member {
    struct str name;  /* of its node */
    struct str whole; /* the full name of what it is a part of; ptr is NULL for a plain variable */
    int64_t part;     /* its number */
    bool slot;        /* it is a slot's part, `w/part_0/Adam` of `w/Adam`, which no rule reaches in
                         TensorFlow */
    uint32_t rank;
    const int64_t *dims; /* of a part: full shape, offset, shape, `rank` each */
};

struct graph_nodes {
    struct graph_node *items; /* owns */
    uint32_t count;
    size_t cap;
};

/* Dtype and shape of a variable, checked. The shape borrows. */
struct graph_type {
    enum dtype dtype;
    struct shape shape;
};

/* One graph file amid its reading. Large: on the heap. */
struct graph_reading {
    const char *path;
    struct position *at; /* of the variables: the path, and which meta graph; in `arena` */
    struct arena *arena;
    struct diag *diag;
    const struct catalog *catalog; /* borrows: a checkpoint with an object graph, or NULL */
    struct object_tree objects;    /* of the SavedModel, if catalog is set */
    struct arena keep;             /* holds names and dims until the variables are made */
    struct arena leaf;             /* holds one record */
    struct graph_nodes nodes;
    struct graph_nodes saved;     /* SavedVariables */
    uint32_t nameless;            /* of them */
    struct graph_member *members; /* owns */
    uint32_t member_count;
    size_t member_cap;
    bool has_graph;
    bool saver_v1; /* its own Saver reads V1 checkpoints alone */
    bool has_collection;
    bool complained; /* the failure under way is in the diag; else the words are the walker's */
    struct wire wire;
};

/* graph_saved_model_choose: sets *out to the window of the meta graph that has the tags `tag`, in
 * the SavedModel that the file is, and g->at->file to a text that names it. On failure the words
 * are in g->wire, or in the diag if g->complained is set. */
MUST_CHECK errint graph_saved_model_choose(struct graph_reading *g, const char *tag,
                                           struct wire_window *out);

/* graph_meta_walk: adds to g the nodes, members and SavedVariables of the MetaGraphDef in the
 * window. On failure the words are in g->wire. */
MUST_CHECK errint graph_meta_walk(struct graph_reading *g, struct wire_window at);

/* graph_name_objects: gives each of g->saved, which are in the order of their nodes, the tensors of
 * the checkpoint that are at its paths, and a name that no other has. Those for which there is no
 * such name are dropped, and counted in g->nameless. Errors are in the diag. */
MUST_CHECK errint graph_name_objects(struct graph_reading *g);

/* graph_complain_pairs: adds the error of object_pairs_find, which failed with `rc` for the objects
 * `t` of the graph in `path`, and returns its code. */
MUST_CHECK errint graph_complain_pairs(const struct object_tree *t, const char *path, errint rc,
                                       struct diag *d);

/* graph_declare: makes the variables of g, sorted by name and allocated in g->arena. Sorts g's
 * arrays. Every error is in the diag. */
MUST_CHECK errint graph_declare(struct graph_reading *g, struct variable_list *out);

/* graph_invalid: adds the error "variable 'NAME' WHAT", and returns its code. */
errint graph_invalid(struct graph_reading *g, struct str name, const char *what);

/* graph_nodes_alike: how many of the sorted nodes from number `first` on have its name; *alike
 * tells whether they have the same dtype and shape, too. */
uint32_t graph_nodes_alike(const struct graph_nodes *list, uint32_t first, bool *alike);

/* graph_node_type: dtype and shape of a node; the shape borrows from it. Errors are in the diag. */
MUST_CHECK errint graph_node_type(struct graph_reading *g, const struct graph_node *node,
                                  struct graph_type *out);

/* graph_member_type: dtype and shape of the node of a member, once the nodes are sorted. Errors are
 * in the diag. */
MUST_CHECK errint graph_member_type(struct graph_reading *g, const struct graph_member *m,
                                    struct graph_type *out);

/* graph_check_shape: whether `name` may have that shape: no dimension below -1, and no more than
 * 2^63-1 bytes. The error is in the diag. */
MUST_CHECK errint graph_check_shape(struct graph_reading *g, struct str name,
                                    const struct graph_type *t);

/* graph_combine_parts: the whole that the parts [first, end) make, which are sorted by number and
 * have one full name. They have to be all parts of TensorFlow's even split along one axis: struct
 * partition expresses no other (DIAG_UNSUPPORTED). The counts of *cut are allocated in g->arena,
 * the shape of *t borrows from *first. Errors are in the diag. */
MUST_CHECK errint graph_combine_parts(struct graph_reading *g, const struct graph_member *first,
                                      const struct graph_member *end, struct graph_type *t,
                                      struct partition *cut);

/* The name of the variable that a member is, or is a part of. */
static inline struct str graph_member_key(const struct graph_member *m)
{
    return m->whole.ptr ? m->whole : m->name;
}

static inline bool graph_same_dims(const int64_t *a, const int64_t *b, uint32_t count)
{
    return count == 0 || memcmp(a, b, count * sizeof(*a)) == 0;
}

#endif
