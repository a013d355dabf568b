/* SPDX-License-Identifier: Apache-2.0 */
/* A MetaGraphDef on the wire (tensorflow/core/protobuf/meta_graph.proto and what it includes):
 *
 *   MetaGraphDef      graph_def 2, saver_def 3, map collection_def 4, object_graph_def 7
 *   GraphDef          node 1 *
 *   NodeDef           name 1, op 2, map attr 5
 *   CollectionDef     node_list 1 or bytes_list 2, both: value 1 *
 *   SavedObjectGraph  nodes 1 *, each may have a SavedVariable 7, and edges (object_tree.h)
 *   a map's entry     key 1, value 2
 *
 * Failures are put into words by wire_blame; graph_file_read makes the error of them. */
#include <stdlib.h>

#include "base/grow.h"
#include "map/name.h"
#include "map/token.h"
#include "model/graph_reading.h"

enum { META_GRAPH = 2, META_SAVER = 3, META_COLLECTION = 4, META_OBJECTS = 7 };
enum { SAVER_VERSION = 7, SAVER_VERSION_V2 = 2 };
enum { GRAPH_NODE = 1 };
enum { NODE_NAME = 1, NODE_OP = 2, NODE_ATTR = 5 };
enum { COLLECTION_NODES = 1, COLLECTION_BYTES = 2, COLLECTION_VALUE = 1 };
enum { OBJECTS_NODE = 1, OBJECT_VARIABLE = 7 };
enum { MAP_KEY = 1, MAP_VALUE = 2 };

/* OP_LEGACY is `Variable`, the op of TensorFlow before 0.12, where a scalar shape may also mean
 * "unknown" and TensorFlow takes it so (tensorflow/core/ops/state_ops.cc). */
enum op_kind { OP_OTHER, OP_LEGACY, OP_VARIABLE };

/* Key and value of a map's entry; empty windows where they are missing. */
static errint map_entry(struct graph_reading *g, struct wire_window at, struct wire_window *key,
                        struct wire_window *value)
{
    *key = *value = (struct wire_window){0};
    struct wire_field f;
    int rc;
    while ((rc = wire_next_bytes(&g->wire, &at, &f)) > 0) {
        if (f.number == MAP_KEY) {
            *key = f.bytes;
        } else if (f.number == MAP_VALUE) {
            *value = f.bytes;
        }
    }
    return rc;
}

/* Make room for one more item of `size` bytes. */
static errint reserve_item(struct graph_reading *g, void *items, uint32_t count, size_t *cap,
                           size_t size)
{
    if (count == GRAPH_VARIABLES_MOST) {
        return wire_blame(&g->wire, -EOVERFLOW, WIRE_NOWHERE,
                          "the graph has more than 1048576 variables");
    }
    if (g->keep.total_bytes > GRAPH_KEPT_BYTES_MOST) {
        return wire_blame(&g->wire, -EOVERFLOW, WIRE_NOWHERE,
                          "the names and shapes of the variables exceed 512 MiB");
    }
    return grow(items, cap, count, size) ? 0 : -ENOMEM;
}

static errint add_node(struct graph_reading *g, struct graph_nodes *list, struct graph_node node)
{
    errint rc = reserve_item(g, &list->items, list->count, &list->cap, sizeof(*list->items));
    if (rc == 0) {
        list->items[list->count++] = node;
    }
    return rc;
}

static errint add_member(struct graph_reading *g, struct graph_member member)
{
    errint rc = reserve_item(g, &g->members, g->member_count, &g->member_cap, sizeof(*g->members));
    if (rc == 0) {
        g->members[g->member_count++] = member;
    }
    return rc;
}

/* A record for protobuf-c, in the leaf arena, which is emptied before. */
static errint read_leaf(struct graph_reading *g, struct wire_window at, uint32_t known,
                        struct str *record)
{
    arena_reset(&g->leaf);
    return wire_gather(&g->wire, at, known, GRAPH_LEAF_BYTES_MOST, &g->leaf, record);
}

