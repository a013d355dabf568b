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
    size_t cap; /* of out->tensors, out->recorded, out->attributes */
    size_t recorded_cap;
    size_t attribute_cap;
    char *key; /* owns: CATALOG_NAME_MOST bytes */
};

/* A SerializedTensor. */
struct attribute {
    struct wire_window name;
    struct wire_window full_name;
    struct wire_window key;
};

/* A node that is being read. */
struct node {
    uint32_t tensor; /* its value as a variable, or OBJECT_NONE */
    bool recorded;
};

static errint read_fields(struct reading *r, struct wire_window at, struct attribute *out)
{
    *out = (struct attribute){0};
    struct wire_field f;
    int got;
    while ((got = wire_next_bytes(r->w, &at, &f)) > 0) {
        out->name = f.number == ATTRIBUTE_NAME ? f.bytes : out->name;
        out->full_name = f.number == ATTRIBUTE_FULL_NAME ? f.bytes : out->full_name;
        out->key = f.number == ATTRIBUTE_KEY ? f.bytes : out->key;
    }
    return got;
}

/* The tensor of a variable's value, and whether it is called as the record says. */
static errint read_value(struct reading *r, const struct attribute *at, struct node *node)
{
    errint rc = objects_record_tensor(r->c, r->w, at->key, r->key, &node->tensor);
    if (rc < 0 || node->tensor == OBJECT_NONE) {
        return rc;
    }
    struct str name = catalog_friendly(r->c, &r->c->tensors[node->tensor]);
    if (wire_len(at->full_name) != name.len || name.len > CATALOG_NAME_MOST) {
        return 0;
    }
    rc = wire_read(r->w, at->full_name, CATALOG_NAME_MOST, r->key);
    node->recorded = rc == 0 && str_eq(str_of(r->key, name.len), name);
    return rc;
}

static errint keep_attribute(struct reading *r, const struct attribute *at)
{
    struct object_tensors *out = r->out;
    struct object_attribute *to;
    if (out->attribute_count == OBJECT_LINKS_MOST || wire_len(at->name) > CATALOG_NAME_MOST ||
        wire_len(at->key) > CATALOG_NAME_MOST ||
        out->tree.texts.total_bytes > OBJECT_TEXT_BYTES_MOST) {
        return wire_blame(r->w, -EOVERFLOW, at->key.off,
                          "its objects have too many attributes, or too long names of them");
    }
    if (!grow(&out->attributes, &r->attribute_cap, out->attribute_count,
              sizeof(*out->attributes))) {
        return -ENOMEM;
    }
    to = &out->attributes[out->attribute_count];
    to->node = out->tree.nodes;
    errint rc = wire_bytes(r->w, at->name, CATALOG_NAME_MOST, &out->tree.texts, &to->name);
    if (rc == 0) {
        rc = wire_bytes(r->w, at->key, CATALOG_NAME_MOST, &out->tree.texts, &to->key);
    }
    out->attribute_count += rc == 0;
    return rc;
}

static errint read_attributes(struct reading *r, struct wire_window at, struct node *node)
{
    struct wire_window field;
    int got;
    *node = (struct node){.tensor = OBJECT_NONE};
    while ((got = wire_next_of(r->w, &at, NODE_ATTRIBUTES, &field)) > 0) {
        struct attribute attribute;
        errint rc = read_fields(r, field, &attribute);
        if (rc < 0) {
            return rc;
        }
        int value = wire_is(r->w, attribute.name, STR(VALUE_NAME));
        if (value < 0) {
            return value;
        }
        if (!value) {
            rc = keep_attribute(r, &attribute);
        } else if (node->tensor == OBJECT_NONE) {
            rc = read_value(r, &attribute, node);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return got;
}

static errint read_nodes(struct reading *r)
{
    struct wire_window graph = wire_whole(r->w);
    struct wire_window at;
    struct object_tensors *out = r->out;
    int got;
    while ((got = wire_next_of(r->w, &graph, GRAPH_NODES, &at)) > 0) {
        struct node node;
        errint rc = read_attributes(r, at, &node);
        if (rc < 0) {
            return rc;
        }
        if (!grow(&out->tensors, &r->cap, out->tree.nodes, sizeof(*out->tensors)) ||
            !grow(&out->recorded, &r->recorded_cap, out->tree.nodes, sizeof(*out->recorded))) {
            return -ENOMEM;
        }
        out->tensors[out->tree.nodes] = node.tensor;
        out->recorded[out->tree.nodes] = node.recorded;
        rc = object_tree_add(&out->tree, r->w, at);
        if (rc < 0) {
            return rc;
        }
    }
    return got < 0 ? got : object_tree_finish(&out->tree, r->w);
}

static errint complain_record(const struct objects_record *record, errint rc, const char *why,
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
    CLEANUP(objects_record_close) struct objects_record record = {0};
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
    return rc < 0 ? complain_record(&record, rc, why, d) : 0;
}

void object_tensors_fini(struct object_tensors *o)
{
    object_tree_fini(&o->tree);
    free(o->tensors);
    free(o->recorded);
    free(o->attributes);
}
