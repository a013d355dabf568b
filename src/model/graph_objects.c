/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of a SavedModel's object graph beside a checkpoint that has one too: which tensor
 * each of them is, by its path, and what it is called. A name is the first of these that no other
 * variable has:
 *
 *   of a slot, its variable's name and the slot's; of any other the one that is recorded
 *   what the checkpoint's tensor is called, of the same path
 *   of a slot, the one that is recorded
 *   its path */
#include <stdlib.h>

#include "base/cleanup.h"
#include "map/name.h"

#include "base/lower_bound.h"
#include "model/graph_reading.h"
#include "source/catalog_names.h"
#include "source/tf_v2/object_pairs.h"
#include "source/tf_v2/object_tensors.h"

/* A name, and the variable (by its number in g->saved) that has it, or would have it. */
struct claim {
    struct str name;
    uint32_t saved;
};

struct naming {
    struct graph_reading *g;
    const struct catalog *c;
    uint32_t *ways; /* owns; by node: object_tree_ways */
    const struct object_link *
        *slot;            /* owns; by variable: what makes it a slot of another, or NULL */
    struct str *names;    /* owns; by variable: the result, ptr is NULL for none yet */
    struct claim *claims; /* owns */
};

/* A name that a variable may have; empty for none. */
typedef errint candidate(struct naming *n, uint32_t saved, struct str *out);

static void naming_fini(struct naming *n)
{
    free(n->ways);
    free(n->slot);
    free(n->names);
    free(n->claims);
}

static const struct graph_node *saved_at(const struct naming *n, uint32_t i)
{
    return &n->g->saved.items[i];
}

/* The number of the variable that a node is, or OBJECT_NONE. They are in the order of their
 * nodes. */
static uint32_t saved_of(const struct graph_reading *g, uint32_t node)
{
    uint32_t at = LOWER_BOUND(i, 0, g->saved.count, g->saved.items[i].object < node);
    return at < g->saved.count && g->saved.items[at].object == node ? at : OBJECT_NONE;
}

/* ---- which tensor ---------------------------------------------------------------------------- */

static errint find_tensors(struct graph_reading *g)
{
    CLEANUP(object_tensors_fini) struct object_tensors theirs;
    CLEANUP(object_pairs_fini) struct object_pairs pairs = {0};
    errint rc = object_tensors_read(g->catalog, &theirs, g->diag);
    if (rc < 0) {
        return rc;
    }
    rc = object_pairs_find(&g->objects, &theirs.tree, &pairs);
    if (rc < 0) {
        return graph_complain_pairs(&g->objects, g->path, rc, g->diag);
    }
    for (uint32_t i = 0; i < pairs.count; i++) {
        uint32_t number = saved_of(g, pairs.items[i].a);
        uint32_t tensor = theirs.tensors[pairs.items[i].b];
        if (number != OBJECT_NONE && tensor != OBJECT_NONE) {
            variable_paths_add(&g->saved.items[number].paths, &g->catalog->tensors[tensor]);
        }
    }
    return 0;
}

/* ---- candidates ------------------------------------------------------------------------------ */

static errint limit_names(struct naming *n, size_t more)
{
    struct graph_reading *g = n->g;
    if (g->keep.total_bytes + more > GRAPH_KEPT_BYTES_MOST) {
        return diag_error(g->diag, DIAG_LIMIT, g->path, str_from(g->path),
                          "the names and shapes of the variables exceed 512 MiB");
    }
    return 0;
}

static errint recorded_name(struct naming *n, uint32_t saved, struct str *out)
{
    *out = saved_at(n, saved)->name;
    return 0;
}

static errint friendly_name(struct naming *n, uint32_t saved, struct str *out)
{
    const struct tensor *t = saved_at(n, saved)->paths.tensor;
    *out = t ? catalog_friendly(n->c, t) : STR("");
    return 0;
}

static errint slot_name(struct naming *n, uint32_t saved, struct str *out)
{
    const struct object_link *slot = n->slot[saved];
    struct str variable = n->names[saved_of(n->g, slot->variable)];
    size_t len = variable.len + 1 + slot->name_len;
    *out = STR("");
    if (!variable.ptr || !slot->name_len || len > NAME_BYTES_MOST) {
        return 0;
    }
    errint rc = limit_names(n, len);
    char *text = rc < 0 ? NULL : arena_bytes(&n->g->keep, len);
    if (!text) {
        return rc < 0 ? rc : diag_no_memory(n->g->diag);
    }
    memcpy(text, variable.ptr, variable.len);
    text[variable.len] = '/';
    memcpy(text + variable.len + 1, slot->name_ptr, slot->name_len);
    *out = str_of(text, len);
    return 0;
}

/* The edge that leads to a node; NULL for the root, and for what no path reaches. */
static const struct object_link *way_to(const struct naming *n, uint32_t node)
{
    return n->ways[node] == OBJECT_NONE ? NULL : &n->g->objects.edges.items[n->ways[node]];
}

