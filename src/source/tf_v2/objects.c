/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/objects.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "source/catalog_names.h"
#include "source/tf_v2/objects_record.h"

struct reading {
    const struct catalog *c;
    struct wire *w;
    struct arena *a;
    struct object_name *names;
    char *key;       /* owns: CATALOG_NAME_MOST bytes */
    uint32_t *nodes; /* owns: by node, the tensor that it is */
    uint32_t node_count;
    size_t node_cap;
    uint64_t text_left; /* bytes that names may still have */
};

static errint copy_name(struct reading *r, struct wire_window text, struct str *out)
{
    if (wire_len(text) > CATALOG_NAME_MOST || wire_len(text) > r->text_left) {
        return wire_blame(r->w, -EOVERFLOW, text.off,
                          wire_len(text) > CATALOG_NAME_MOST
                              ? "a name is longer than 64 KiB"
                              : "its names together are longer than 64 times the index and 64 MiB");
    }
    r->text_left -= wire_len(text);
    errint rc = wire_bytes(r->w, text, CATALOG_NAME_MOST, r->a, out);
    if (rc == 0 && !catalog_name_fits(*out)) {
        return wire_blame(r->w, -EOVERFLOW, text.off, "a name has more than 512 components");
    }
    return rc;
}

static errint read_attribute(struct reading *r, struct wire_window at, uint32_t *node)
{
    struct wire_window full = {0};
    struct wire_window key = {0};
    struct wire_field f;
    int got;
    while ((got = wire_next_bytes(r->w, &at, &f)) > 0) {
        if (f.number == ATTRIBUTE_FULL_NAME) {
            full = f.bytes;
        } else if (f.number == ATTRIBUTE_KEY) {
            key = f.bytes;
        }
    }
    uint32_t tensor = OBJECT_NONE;
    errint rc = got < 0 ? got : objects_record_tensor(r->c, r->w, key, r->key, &tensor);
    if (rc < 0 || tensor == OBJECT_NONE) {
        return rc;
    }
    if (*node == OBJECT_NONE) {
        *node = tensor;
    }
    struct object_name *name = &r->names[tensor];
    return name->full.len || wire_len(full) == 0 ? 0 : copy_name(r, full, &name->full);
}

static errint read_attributes(struct reading *r, struct wire_window node)
{
    uint32_t tensor = OBJECT_NONE;
    struct wire_window attribute;
    int got;
    while ((got = wire_next_of(r->w, &node, NODE_ATTRIBUTES, &attribute)) > 0) {
        errint rc = read_attribute(r, attribute, &tensor);
        if (rc < 0) {
            return rc;
        }
    }
    if (got < 0) {
        return got;
    }
    if (r->node_count == OBJECT_NODES_MOST) {
        return wire_blame(r->w, -EOVERFLOW, node.off, "it has more than 32 Mi nodes");
    }
    if (!grow(&r->nodes, &r->node_cap, r->node_count, sizeof(*r->nodes))) {
        return -ENOMEM;
    }
    r->nodes[r->node_count++] = tensor;
    return 0;
}

static errint read_slot(struct reading *r, struct wire_window at)
{
    struct object_reference slot;
    errint rc = object_reference_read(r->w, at, &slot);
    if (rc < 0) {
        return rc;
    }
    if (slot.first >= r->node_count || slot.third >= r->node_count) {
        return wire_blame(r->w, -EBADMSG, at.off,
                          "a slot variable refers to a node that is not there");
    }
    uint32_t tensor = r->nodes[slot.third];
    uint32_t variable = r->nodes[slot.first];
    if (tensor == OBJECT_NONE || variable == OBJECT_NONE || tensor == variable ||
        wire_len(slot.name) == 0 || r->names[tensor].slot.len) {
        return 0; /* not in the checkpoint: nothing to name */
    }
    r->names[tensor].slot_of = variable;
    return copy_name(r, slot.name, &r->names[tensor].slot);
}

static errint read_slots(struct reading *r, struct wire_window node)
{
    struct wire_window slot;
    int got;
    while ((got = wire_next_of(r->w, &node, NODE_SLOTS, &slot)) > 0) {
        errint rc = read_slot(r, slot);
        if (rc < 0) {
            return rc;
        }
    }
    return got;
}

static errint each_node(struct reading *r,
                        errint (*visit)(struct reading *r, struct wire_window node))
{
    struct wire_window graph = wire_whole(r->w);
    struct wire_window node;
    int got;
    while ((got = wire_next_of(r->w, &graph, GRAPH_NODES, &node)) > 0) {
        errint rc = visit(r, node);
        if (rc < 0) {
            return rc;
        }
    }
    return got;
}

errint objects_read(const struct catalog *c, struct wire *w, struct arena *a,
                    struct object_name *names)
{
    for (uint32_t i = 0; i < c->count; i++) {
        names[i] = (struct object_name){.slot_of = OBJECT_NONE};
    }
    struct reading r = {
        .c = c,
        .w = w,
        .a = a,
        .names = names,
        .key = malloc(CATALOG_NAME_MOST),
        .text_left = catalog_names_text_most(c),
    };
    errint rc = r.key ? each_node(&r, read_attributes) : -ENOMEM;
    if (rc == 0) {
        rc = each_node(&r, read_slots);
    }
    free(r.key);
    free(r.nodes);
    return rc;
}

/* Keys go on without it. */
static void warn_unread(struct catalog *c, struct diag *d, enum diag_code code, const char *where,
                        const char *why)
{
    const char *kept = arena_printf(&c->arena, "%s: %s", where, why);
    c->names_fault = kept ? kept : "its object graph cannot be read";
    diag_warn(d, code, where, STR(OBJECTS_KEY),
              "the object graph cannot be read, so tensors have no names but their keys: %s", why);
}

errint objects_load(struct catalog *c, struct diag *d)
{
    const struct tensor *t = catalog_find(c, STR(OBJECTS_KEY));
    if (!t) {
        return 0;
    }
    CLEANUP(objects_record_close) struct objects_record record;
    CLEANUP(arena_fini) struct arena texts;
    arena_init(&texts);
    CLEANUP_FREE struct object_name *names = NULL;
    CLEANUP_FREE struct wire *w = NULL;
    errint rc = objects_record_open(c, t, &record);
    if (rc < 0 && record.why) {
        warn_unread(c, d, objects_record_code(rc), record.path, record.why);
        return 0;
    }
    names = calloc((size_t)c->count + 1, sizeof(*names));
    w = malloc(sizeof(*w));
    if (rc < 0 || !names || !w) {
        return diag_no_memory(d);
    }
    objects_record_wire(&record, w);
    rc = objects_read(c, w, &c->arena, names);
    if (rc == -EBADMSG || rc == -EOVERFLOW || rc == -EIO) {
        warn_unread(c, d, objects_record_code(rc), record.path, w->wrong);
        return 0;
    }
    if (rc == 0) {
        rc = catalog_names_build(c, names);
    }
    return rc < 0 ? diag_no_memory(d) : 0;
}
