/* SPDX-License-Identifier: Apache-2.0 */
/* From what a graph file says to struct variable: members meet their nodes, what is said twice is
 * said once. */
#include <inttypes.h>
#include <stdlib.h>

#include "map/message.h"
#include "map/name.h"
#include "model/graph_reading.h"

struct declaring {
    struct graph_reading *g;
    struct variable_list list;
    errint rc; /* the first failure; the others are reported too */
};

/* The number of a part; -1 for a plain variable. */
static int64_t part_of(const struct graph_member *m)
{
    return m->whole.ptr ? m->part : -1;
}

static int compare_members(const void *left, const void *right)
{
    const struct graph_member *a = left;
    const struct graph_member *b = right;
    int order = str_cmp(graph_member_key(a), graph_member_key(b));
    return order ? order : (part_of(a) > part_of(b)) - (part_of(a) < part_of(b));
}

static int compare_nodes(const void *left, const void *right)
{
    const struct graph_node *a = left;
    const struct graph_node *b = right;
    return str_cmp(a->name, b->name);
}

static errint check_name(struct graph_reading *g, struct str name)
{
    size_t components = 1;
    for (size_t i = 0; i < name.len; i++) {
        components += name.ptr[i] == '/';
    }
    if (name.len == 0) {
        return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, name, "a variable has no name");
    }
    if (name.len > NAME_BYTES_MOST || components > NAME_COMPONENTS_MOST) {
        return diag_error(
            g->diag, DIAG_LIMIT, g->path, STR(""),
            "the name of a variable has %zu bytes and %zu components, the limits are %d and %d",
            name.len, components, NAME_BYTES_MOST, NAME_COMPONENTS_MOST);
    }
    return 0;
}

/* Append a variable; dims of the shape and the name are copied. */
static errint append_variable(struct declaring *to, struct str name, const struct graph_type *t,
                              const int64_t *cuts)
{
    struct graph_reading *g = to->g;
    errint rc = check_name(g, name);
    if (rc < 0) {
        return rc;
    }
    unsigned rank = t->shape.rank == SHAPE_RANK_UNKNOWN ? 0 : t->shape.rank;
    int64_t *dims = ARENA_ARRAY(g->arena, int64_t, rank);
    struct str copy = arena_str(g->arena, name);
    if (!dims || !copy.ptr) {
        return diag_no_memory(g->diag);
    }
    for (unsigned i = 0; i < rank; i++) {
        dims[i] = t->shape.dims[i];
    }
    to->list.items[to->list.count++] = (struct variable){
        .name = copy,
        .shape = {dims, t->shape.rank},
        .dtype = t->dtype,
        .cuts = cuts,
        .at = g->at,
    };
    return 0;
}

/* Gives the variable that was appended last what is known of its paths, if anything is. */
static errint add_paths(struct declaring *to, const struct variable_paths *known)
{
    if (!known->tensor && !known->called_by_path) {
        return 0;
    }
    struct variable_paths *paths = ARENA_NEW(to->g->arena, struct variable_paths);
    if (!paths) {
        return diag_no_memory(to->g->diag);
    }
    *paths = *known;
    paths->called_by_path = known->called_by_path && !known->tensor;
    to->list.items[to->list.count - 1].paths = paths;
    return 0;
}

/* The variable of the members [first, end), which have one key. */
static errint append_members(struct declaring *to, const struct graph_member *first,
                             const struct graph_member *end)
{
    struct graph_type t;
    struct partition cut;
    if (part_of(first) >= 0) {
        errint rc = graph_combine_parts(to->g, first, end, &t, &cut);
        if (rc == 0) {
            rc = append_variable(to, graph_member_key(first), &t, cut.counts);
        }
        if (rc < 0) {
            return rc;
        }
        to->list.items[to->list.count - 1].slot = first->slot;
        return 0;
    }
    if (part_of(end - 1) >= 0) {
        return graph_invalid(to->g, first->name, "is both a plain variable and a partitioned one");
    }
    errint rc = graph_member_type(to->g, first, &t);
    return rc ? rc : append_variable(to, first->name, &t, NULL);
}

static void note_error(struct declaring *to, errint rc)
{
    if (to->rc == 0) {
        to->rc = rc;
    }
}

