/* SPDX-License-Identifier: Apache-2.0 */
#include "map/graph.h"

#include "base/cleanup.h"
#include "base/lower_bound.h"
#include "map/message.h"
#include "map/name.h"

/* By name; the same names in the order declared, which is that of their addresses. */
static int compare_variables(const void *left, const void *right)
{
    const struct variable *a = *(const struct variable *const *)left;
    const struct variable *b = *(const struct variable *const *)right;
    int order = str_cmp(a->name, b->name);
    return order ? order : (a > b) - (a < b);
}

static errint sort_variables(struct variable *variables, uint32_t count, struct diag *d)
{
    CLEANUP_FREE const struct variable **order = calloc(count, sizeof(*order));
    CLEANUP_FREE struct variable *sorted = calloc(count, sizeof(*sorted));
    if (!order || !sorted) {
        return diag_no_memory(d);
    }
    for (uint32_t i = 0; i < count; i++) {
        order[i] = &variables[i];
    }
    qsort(order, count, sizeof(*order), compare_variables);
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = *order[i];
    }
    memcpy(variables, sorted, count * sizeof(*variables));
    return 0;
}

/* Another position as it reads within a message, which has the folder already. */
static const char *place_in_folder(struct diag *d, struct position at)
{
    const char *slash = strrchr(at.file, '/');
    return diag_place(d, (struct position){slash ? slash + 1 : at.file, at.line});
}

/* Errors that one variable makes with those before it. */
static errint check_variable(const struct graph *g, uint32_t i, struct diag *d)
{
    const struct variable *v = &g->variables[i];
    if (i > 0 && str_eq(v->name, v[-1].name)) {
        return diag_error_at(d, DIAG_GRAPH_INVALID, *v->at, v->name,
                             "variable '%s' is declared twice, before at %s",
                             message_shown(d, v->name), place_in_folder(d, *v[-1].at));
    }
    struct str whole;
    const struct variable *of =
        !v->cuts && name_split_part(v->name, &whole, NULL) ? graph_find(g, whole) : NULL;
    if (of && of->cuts) {
        return diag_error_at(
            d, DIAG_GRAPH_INVALID, *v->at, v->name,
            "variable '%s' is called like a part of '%s', which is partitioned at %s: leave it out",
            message_shown(d, v->name), message_shown(d, whole), place_in_folder(d, *of->at));
    }
    return 0;
}

errint graph_build(struct variable_list variables, struct graph *out, struct diag *d)
{
    *out = (struct graph){.given = true};
    errint rc = variables.count ? sort_variables(variables.items, variables.count, d) : 0;
    if (rc < 0) {
        return rc;
    }
    const struct graph g = {variables.items, variables.count, true};
    for (uint32_t i = 0; i < variables.count; i++) {
        errint bad = check_variable(&g, i, d);
        if (rc == 0) {
            rc = bad;
        }
    }
    if (rc == 0) {
        *out = g;
    }
    return rc;
}

static bool described_alike(const struct variable *a, const struct variable *b)
{
    struct partition cut = variable_partition(a);
    struct partition other = variable_partition(b);
    return a->dtype == b->dtype && shape_eq(a->shape, b->shape) && partition_eq(&cut, &other);
}

errint graph_merge(const struct graph *declared, struct variable_list more, struct arena *a,
                   struct graph *out, struct diag *d)
{
    *out = (struct graph){.given = true};
    if (!declared->count) {
        return graph_build(more, out, d); /* a million need no copy */
    }
    struct variable *all = ARENA_ARRAY(a, struct variable, (size_t)declared->count + more.count);
    if (!all) {
        return diag_no_memory(d);
    }
    uint32_t total = declared->count;
    if (total) {
        memcpy(all, declared->variables, total * sizeof(*all));
    }
    errint rc = 0;
    for (uint32_t i = 0; i < more.count; i++) {
        const struct variable *v = graph_find(declared, more.items[i].name);
        if (!v) {
            all[total++] = more.items[i];
        } else if (described_alike(v, &more.items[i])) {
            all[v - declared->variables].paths = more.items[i].paths;
        } else {
            errint bad = diag_error_at(
                d, DIAG_GRAPH_INVALID, *v->at, v->name,
                "variable '%s' is declared %s %s here, but is %s %s in %s, or "
                "is cut otherwise there",
                message_shown(d, v->name), dtype_name(v->dtype), shape_text(v->shape).text,
                dtype_name(more.items[i].dtype), shape_text(more.items[i].shape).text,
                diag_place(d, *more.items[i].at));
            if (rc == 0) {
                rc = bad;
            }
        }
    }
    errint bad = graph_build((struct variable_list){all, total}, out, d);
    return rc ? rc : bad;
}

/* The position of the first variable whose name is not below `name`, or, with `past`, of the first
 * above all names that start with it. */
static uint32_t first_not_below(const struct graph *g, struct str name, bool past)
{
    return LOWER_BOUND(i, 0, g->count,
                       str_cmp(g->variables[i].name, name) < 0 ||
                           (past && str_starts(g->variables[i].name, name)));
}

const struct variable *graph_find(const struct graph *g, struct str name)
{
    uint32_t at = first_not_below(g, name, false);
    return at < g->count && str_eq(g->variables[at].name, name) ? &g->variables[at] : NULL;
}

uint32_t graph_prefix(const struct graph *g, struct str prefix, uint32_t *first)
{
    *first = first_not_below(g, prefix, false);
    return first_not_below(g, prefix, true) - *first;
}