static errint path_name(struct naming *n, uint32_t saved, struct str *out)
{
    uint32_t node = saved_at(n, saved)->object;
    const struct object_link *way;
    size_t len = 0;
    unsigned components = 0;
    *out = STR("");
    for (uint32_t at = node; (way = way_to(n, at)); at = way->from) {
        len += way->name_len + 1;
        if (len > NAME_BYTES_MOST || ++components > NAME_COMPONENTS_MOST) {
            return 0;
        }
    }
    errint rc = limit_names(n, len);
    char *text = rc < 0 || !len ? NULL : arena_bytes(&n->g->keep, len);
    if (!text) {
        return rc < 0 || !len ? rc : diag_no_memory(n->g->diag);
    }
    char *end = text + len;
    for (uint32_t at = node; (way = way_to(n, at)); at = way->from) {
        *--end = '/';
        end -= way->name_len;
        memcpy(end, way->name_ptr, way->name_len);
    }
    *out = str_of(text, len - 1);
    return 0;
}

/* ---- who has which --------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct claim *)a)->name, ((const struct claim *)b)->name);
}

static void give_name(struct naming *n, const struct claim *c, candidate *of)
{
    struct graph_node *saved = n->g->saved.items;
    if (!n->names[c->saved].ptr) {
        const struct object_link *slot = of == slot_name ? n->slot[c->saved] : NULL;
        saved[c->saved].paths.called_by_path =
            of == path_name || (slot && saved[saved_of(n->g, slot->variable)].paths.called_by_path);
        n->names[c->saved] = c->name;
    }
}

/* Gives those of the slots, or of the other variables, that have no name yet their candidate, if
 * no other variable has it or would have it. */
static errint give_names(struct naming *n, bool slots, candidate *of)
{
    uint32_t count = 0;
    bool any = false;
    for (uint32_t i = 0; i < n->g->saved.count; i++) {
        struct str name = n->names[i];
        if (!name.ptr && slots == (n->slot[i] != NULL)) {
            errint rc = of(n, i, &name);
            if (rc < 0) {
                return rc;
            }
            any |= name.len > 0;
        }
        if (name.ptr && name.len) {
            n->claims[count++] = (struct claim){name, i};
        }
    }
    if (!any) {
        return 0;
    }
    qsort(n->claims, count, sizeof(*n->claims), by_name);
    for (uint32_t low = 0, high; low < count; low = high) {
        for (high = low + 1; high < count && str_eq(n->claims[high].name, n->claims[low].name);
             high++) {
        }
        if (high == low + 1) {
            give_name(n, &n->claims[low], of);
        }
    }
    return 0;
}

static errint give_all_names(struct naming *n)
{
    static const struct {
        bool slots;
        candidate *of;
    } steps[] = {{false, recorded_name}, {false, friendly_name}, {false, path_name},
                 {true, slot_name},      {true, friendly_name},  {true, recorded_name},
                 {true, path_name}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        errint rc = give_names(n, steps[i].slots, steps[i].of);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static void find_slots(struct naming *n)
{
    const struct object_links *slots = &n->g->objects.slots;
    for (size_t i = 0; i < slots->count; i++) {
        uint32_t saved = saved_of(n->g, slots->items[i].to);
        uint32_t variable = saved_of(n->g, slots->items[i].variable);
        if (saved != OBJECT_NONE && variable != OBJECT_NONE && saved != variable &&
            !n->slot[saved]) {
            n->slot[saved] = &slots->items[i];
        }
    }
}

/* Those that still have no name are none of a view's. */
static void keep_named(struct naming *n)
{
    struct graph_nodes *saved = &n->g->saved;
    uint32_t kept = 0;
    uint32_t nameless = 0;
    for (uint32_t i = 0; i < saved->count; i++) {
        if (n->names[i].ptr) {
            saved->items[kept] = saved->items[i];
            saved->items[kept++].name = n->names[i];
        } else {
            nameless++;
        }
    }
    saved->count = kept;
    n->g->nameless = nameless;
}

errint graph_name_objects(struct graph_reading *g)
{
    size_t room = (size_t)g->saved.count + 1;
    CLEANUP(naming_fini)
    struct naming n = {
        .g = g,
        .c = g->catalog,
        .ways = malloc(((size_t)g->objects.nodes + 1) * sizeof(*n.ways)),
        .slot = calloc(room, sizeof(*n.slot)),
        .names = calloc(room, sizeof(*n.names)),
        .claims = malloc(room * sizeof(*n.claims)),
    };
    errint rc = find_tensors(g);
    if (rc < 0) {
        return rc;
    }
    if (!n.ways || !n.slot || !n.names || !n.claims || object_tree_ways(&g->objects, n.ways) < 0) {
        return diag_no_memory(g->diag);
    }
    find_slots(&n);
    rc = give_all_names(&n);
    if (rc == 0) {
        keep_named(&n);
    }
    return rc;
}
