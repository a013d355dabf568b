/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/object_tensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "source/catalog_names.h"
#include "source/tf_v2/objects_record.h"

/* What the value of a variable is called (tensorflow/python/trackable/base.py,
 * VARIABLE_VALUE_KEY). */
#define VALUE_NAME "VARIABLE_VALUE"

struct reading {
    const struct catalog *c;
    struct wire *w;
    struct object_tensors *out;
    size_t cap;
    char *key; /* owns: CATALOG_NAME_MOST bytes */
};

static errint is_value(struct reading *r, struct wire_window name, bool *is)
{
    bool alike = wire_len(name) == strlen(VALUE_NAME);
    errint rc = alike ? wire_read(r->w, name, CATALOG_NAME_MOST, r->key) : 0;
    *is = rc == 0 && alike && memcmp(r->key, VALUE_NAME, strlen(VALUE_NAME)) == 0;
    return rc;
}

/* The tensor that a node's value as a variable is in the checkpoint. */
static errint read_tensor(struct reading *r, struct wire_window node, uint32_t *tensor)
{
    struct wire_window attribute;
    int got = 0;
    *tensor = OBJECT_NONE;
    while (*tensor == OBJECT_NONE &&
           (got = wire_next_of(r->w, &node, NODE_ATTRIBUTES, &attribute)) > 0) {
        struct wire_window key = {0};
        struct wire_window name = {0};
        struct wire_field f;
        bool value = false;
        while ((got = wire_next_bytes(r->w, &attribute, &f)) > 0) {
            key = f.number == ATTRIBUTE_KEY ? f.bytes : key;
            name = f.number == ATTRIBUTE_NAME ? f.bytes : name;
        }
        errint rc = got < 0 ? got : is_value(r, name, &value);
        rc = rc == 0 && value ? objects_record_tensor(r->c, r->w, key, r->key, tensor) : rc;
        if (rc < 0) {
            return rc;
        }
    }
    return got < 0 ? got : 0;
}

static errint read_nodes(struct reading *r)
{
    struct wire_window graph = wire_whole(r->w);
    struct wire_window node;
    struct object_tensors *out = r->out;
    int got;
    while ((got = wire_next_of(r->w, &graph, GRAPH_NODES, &node)) > 0) {
        uint32_t tensor;
        errint rc = read_tensor(r, node, &tensor);
        if (rc == 0 && !grow(&out->tensors, &r->cap, out->tree.nodes, sizeof(*out->tensors))) {
            return -ENOMEM;
        }
        if (rc == 0) {
            out->tensors[out->tree.nodes] = tensor;
            rc = object_tree_add(&out->tree, r->w, node);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return got < 0 ? got : object_tree_finish(&out->tree, r->w);
}

static errint complain(const struct objects_record *record, errint rc, const char *why,
                       struct diag *d)
{
    if (rc == -ENOMEM) {
        return diag_no_memory(d);
    }
    return diag_error(d, objects_record_code(rc), record->path, STR(OBJECTS_KEY),
                      "the object graph cannot be read: %s", why ? why : "");
}

errint object_tensors_read(const struct catalog *c, struct object_tensors *out, struct diag *d)
{
    *out = (struct object_tensors){0};
    object_tree_init(&out->tree);
    const struct tensor *t = catalog_by_key(c, STR(OBJECTS_KEY));
    CLEANUP(objects_record_close) struct objects_record record = {.file = {.fd = -1}};
    CLEANUP_FREE struct wire *w = malloc(sizeof(*w));
    CLEANUP_FREE char *key = malloc(CATALOG_NAME_MOST);
    errint rc = w && key && t ? objects_record_open(c, t, &record) : -ENOMEM;
    const char *why = record.why;
    if (rc == 0) {
        struct reading r = {.c = c, .w = w, .out = out, .key = key};
        objects_record_wire(&record, w);
        rc = read_nodes(&r);
        why = w->wrong;
    }
    return rc < 0 ? complain(&record, rc, why, d) : 0;
}

void object_tensors_fini(struct object_tensors *o)
{
    object_tree_fini(&o->tree);
    free(o->tensors);
}
