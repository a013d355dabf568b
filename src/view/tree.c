/* SPDX-License-Identifier: Apache-2.0 */
/* The tree is built breadth first from the targets in order of their path components, so that a
 * directory is a range of targets that share a prefix, and its children get consecutive numbers.
 * The files under .ckptfs/ take part as entries of their own. */
#include "view/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/lower_bound.h"
#include "view/tree_build.h"

static errint build_all(struct build *b)
{
    errint rc = tree_list_entries(b);
    b->target_node = ARENA_ARRAY(&b->tree->arena, uint32_t, (size_t)b->plan->count + 1);
    if (rc == 0 && !b->target_node) {
        rc = diag_no_memory(b->diag);
    }
    uint32_t root;
    if (rc == 0) {
        rc = tree_add_node(b, (struct node){.name = "", .kind = NODE_DIR, .made = true}, &root);
    }
    if (rc == 0) {
        rc = tree_enqueue(b, (struct pending){root, 0, b->entry_count, 0});
    }
    for (uint32_t i = 0; rc == 0 && i < b->queue_count; i++) {
        rc = tree_fill_dir(b, b->queue[i]);
    }
    return rc;
}

errint tree_build(const struct plan *p, const struct made_file *files, uint32_t file_count,
                  struct diag *d, struct tree **out)
{
    *out = calloc(1, sizeof(**out));
    if (!*out) {
        return diag_no_memory(d);
    }
    struct tree *tree = *out;
    arena_init(&tree->arena);
    struct build b = {.plan = p, .files = files, .file_count = file_count, .diag = d, .tree = tree};
    uint64_t errors_before = d->errors;
    errint rc = build_all(&b);
    struct node *fit = b.node_count ? realloc(b.nodes, b.node_count * sizeof(*fit)) : NULL;
    tree->nodes = fit ? fit : b.nodes;
    tree->count = b.node_count;
    tree->target_node = b.target_node;
    tree->moved = b.moved;
    free(b.entries);
    free(b.queue);
    free(b.children);
    if (rc == 0 && d->errors > errors_before) {
        rc = -EINVAL;
    }
    if (rc < 0) {
        tree_close(tree);
        *out = NULL;
    }
    return rc;
}

void tree_close(struct tree *t)
{
    if (t) {
        free((void *)(uintptr_t)t->nodes);
        free((void *)(uintptr_t)t->moved);
        arena_fini(&t->arena);
        free(t);
    }
}

int64_t tree_lookup(const struct tree *t, uint32_t dir, struct str name)
{
    const struct node *d = &t->nodes[dir];
    if (d->kind != NODE_DIR) {
        return -ENOTDIR;
    }
    uint32_t end = d->first_child + d->child_count;
    uint32_t at = LOWER_BOUND(i, d->first_child, end, str_cmp(node_name(&t->nodes[i]), name) < 0);
    return at < end && str_eq(node_name(&t->nodes[at]), name) ? (int64_t)at : -ENOENT;
}

int64_t tree_find(const struct tree *t, struct str path)
{
    uint32_t node = TREE_ROOT;
    while (path.len) {
        long slash = str_find(path, '/');
        struct str name = str_head(path, slash < 0 ? path.len : (size_t)slash);
        int64_t child = t->nodes[node].kind == NODE_DIR ? tree_lookup(t, node, name) : -ENOTDIR;
        if (child < 0) {
            return child;
        }
        node = (uint32_t)child;
        path = str_from_pos(path, name.len + 1);
    }
    return node;
}

void tree_path(const struct tree *t, uint32_t node, struct buf *b)
{
    /* Ancestors first: collect the chain, at most one a component. */
    uint32_t chain[1024];
    unsigned depth = 0;
    for (uint32_t at = node; at != TREE_ROOT && depth < ARRAY_LEN(chain);
         at = t->nodes[at].parent) {
        chain[depth++] = at;
    }
    while (depth > 0) {
        buf_str(b, node_name(&t->nodes[chain[--depth]]));
        if (depth > 0) {
            buf_char(b, '/');
        }
    }
}