static void declare_members(struct declaring *to)
{
    struct graph_reading *g = to->g;
    if (!g->member_count) {
        return; /* then there is no array to point into */
    }
    const struct graph_member *end = g->members + g->member_count;
    const struct graph_member *next;
    for (const struct graph_member *m = g->members; m < end; m = next) {
        for (next = m + 1; next < end && str_eq(graph_member_key(next), graph_member_key(m));
             next++) {
        }
        note_error(to, append_members(to, m, next));
    }
}

/* Variables straight from nodes. */
static void declare_nodes(struct declaring *to)
{
    const struct graph_nodes *list = &to->g->nodes;
    uint32_t run;
    for (uint32_t i = 0; i < list->count; i += run) {
        bool alike;
        struct graph_type t;
        run = graph_nodes_alike(list, i, &alike);
        struct str name = list->items[i].name;
        errint rc =
            alike ? graph_node_type(to->g, &list->items[i], &t)
                  : graph_invalid(to->g, name, "has several nodes, which differ in dtype or shape");
        note_error(to, rc ? rc : append_variable(to, name, &t, NULL));
    }
}

/* Names of TF2 need not be unique, so here a name that says too little is no error: it is left
 * out. */
static void declare_saved(struct declaring *to)
{
    struct graph_reading *g = to->g;
    const struct graph_nodes *list = &g->saved;
    uint32_t shared = 0;
    uint32_t run;
    for (uint32_t i = 0; i < list->count; i += run) {
        bool alike;
        struct graph_type t;
        run = graph_nodes_alike(list, i, &alike);
        struct str name = list->items[i].name;
        if (!alike) {
            diag_warn(
                g->diag, DIAG_GRAPH_INVALID, g->path, name,
                "%u variables of the model are called '%s' and differ in dtype or shape: left out",
                run, message_shown(g->diag, name));
            continue;
        }
        shared += run > 1;
        errint rc = graph_node_type(g, &list->items[i], &t);
        if (rc == 0) {
            rc = append_variable(to, name, &t, NULL);
        }
        if (rc == 0) {
            rc = add_paths(to, &list->items[i].paths);
        }
        note_error(to, rc);
    }
    if (shared) {
        diag_warn(g->diag, DIAG_GRAPH_INVALID, g->path, STR(""),
                  "%u names are those of several variables of the model, alike in dtype and shape: "
                  "each is "
                  "taken for "
                  "one variable",
                  shared);
    }
    if (g->nameless) {
        diag_warn(g->diag, DIAG_GRAPH_INVALID, g->path, STR(""),
                  "%u variables of the model have no name%s: left out", g->nameless,
                  g->catalog ? " of their own" : "");
    }
}

/* More is never needed: as many as there are different keys. */
static uint32_t count_keys(const struct graph_reading *g)
{
    uint32_t keys = 0;
    for (uint32_t i = 0; i < g->member_count; i++) {
        keys += i == 0 ||
                !str_eq(graph_member_key(&g->members[i]), graph_member_key(&g->members[i - 1]));
    }
    return keys;
}

static void sort_items(void *items, uint32_t count, size_t size,
                       int (*compare)(const void *, const void *))
{
    if (count > 1) {
        qsort(items, count, size, compare);
    }
}

errint graph_declare(struct graph_reading *g, struct variable_list *out)
{
    sort_items(g->members, g->member_count, sizeof(*g->members), compare_members);
    sort_items(g->nodes.items, g->nodes.count, sizeof(*g->nodes.items), compare_nodes);
    sort_items(g->saved.items, g->saved.count, sizeof(*g->saved.items), compare_nodes);
    bool by_objects = g->saved.count || g->nameless;
    uint32_t room = by_objects ? g->saved.count : g->nodes.count;
    if (g->has_collection) {
        room = count_keys(g);
    }
    struct declaring to = {.g = g, .list = {ARENA_ARRAY(g->arena, struct variable, room), 0}};
    if (!to.list.items) {
        return diag_no_memory(g->diag);
    }
    if (g->has_collection) {
        declare_members(&to);
    } else if (by_objects) {
        declare_saved(&to);
    } else if (room) {
        declare_nodes(&to);
    } else {
        return diag_error(
            g->diag, DIAG_GRAPH_INVALID, g->path, str_from(g->path),
            "the graph has no variables: no collection of that name, no object that is one, no "
            "node that makes one");
    }
    if (to.rc == 0 && to.list.count == 0) {
        return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, str_from(g->path),
                          "none of the graph's variables has a name of its own, and without a "
                          "checkpoint of objects "
                          "they have no paths: declare them in [variables]");
    }
    if (to.rc == 0) {
        *out = to.list;
    }
    return to.rc;
}
