/* SPDX-License-Identifier: Apache-2.0 */
/* A tree in the making. Private to tree.c, tree_dir.c and tree_moved.c. */
#ifndef CKPTFS_VIEW_TREE_BUILD_H
#define CKPTFS_VIEW_TREE_BUILD_H

#include "view/tree.h"

/* A directory that waits to be filled: entries [low, high), all sharing their first `pos` bytes,
 * the '/' included. */
struct pending {
    uint32_t node;
    uint32_t low;
    uint32_t high;
    uint32_t pos;
};

/* Children are made in order of their raw components; here they are put in order of their file
 * names. `Moved` is a child directory whose name must not stay as it is, since a leaf has it. */
struct child {
    struct node node;
    struct pending pending; /* for directories */
    struct str component;   /* raw, for messages */
    bool moved;
};

struct build {
    const struct plan *plan;
    const struct made_file *files;
    uint32_t file_count;
    struct diag *diag;
    struct tree *tree;
    uint32_t *entries; /* owns; targets, then plan->count + number of a file that is none, in
                          component order */
    uint32_t entry_count;
    struct node *nodes; /* owns until handed over */
    uint32_t node_count;
    size_t node_cap;
    struct pending *queue; /* owns */
    uint32_t queue_count;
    size_t queue_cap;
    uint32_t *target_node;
    struct moved *moved; /* owns until handed over */
    size_t moved_cap;
    struct child *children; /* owns; of the directory at hand, reused */
    size_t child_cap;
};

/* tree_list_entries: makes b->entries, sorted. -ENOMEM is in the diag. */
MUST_CHECK errint tree_list_entries(struct build *b);

/* The full name of an entry; the file that it is, NULL for a target. */
struct str tree_entry_name(const struct build *b, uint32_t entry);
const struct made_file *tree_entry_file(const struct build *b, uint32_t entry);

/* tree_add_node / tree_enqueue: append to the arrays of b; -ENOMEM is in the diag. */
MUST_CHECK errint tree_add_node(struct build *b, struct node node, uint32_t *index);
MUST_CHECK errint tree_enqueue(struct build *b, struct pending p);

/* tree_name_moved: gives each of the children that is `moved` another name, which no other of them
 * has; they are in the order of their old ones, and stay so. */
MUST_CHECK errint tree_name_moved(struct build *b, struct child *children, uint32_t count);

/* tree_fill_dir: makes, names, sorts and appends the children of one directory. */
MUST_CHECK errint tree_fill_dir(struct build *b, struct pending dir);

#endif