/* rc, with the words that a decoder's failure has not. */
static errint blame_decoder(struct graph_reading *g, errint rc, struct wire_window at,
                            const char *wrong)
{
    return rc == -EBADMSG ? wire_blame(&g->wire, rc, at.off, wrong) : rc;
}

/* A shape moved out of the leaf arena. */
static errint keep_dims(struct graph_reading *g, const struct graph_dims *from,
                        struct graph_node *node)
{
    int64_t *dims = ARENA_ARRAY(&g->keep, int64_t, from->rank);
    if (!dims) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < from->rank; i++) {
        dims[i] = from->dims[i];
    }
    node->unknown_rank = from->unknown_rank;
    node->rank = from->rank;
    node->dims = dims;
    return 0;
}

/* Nodes */

/* An enum op_kind, or negative. */
static int op_kind(struct graph_reading *g, struct wire_window at)
{
    static const struct {
        struct str op;
        enum op_kind kind;
    } ops[] = {
        {{"VarHandleOp", 11}, OP_VARIABLE},
        {{"VariableV2", 10}, OP_VARIABLE},
        {{"AutoReloadVariable", 18}, OP_VARIABLE},
        {{"Variable", 8}, OP_LEGACY},
    };
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        int rc = wire_is(&g->wire, at, ops[i].op);
        if (rc != 0) {
            return rc < 0 ? rc : (int)ops[i].kind;
        }
    }
    return OP_OTHER;
}

static errint walk_attr(struct graph_reading *g, struct wire_window at, struct graph_node *node)
{
    struct wire_window key;
    struct wire_window value;
    errint rc = map_entry(g, at, &key, &value);
    int is_dtype = rc < 0 ? rc : wire_is(&g->wire, key, STR("dtype"));
    int is_shape = is_dtype ? 0 : wire_is(&g->wire, key, STR("shape"));
    if (is_dtype <= 0 && is_shape <= 0) {
        return is_dtype < 0 ? is_dtype : is_shape;
    }
    struct str record;
    struct graph_attr attr;
    rc = read_leaf(g, value, GRAPH_ATTR_KNOWN, &record);
    if (rc == 0) {
        rc = graph_attr_decode(record, &g->leaf, &attr);
    }
    if (rc < 0) {
        return blame_decoder(g, rc, value, "the dtype or shape of a variable cannot be decoded");
    }
    if (is_shape) {
        return keep_dims(g, &attr.shape, node);
    }
    node->dtype = attr.type;
    return 0;
}

/* A node that makes a variable. */
static errint keep_node(struct graph_reading *g, struct wire_window at, struct wire_window name,
                        enum op_kind kind)
{
    struct graph_node node = {.unknown_rank = true};
    errint rc = wire_bytes(&g->wire, name, NAME_BYTES_MOST, &g->keep, &node.name);
    if (rc < 0) {
        return rc;
    }
    struct wire_window attr;
    while ((rc = wire_next_of(&g->wire, &at, NODE_ATTR, &attr)) > 0) {
        errint bad = walk_attr(g, attr, &node);
        if (bad < 0) {
            return bad;
        }
    }
    node.unknown_rank |= kind == OP_LEGACY && node.rank == 0;
    return rc < 0 ? rc : add_node(g, &g->nodes, node);
}

static errint walk_node(struct graph_reading *g, struct wire_window whole)
{
    struct wire_window at = whole;
    struct wire_window name = {0};
    int kind = OP_OTHER;
    struct wire_field f;
    int rc;
    while ((rc = wire_next_bytes(&g->wire, &at, &f)) > 0) {
        if (f.number == NODE_NAME) {
            name = f.bytes;
        } else if (f.number == NODE_OP) {
            kind = op_kind(g, f.bytes);
            if (kind <= OP_OTHER) {
                return kind; /* the attributes of such a node are not even skipped one by one */
            }
        }
    }
    return rc < 0 || kind == OP_OTHER ? rc : keep_node(g, whole, name, (enum op_kind)kind);
}

