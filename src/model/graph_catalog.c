/* SPDX-License-Identifier: Apache-2.0 */
#include "model/graph_file.h"
#include "source/catalog_names.h"

/* TF2's record of the objects in a checkpoint (tensorflow/python/trackable/base.py,
 * OBJECT_GRAPH_PROTO_KEY). */
#define OBJECT_GRAPH "_CHECKPOINTABLE_OBJECT_GRAPH"

/* The tensor of another checkpoint of objects that has the same key. */
static const struct tensor *same_key(const struct catalog *graph, const struct tensor *t,
                                     const struct catalog *c)
{
    bool objects = c && c->names && graph->names;
    return objects ? catalog_by_key(c, catalog_key(graph, t)) : NULL;
}

static errint copy_tensor(const struct tensor *t, const char *where, struct arena *a,
                          struct variable *out)
{
    int64_t *dims = ARENA_ARRAY(a, int64_t, t->rank);
    struct str name = arena_str(a, tensor_name(t));
    if (!dims || !name.ptr) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < t->rank; i++) {
        dims[i] = t->dims[i];
    }
    *out = (struct variable){
        .name = name, .shape = {dims, t->rank}, .dtype = (enum dtype)t->dtype, .where = where};
    return 0;
}

errint graph_from_catalog(const struct catalog *c, const struct catalog *of, struct arena *a,
                          struct variable **out, uint32_t *count, struct diag *d)
{
    *out = NULL;
    *count = 0;
    const char *where = arena_cstr(a, str_from(c->prefix));
    struct variable *variables = ARENA_ARRAY(a, struct variable, c->count);
    if (!where || !variables) {
        return diag_no_memory(d);
    }
    uint32_t used = 0;
    uint32_t unknown = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        if (!dtype_known(t->dtype)) {
            unknown++;
        } else if (!str_eq(tensor_name(t), STR(OBJECT_GRAPH))) {
            errint rc = copy_tensor(t, where, a, &variables[used]);
            if (rc < 0) {
                return diag_no_memory(d);
            }
            variables[used++].by_path = same_key(c, t, of);
        }
    }
    if (unknown) {
        diag_warn(d, DIAG_UNSUPPORTED, where, str_from(where),
                  "%u tensors of unknown dtype are left out of the graph", unknown);
    }
    *out = variables;
    *count = used;
    return 0;
}
