/* SPDX-License-Identifier: Apache-2.0 */
#include "model/graph_paths.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "model/graph_reading.h"
#include "source/catalog_names.h"
#include "source/tf_v2/object_pairs.h"
#include "source/tf_v2/object_tensors.h"

enum { SUFFIX_BYTES_MOST = 64 }; /* of a tensor's key, after its attribute's */

struct search {
    const struct catalog *graph;
    const struct catalog *of;
    const uint32_t *numbers;
    struct variable_paths *paths;
    struct object_tensors ours; /* of the graph */
    struct object_tensors theirs;
    struct object_pairs pairs;
    uint32_t *first;                        /* owns; by node of ours: its first pair, or
                                                OBJECT_NONE */
    const struct object_attribute **by_key; /* owns; ours.attributes, sorted by key */
    uint64_t steps;                         /* look-ups of attributes that may still be done */
};

static void search_fini(struct search *s)
{
    object_tensors_fini(&s->ours);
    object_tensors_fini(&s->theirs);
    object_pairs_fini(&s->pairs);
    free(s->first);
    free(s->by_key);
}

errint graph_complain_pairs(const struct object_tree *t, const char *path, errint rc,
                            struct diag *d)
{
    if (rc != -EOVERFLOW) {
        return diag_no_memory(d);
    }
    return diag_error(d, DIAG_LIMIT, path, str_from(path),
                      "its objects share so many in so many ways that those of the checkpoint make "
                      "more than %u pairs with them: declare the variables in [variables]",
                      object_pairs_most(t));
}

/* ---- values of variables --------------------------------------------------------------------- */

static void find_values(struct search *s)
{
    for (uint32_t i = 0; i < s->pairs.count; i++) {
        uint32_t tensor = s->ours.tensors[s->pairs.items[i].a];
        uint32_t other = s->theirs.tensors[s->pairs.items[i].b];
        if (tensor != OBJECT_NONE && other != OBJECT_NONE && s->numbers[tensor] != OBJECT_NONE) {
            variable_paths_add(&s->paths[s->numbers[tensor]], &s->of->tensors[other]);
        }
    }
}

/* A slot is called after its variable, which may be called as the record says. */
static void follow_slots(struct search *s)
{
    const struct object_links *slots = &s->ours.tree.slots;
    for (size_t i = 0; i < slots->count; i++) {
        const struct object_link *slot = &slots->items[i];
        uint32_t tensor = s->ours.tensors[slot->to];
        uint32_t variable = s->ours.tensors[slot->variable];
        if (tensor == OBJECT_NONE || variable == OBJECT_NONE || !s->ours.recorded[slot->variable]) {
            continue;
        }
        struct str name = catalog_friendly(s->graph, &s->graph->tensors[tensor]);
        struct str of = catalog_friendly(s->graph, &s->graph->tensors[variable]);
        struct str last = object_link_name(slot);
        s->ours.recorded[slot->to] |= name.len == of.len + 1 + last.len && str_starts(name, of) &&
                                      name.ptr[of.len] == '/' && str_ends(name, last);
    }
}

/* Variables whose names are but paths, at which there is nothing. */
static void mark_called_by_path(struct search *s)
{
    follow_slots(s);
    for (uint32_t node = 0; node < s->ours.tree.nodes; node++) {
        uint32_t tensor = s->ours.tensors[node];
        if (tensor != OBJECT_NONE && s->numbers[tensor] != OBJECT_NONE) {
            struct variable_paths *p = &s->paths[s->numbers[tensor]];
            p->called_by_path = !p->tensor && !s->ours.recorded[node];
        }
    }
}

/* ---- other attributes ------------------------------------------------------------------------ */

static int by_key(const void *a, const void *b)
{
    return str_cmp((*(const struct object_attribute *const *)a)->key,
                   (*(const struct object_attribute *const *)b)->key);
}

static int by_name(const void *left, const void *right)
{
    const struct object_attribute *a = left;
    const struct object_attribute *b = right;
    return a->node != b->node ? (a->node > b->node) - (a->node < b->node)
                              : str_cmp(a->name, b->name);
}

static errint sort_attributes(struct search *s)
{
    size_t count = s->ours.attribute_count;
    uint32_t nodes = s->ours.tree.nodes;
    s->steps = object_pairs_most(&s->ours.tree);
    s->by_key = calloc(count + 1, sizeof(*s->by_key));
    s->first = malloc(((size_t)nodes + 1) * sizeof(*s->first));
    if (!s->by_key || !s->first) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        s->by_key[i] = &s->ours.attributes[i];
    }
    qsort(s->by_key, count, sizeof(*s->by_key), by_key);
    if (s->theirs.attribute_count) {
        qsort(s->theirs.attributes, s->theirs.attribute_count, sizeof(*s->theirs.attributes),
              by_name);
    }
    for (uint32_t i = 0; i < nodes; i++) {
        s->first[i] = OBJECT_NONE;
    }
    for (uint32_t i = s->pairs.count; i-- > 0;) {
        s->first[s->pairs.items[i].a] = i;
    }
    return 0;
}