static errint walk_graph(struct graph_reading *g, struct wire_window at)
{
    g->has_graph = true;
    struct wire_window node;
    int rc;
    while ((rc = wire_next_of(&g->wire, &at, GRAPH_NODE, &node)) > 0) {
        errint bad = walk_node(g, node);
        if (bad < 0) {
            return bad;
        }
    }
    return rc;
}

/* The collection */

/* `w` of `w:0`, as the node's output is called. */
static struct str node_of(struct str output)
{
    struct str bare = token_without_output(output);
    return bare.ptr ? bare : output;
}

/* Of a slot's node, `w/part_0/Adam`, the full name is `w/Adam`: whether those two are such, and
 * which part it is. */
static bool is_slot_part(struct str node, struct str full, int64_t *part)
{
    for (size_t from = 0; from < node.len;) {
        long at = str_search(str_from_pos(node, from), STR("/part_"));
        if (at < 0) {
            return false;
        }
        size_t before = from + (size_t)at;
        from = before + 1;
        long len = str_find(str_from_pos(node, from), '/');
        struct str rest = len < 0 ? STR("") : str_from_pos(node, from + (size_t)len);
        struct str whole;
        if (rest.len && name_split_part(str_head(node, node.len - rest.len), &whole, part) &&
            full.len == whole.len + rest.len && str_starts(full, whole) && str_ends(full, rest)) {
            return true;
        }
    }
    return false;
}

/* Slice info whose full name is that of no whole of the node's is left out: see graph_file.h. */
static errint keep_slice(struct graph_reading *g, const struct graph_variable_def *def, uint64_t at,
                         struct graph_member *member)
{
    struct str whole;
    bool plain = def->is_part && name_split_part(member->name, &whole, &member->part) &&
                 str_eq(whole, def->whole);
    member->slot = def->is_part && !plain && is_slot_part(member->name, def->whole, &member->part);
    if (!plain && !member->slot) {
        return 0;
    }
    if (member->slot) {
        whole = arena_str(&g->keep, def->whole);
        if (!whole.ptr) {
            return -ENOMEM;
        }
    }
    uint32_t rank = def->full.rank;
    if (rank == 0 || rank > SHAPE_RANK_MOST || def->offset.rank != rank ||
        def->shape.rank != rank) {
        return wire_blame(&g->wire, -EBADMSG, at,
                          "the shapes in a part's slice info differ in rank");
    }
    int64_t *dims = ARENA_ARRAY(&g->keep, int64_t, 3 * (size_t)rank);
    if (!dims) {
        return -ENOMEM;
    }
    size_t bytes = rank * sizeof(*dims);
    memcpy(dims, def->full.dims, bytes);
    memcpy(dims + rank, def->offset.dims, bytes);
    memcpy(dims + 2 * (size_t)rank, def->shape.dims, bytes);
    member->whole = whole;
    member->rank = rank;
    member->dims = dims;
    return 0;
}

static errint walk_variable_def(struct graph_reading *g, struct wire_window at)
{
    struct str record;
    struct graph_variable_def def;
    errint rc = read_leaf(g, at, GRAPH_VARIABLE_DEF_KNOWN, &record);
    if (rc == 0) {
        rc = graph_variable_def_decode(record, &g->leaf, &def);
    }
    if (rc < 0) {
        return blame_decoder(g, rc, at, "a VariableDef cannot be decoded");
    }
    struct graph_member member = {.name = arena_str(&g->keep, node_of(def.name))};
    if (!member.name.ptr) {
        return -ENOMEM;
    }
    rc = keep_slice(g, &def, at.off, &member);
    return rc ? rc : add_member(g, member);
}

/* The name of a node's output, or of the node. */
static errint walk_node_name(struct graph_reading *g, struct wire_window at)
{
    struct str name;
    errint rc = wire_bytes(&g->wire, at, NAME_BYTES_MOST, &g->keep, &name);
    return rc ? rc : add_member(g, (struct graph_member){.name = node_of(name)});
}

