/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/graph_paths.h"
#include "model/graph_reading.h"
#include "source/catalog_names.h"

/* Gives the variables, `numbers` by tensor of the graph, their paths, in `a`. */
static errint add_paths(const struct catalog *graph, const struct catalog *of,
                        const uint32_t *numbers, struct arena *a, const struct variable_list *list,
                        struct diag *d)
{
    struct variable_paths *paths = ARENA_ARRAY(a, struct variable_paths, list->count);
    if (!paths) {
        return diag_no_memory(d);
    }
    errint rc = graph_find_paths(graph, of, numbers, paths, d);
    if (rc < 0) {
        return rc;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        list->items[i].paths = &paths[i];
        if (paths[i].attribute) { /* a table has as many elements as were saved */
            list->items[i].shape = (struct shape){NULL, SHAPE_RANK_UNKNOWN};
        }
    }
    return 0;
}

errint graph_from_catalog(struct catalog *c, const struct catalog *of, struct arena *a,
                          struct variable_list *out, struct diag *d)
{
    *out = (struct variable_list){0};
    const char *file = arena_cstr(a, str_from(c->prefix));
    struct variable_list list = {ARENA_ARRAY(a, struct variable, c->count), 0};
    struct position *at = ARENA_NEW(a, struct position);
    if (!file || !at || !list.items) {
        return diag_no_memory(d);
    }
    *at = position_file(file);
    CLEANUP_FREE uint32_t *numbers = malloc(((size_t)c->count + 1) * sizeof(*numbers));
    if (!numbers) {
        return diag_no_memory(d);
    }
    uint32_t unknown = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        numbers[i] = OBJECT_NONE;
        if (!dtype_known(t->dtype)) {
            unknown++;
        } else if (!str_eq(tensor_name(t), STR(OBJECTS_KEY))) {
            list.items[list.count] = (struct variable){.name = tensor_name(t),
                                                       .shape = tensor_shape(t),
                                                       .dtype = (enum dtype)t->dtype,
                                                       .at = at};
            numbers[i] = list.count++;
        }
    }
    if (unknown) {
        diag_warn(d, DIAG_UNSUPPORTED, file, str_from(file),
                  "%u tensors of unknown dtype are left out of the graph", unknown);
    }
    if (of && of->names && of->names->friendly && c->names) {
        errint rc = add_paths(c, of, numbers, a, &list, d);
        if (rc < 0) {
            return rc;
        }
    }
    arena_take(a, &c->arena);
    *out = list;
    return 0;
}
