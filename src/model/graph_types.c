/* SPDX-License-Identifier: Apache-2.0 */
/* Dtype and shape of the nodes that make variables. */
#include <inttypes.h>

#include "base/lower_bound.h"
#include "map/message.h"
#include "model/graph_reading.h"

enum { REFERENCE_TYPES = 100 }; /* DT_FLOAT_REF = DT_FLOAT + 100, in old graphs */

static bool same_node(const struct graph_node *a, const struct graph_node *b)
{
    return a->dtype == b->dtype && a->unknown_rank == b->unknown_rank && a->rank == b->rank &&
           graph_same_dims(a->dims, b->dims, a->rank);
}

uint32_t graph_nodes_alike(const struct graph_nodes *list, uint32_t first, bool *alike)
{
    uint32_t end = first + 1;
    *alike = true;
    while (end < list->count && str_eq(list->items[end].name, list->items[first].name)) {
        *alike &= same_node(&list->items[first], &list->items[end]);
        end++;
    }
    return end - first;
}

errint graph_invalid(struct graph_reading *g, struct str name, const char *what)
{
    return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, name, "variable '%s' %s",
                      message_shown(g->diag, name), what);
}

errint graph_check_shape(struct graph_reading *g, struct str name, const struct graph_type *t)
{
    bool known = true;
    for (unsigned i = 0; i < t->shape.rank; i++) {
        known &= t->shape.dims[i] != SHAPE_DIM_UNKNOWN;
        if (t->shape.dims[i] < SHAPE_DIM_UNKNOWN) {
            return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, name,
                              "variable '%s' has a dimension of %" PRId64,
                              message_shown(g->diag, name), t->shape.dims[i]);
        }
    }
    uint64_t bytes;
    if (known && shape_bytes(t->shape, t->dtype, &bytes) < 0) {
        return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, name,
                          "variable '%s', %s %s, is more than 2^63-1 bytes",
                          message_shown(g->diag, name), dtype_name(t->dtype),
                          shape_text(t->shape).text);
    }
    return 0;
}

errint graph_node_type(struct graph_reading *g, const struct graph_node *node,
                       struct graph_type *out)
{
    *out = (struct graph_type){.shape = {.rank = SHAPE_RANK_UNKNOWN}};
    int64_t dtype = node->dtype > REFERENCE_TYPES ? node->dtype - REFERENCE_TYPES : node->dtype;
    if (dtype == DTYPE_INVALID) {
        return graph_invalid(g, node->name, "has no dtype");
    }
    if (dtype < 0 || !dtype_known((uint64_t)dtype)) {
        return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, node->name,
                          "variable '%s' has the unknown dtype %" PRId64,
                          message_shown(g->diag, node->name), node->dtype);
    }
    out->dtype = (enum dtype)dtype;
    if (node->unknown_rank) {
        return 0;
    }
    if (node->rank > SHAPE_RANK_MOST) {
        return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, node->name,
                          "variable '%s' has %u dimensions, %d are the most",
                          message_shown(g->diag, node->name), node->rank, SHAPE_RANK_MOST);
    }
    out->shape = (struct shape){node->dims, (uint8_t)node->rank};
    return graph_check_shape(g, node->name, out);
}

errint graph_member_type(struct graph_reading *g, const struct graph_member *m,
                         struct graph_type *out)
{
    const struct graph_nodes *list = &g->nodes;
    uint32_t first = LOWER_BOUND(i, 0, list->count, str_cmp(list->items[i].name, m->name) < 0);
    *out = (struct graph_type){0};
    if (first == list->count || !str_eq(list->items[first].name, m->name)) {
        return graph_invalid(g, m->name, "is in the collection, but no node of the graph makes it");
    }
    bool alike;
    graph_nodes_alike(list, first, &alike);
    if (!alike) {
        return graph_invalid(g, m->name, "has several nodes, which differ in dtype or shape");
    }
    return graph_node_type(g, &list->items[first], out);
}
