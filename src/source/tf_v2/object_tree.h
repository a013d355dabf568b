/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a model as a graph of nodes: node 0 is the root, edges have the names of
 * attributes, a slot belongs to a variable and an optimizer.
 *
 * Checkpoints (TrackableObjectGraph) and SavedModels (SavedObjectGraph) record it in fields of the
 * same numbers, with node numbers of their own. What is one object in both: object_pairs.h. */
#ifndef CKPTFS_SOURCE_TF_V2_OBJECT_TREE_H
#define CKPTFS_SOURCE_TF_V2_OBJECT_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"
#include "codec/wire.h"

#define OBJECT_NONE UINT32_MAX

enum {
    OBJECT_NODES_MOST = 32 << 20,
    OBJECT_LINKS_MOST = 16 << 20,       /* edges, and slots, each */
    OBJECT_TEXT_BYTES_MOST = 256 << 20, /* their names together */
};

/* An edge, or a slot: `from` is the parent or the optimizer. */
struct object_link {
    uint32_t from;
    uint32_t to;       /* the child, or the slot's node */
    uint32_t variable; /* of a slot: whose it is; of an edge 0 */
    uint32_t name_len;
    const char *name_ptr;
};

struct object_links {
    struct object_link *items; /* owns */
    size_t count;
    size_t cap;
};

struct object_tree {
    struct arena texts; /* owns the names */
    uint32_t nodes;
    struct object_links edges; /* sorted by from, then by name, once it is finished */
    struct object_links slots; /* sorted by from, variable, name */
};

/* An ObjectReference: the number of a node (`first`) and its name. Or a SlotVariableReference: the
 * numbers of the variable (`first`) and of the slot (`third`), and the slot's name. As in the
 * record, not checked; what is absent is 0, or empty. */
struct object_reference {
    uint64_t first;
    uint64_t third;
    struct wire_window name;
};

/* object_reference_read: the one in the window `at` of w. Fails as wire_next. */
MUST_CHECK errint object_reference_read(struct wire *w, struct wire_window at,
                                        struct object_reference *out);

/* object_tree_init: an empty tree. object_tree_fini frees it. */
void object_tree_init(struct object_tree *t);
void object_tree_fini(struct object_tree *t);

/* object_tree_add: the next node, whose fields are in the window `node`: its edges (1) and slots
 * (3); other fields are passed over. -EBADMSG and -EOVERFLOW (the limits above, a name over 64 KiB)
 * with words in w->wrong; -EIO, -ENOMEM. */
MUST_CHECK errint object_tree_add(struct object_tree *t, struct wire *w, struct wire_window node);

/* object_tree_finish: once all nodes are there. -EBADMSG with words in w->wrong for a link to a
 * node that is not. */
MUST_CHECK errint object_tree_finish(struct object_tree *t, struct wire *w);

/* object_tree_first_edge: where the edges of a node begin, of a finished tree: an index into
 * t->edges, at which another node's, or none, may stand. O(log n). */
size_t object_tree_first_edge(const struct object_tree *t, uint32_t node);

/* object_links_follow: where the link of a finished tree leads that is called as `like` is, but
 * from node `from`, and, of slots, of node `variable`; OBJECT_NONE if there is none. O(log n). */
uint32_t object_links_follow(const struct object_links *list, uint32_t from, uint32_t variable,
                             const struct object_link *like);

/* object_tree_ways: the edge by which the shortest path from the root comes to each node, or
 * OBJECT_NONE for the root and for what no path reaches: ways[t->nodes], indexes into t->edges.
 * -ENOMEM. */
MUST_CHECK errint object_tree_ways(const struct object_tree *t, uint32_t *ways);

static inline struct str object_link_name(const struct object_link *l)
{
    return str_of(l->name_ptr, l->name_len);
}

#endif