/* The graph's attribute that a tensor with that key is of, or NULL; *suffix is what the key has
 * beyond the attribute's. */
static const struct object_attribute *attribute_of(const struct search *s, struct str key,
                                                   struct str *suffix)
{
    for (size_t len = key.len; len > 0 && key.len - len <= SUFFIX_BYTES_MOST; len--) {
        const struct object_attribute want = {.key = str_head(key, len)};
        const struct object_attribute *pointer = &want;
        const struct object_attribute **found =
            bsearch(&pointer, s->by_key, s->ours.attribute_count, sizeof(*s->by_key), by_key);
        if (found) {
            *suffix = str_from_pos(key, len);
            return *found;
        }
        if (key.ptr[len - 1] == '/') {
            break;
        }
    }
    return NULL;
}

/* The checkpoint's tensor of an attribute of one of its nodes, or NULL. */
static errint find_attribute(const struct search *s, uint32_t node, struct str name,
                             struct str suffix, const struct tensor **out)
{
    const struct object_attribute want = {.node = node, .name = name};
    *out = NULL;
    const struct object_attribute *found =
        s->theirs.attribute_count
            ? bsearch(&want, s->theirs.attributes, s->theirs.attribute_count, sizeof(want), by_name)
            : NULL;
    if (!found) {
        return 0;
    }
    CLEANUP_FREE char *key = malloc(found->key.len + suffix.len + 1);
    if (!key) {
        return -ENOMEM;
    }
    memcpy(key, found->key.ptr, found->key.len);
    memcpy(key + found->key.len, suffix.ptr, suffix.len);
    *out = catalog_by_key(s->of, str_of(key, found->key.len + suffix.len));
    return 0;
}

/* What a tensor of the graph that is an attribute's is at the paths of its object. */
static errint find_attributes_at_paths(struct search *s, uint32_t tensor)
{
    struct variable_paths *p = &s->paths[s->numbers[tensor]];
    struct str suffix;
    const struct object_attribute *ours =
        attribute_of(s, catalog_key(s->graph, &s->graph->tensors[tensor]), &suffix);
    if (!ours) {
        return 0;
    }
    for (uint32_t i = s->first[ours->node]; i != OBJECT_NONE; i = s->pairs.items[i].next) {
        const struct tensor *t;
        if (s->steps-- == 0) {
            return -EOVERFLOW;
        }
        errint rc = find_attribute(s, s->pairs.items[i].b, ours->name, suffix, &t);
        if (rc < 0) {
            return rc;
        }
        if (t) {
            variable_paths_add(p, t);
        }
    }
    p->called_by_path = !p->tensor;
    p->attribute = true;
    return 0;
}

static errint find_attributes(struct search *s)
{
    if (!s->ours.attribute_count) {
        return 0;
    }
    errint rc = sort_attributes(s);
    for (uint32_t i = 0; rc == 0 && i < s->graph->count; i++) {
        if (s->numbers[i] != OBJECT_NONE && !s->paths[s->numbers[i]].tensor) {
            rc = find_attributes_at_paths(s, i);
        }
    }
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* What no path leads to has a key, which is a path as well. */
static void find_keys(struct search *s)
{
    for (uint32_t i = 0; i < s->graph->count; i++) {
        struct variable_paths *p = s->numbers[i] == OBJECT_NONE ? NULL : &s->paths[s->numbers[i]];
        if (p && !p->tensor) {
            p->tensor = catalog_by_key(s->of, catalog_key(s->graph, &s->graph->tensors[i]));
            p->called_by_path = p->called_by_path && !p->tensor;
        }
    }
}

errint graph_find_paths(const struct catalog *graph, const struct catalog *of,
                        const uint32_t *numbers, struct variable_paths *paths, struct diag *d)
{
    CLEANUP(search_fini)
    struct search s = {.graph = graph, .of = of, .numbers = numbers, .paths = paths};
    errint rc = object_tensors_read(graph, &s.ours, d);
    if (rc < 0) {
        return rc;
    }
    rc = object_tensors_read(of, &s.theirs, d);
    if (rc < 0) {
        return rc;
    }
    rc = object_pairs_find(&s.ours.tree, &s.theirs.tree, &s.pairs);
    if (rc == 0) {
        find_values(&s);
        mark_called_by_path(&s);
        rc = find_attributes(&s);
    }
    if (rc < 0) {
        return graph_complain_pairs(&s.ours.tree, graph->prefix, rc, d);
    }
    find_keys(&s);
    return 0;
}