static errint walk_list(struct graph_reading *g, struct wire_window at, uint32_t kind)
{
    struct wire_window value;
    int rc;
    while ((rc = wire_next_of(&g->wire, &at, COLLECTION_VALUE, &value)) > 0) {
        errint bad = 0;
        if (kind == COLLECTION_BYTES) {
            bad = walk_variable_def(g, value);
        } else if (kind == COLLECTION_NODES) {
            bad = walk_node_name(g, value);
        }
        if (bad < 0) {
            return bad;
        }
    }
    return rc;
}

static errint walk_collection(struct graph_reading *g, struct wire_window at)
{
    struct wire_window key;
    struct wire_window value;
    errint rc = map_entry(g, at, &key, &value);
    int wanted = rc < 0 ? rc : wire_is(&g->wire, key, STR("variables"));
    if (wanted <= 0) {
        return wanted;
    }
    g->has_collection = true;
    struct wire_field f;
    while ((rc = wire_next_bytes(&g->wire, &value, &f)) > 0) {
        errint bad = walk_list(g, f.bytes, f.number);
        if (bad < 0) {
            return bad;
        }
    }
    return rc;
}

/* The object graph */

static errint walk_saved_variable(struct graph_reading *g, struct wire_window at, uint32_t number)
{
    struct str record;
    struct graph_saved_variable saved;
    errint rc = read_leaf(g, at, GRAPH_SAVED_VARIABLE_KNOWN, &record);
    if (rc == 0) {
        rc = graph_saved_variable_decode(record, &g->leaf, &saved);
    }
    if (rc < 0) {
        return blame_decoder(g, rc, at, "a SavedVariable cannot be decoded");
    }
    if (saved.name.len == 0 && !g->catalog) {
        g->nameless++;
        return 0;
    }
    struct graph_node node = {
        .name = arena_str(&g->keep, saved.name), .dtype = saved.dtype, .object = number};
    rc = node.name.ptr ? keep_dims(g, &saved.shape, &node) : -ENOMEM;
    return rc ? rc : add_node(g, &g->saved, node);
}

static errint walk_objects(struct graph_reading *g, struct wire_window at)
{
    struct wire_window object;
    int rc;
    while ((rc = wire_next_of(&g->wire, &at, OBJECTS_NODE, &object)) > 0) {
        struct wire_window variable;
        uint32_t number = g->objects.nodes;
        errint bad = g->catalog ? object_tree_add(&g->objects, &g->wire, object) : 0;
        while (bad == 0 &&
               (bad = wire_next_of(&g->wire, &object, OBJECT_VARIABLE, &variable)) > 0) {
            bad = walk_saved_variable(g, variable, number);
        }
        if (bad < 0) {
            return bad;
        }
    }
    return rc;
}

/* The version of the checkpoints that the graph's own Saver writes and reads (SaverDef,
 * tensorflow/core/protobuf/saver.proto); LEGACY, which is V1, where none is said. */
static errint walk_saver(struct graph_reading *g, struct wire_window at)
{
    struct wire_field f;
    int rc;
    g->saver_v1 = true;
    while ((rc = wire_next(&g->wire, &at, &f)) > 0) {
        if (f.number == SAVER_VERSION && f.type == WIRE_VARINT) {
            g->saver_v1 = f.value != SAVER_VERSION_V2;
        }
    }
    return rc;
}

static errint walk_field(struct graph_reading *g, const struct wire_field *f)
{
    switch (f->number) {
    case META_GRAPH:
        return walk_graph(g, f->bytes);
    case META_SAVER:
        return walk_saver(g, f->bytes);
    case META_COLLECTION:
        return walk_collection(g, f->bytes);
    case META_OBJECTS:
        return walk_objects(g, f->bytes);
    default:
        return 0;
    }
}

errint graph_meta_walk(struct graph_reading *g, struct wire_window at)
{
    struct wire_field f;
    int rc;
    while ((rc = wire_next_bytes(&g->wire, &at, &f)) > 0) {
        errint bad = walk_field(g, &f);
        if (bad < 0) {
            return bad;
        }
    }
    return rc;
}
