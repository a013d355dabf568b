/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/object_tree.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "base/lower_bound.h"

enum { NODE_CHILD = 1, NODE_SLOT = 3 }; /* of TrackableObject and SavedObject */

enum { LINK_NAME_MOST = 64 << 10 };

void object_tree_init(struct object_tree *t)
{
    *t = (struct object_tree){0};
    arena_init(&t->texts);
}

void object_tree_fini(struct object_tree *t)
{
    free(t->edges.items);
    free(t->slots.items);
    arena_fini(&t->texts);
}

/* ---- reading --------------------------------------------------------------------------------- */

errint object_reference_read(struct wire *w, struct wire_window at, struct object_reference *out)
{
    *out = (struct object_reference){0};
    struct wire_field f;
    int got;
    while ((got = wire_next(w, &at, &f)) > 0) {
        if (f.type == WIRE_VARINT && f.number == 1) {
            out->first = f.value;
        } else if (f.type == WIRE_VARINT && f.number == 3) {
            out->third = f.value;
        } else if (f.type == WIRE_BYTES && f.number == 2) {
            out->name = f.bytes;
        }
    }
    return got;
}

/* A number that is no node's is OBJECT_NONE, which object_tree_finish refuses. */
static uint32_t node_number(uint64_t number)
{
    return number < OBJECT_NONE ? (uint32_t)number : OBJECT_NONE;
}

static errint add_link(struct object_tree *t, struct object_links *list, struct wire *w,
                       struct wire_window at)
{
    struct object_reference f;
    errint rc = object_reference_read(w, at, &f);
    if (rc < 0) {
        return rc;
    }
    if (list->count == OBJECT_LINKS_MOST || wire_len(f.name) > LINK_NAME_MOST ||
        t->texts.total_bytes > OBJECT_TEXT_BYTES_MOST) {
        return wire_blame(w, -EOVERFLOW, at.off,
                          "its object graph has too many edges, or too long names");
    }
    struct str name;
    rc = wire_bytes(w, f.name, LINK_NAME_MOST, &t->texts, &name);
    if (rc < 0) {
        return rc;
    }
    if (!grow(&list->items, &list->cap, list->count, sizeof(*list->items))) {
        return -ENOMEM;
    }
    bool slot = list == &t->slots;
    list->items[list->count++] = (struct object_link){
        .from = t->nodes,
        .to = node_number(slot ? f.third : f.first),
        .variable = slot ? node_number(f.first) : 0,
        .name_len = (uint32_t)name.len,
        .name_ptr = name.ptr,
    };
    return 0;
}

errint object_tree_add(struct object_tree *t, struct wire *w, struct wire_window node)
{
    struct wire_field f;
    int got;
    if (t->nodes == OBJECT_NODES_MOST) {
        return wire_blame(w, -EOVERFLOW, node.off, "its object graph has more than 32 Mi nodes");
    }
    while ((got = wire_next_bytes(w, &node, &f)) > 0) {
        errint rc = 0;
        if (f.number == NODE_CHILD) {
            rc = add_link(t, &t->edges, w, f.bytes);
        } else if (f.number == NODE_SLOT) {
            rc = add_link(t, &t->slots, w, f.bytes);
        }
        if (rc < 0) {
            return rc;
        }
    }
    t->nodes++;
    return got;
}

static int order_of(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/* By from, variable and name: what a link is looked for by. */
static int by_name(const struct object_link *a, const struct object_link *b)
{
    int order = order_of(a->from, b->from);
    order = order ? order : order_of(a->variable, b->variable);
    return order ? order : str_cmp(object_link_name(a), object_link_name(b));
}

static int compare_links(const void *left, const void *right)
{
    const struct object_link *a = left;
    const struct object_link *b = right;
    int order = by_name(a, b);
    return order ? order : order_of(a->to, b->to);
}

static errint finish_links(struct object_tree *t, struct object_links *list, struct wire *w)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].to >= t->nodes || list->items[i].variable >= t->nodes) {
            return wire_blame(w, -EBADMSG, WIRE_NOWHERE,
                              "its object graph refers to a node that is not there");
        }
    }
    if (list->count) {
        qsort(list->items, list->count, sizeof(*list->items), compare_links);
    }
    return 0;
}

errint object_tree_finish(struct object_tree *t, struct wire *w)
{
    errint rc = finish_links(t, &t->edges, w);
    return rc < 0 ? rc : finish_links(t, &t->slots, w);
}

/* ---- walking --------------------------------------------------------------------------------- */

/* The first link that does not sort before `want`. */
static size_t first_link(const struct object_links *list, const struct object_link *want)
{
    return LOWER_BOUND(i, 0, list->count, by_name(&list->items[i], want) < 0);
}

size_t object_tree_first_edge(const struct object_tree *t, uint32_t node)
{
    return first_link(&t->edges, &(struct object_link){.from = node, .name_ptr = ""});
}

uint32_t object_links_follow(const struct object_links *list, uint32_t from, uint32_t variable,
                             const struct object_link *like)
{
    struct object_link want = *like;
    want.from = from;
    want.variable = variable;
    size_t at = first_link(list, &want);
    return at < list->count && by_name(&list->items[at], &want) == 0 ? list->items[at].to
                                                                     : OBJECT_NONE;
}

errint object_tree_ways(const struct object_tree *t, uint32_t *ways)
{
    CLEANUP_FREE uint32_t *queue = malloc(((size_t)t->nodes + 1) * sizeof(*queue));
    if (!queue) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < t->nodes; i++) {
        ways[i] = OBJECT_NONE;
    }
    uint32_t end = t->nodes ? 1 : 0;
    queue[0] = 0;
    for (uint32_t i = 0; i < end; i++) {
        for (size_t k = object_tree_first_edge(t, queue[i]);
             k < t->edges.count && t->edges.items[k].from == queue[i]; k++) {
            uint32_t to = t->edges.items[k].to;
            if (to != 0 && ways[to] == OBJECT_NONE) {
                ways[to] = (uint32_t)k;
                queue[end++] = to;
            }
        }
    }
    return 0;
}
