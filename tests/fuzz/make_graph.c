/* SPDX-License-Identifier: Apache-2.0 */
/* A MetaGraphDef, alone or in a SavedModel (tensorflow/core/protobuf/meta_graph.proto,
 * saved_model.proto). A line is a variable:
 *
 *   NAME DTYPE DIMS op=VariableV2 of=FULL full=DIMS at=OFFSETS in=variables bare
 *
 * DIMS have -1 for an unknown length, and `?` is an unknown shape. With `of` it is a part of the
 * variable FULL. `in` is its collection; `bare`: in none. In a SavedModel, @var NAME DTYPE DIMS is
 * the next node of its object graph, a variable, and @obj is another; they have edges and slots by
 * lines of make_objects.c. `== saved PATH noversion` has no schema version. */
#include <stdio.h>

#include "fuzz/fuzz.h"
#include "fuzz/made.h"

static void add_text(struct mkbuf *out, unsigned number, struct str text)
{
    struct mkbuf plain = {0};
    add_unescaped(&plain, text);
    mkbuf_message(out, number, plain.data, plain.len);
    mkbuf_free(&plain);
}

static void add_shape(struct mkbuf *out, unsigned number, struct str dims)
{
    int64_t numbers[MADE_RANK];
    struct mkbuf shape = {0};
    if (str_eq(dims, STR("?"))) {
        mkbuf_field(&shape, 3, 1);
    } else {
        unsigned rank = numbers_of(dims, numbers, MADE_RANK);
        for (unsigned i = 0; i < rank; i++) {
            struct mkbuf dim = {0};
            mkbuf_field(&dim, 1, (uint64_t)numbers[i]);
            mkbuf_message(&shape, 2, dim.data, dim.len);
            mkbuf_free(&dim);
        }
    }
    mkbuf_message(out, number, shape.data, shape.len);
    mkbuf_free(&shape);
}

static uint64_t dtype_of(struct str name)
{
    int64_t number = number_of(name, 0);
    return number ? (uint64_t)number : (uint64_t)dtype_parse(name);
}

/* An entry of a node's map of attributes. */
static void add_attribute(struct mkbuf *node, const char *key, const struct mkbuf *value)
{
    struct mkbuf entry = {0};
    add_text(&entry, 1, str_from(key));
    mkbuf_message(&entry, 2, value->data, value->len);
    mkbuf_message(node, 5, entry.data, entry.len);
    mkbuf_free(&entry);
}

static void add_node(struct mkbuf *graph, struct str name, struct str dtype, struct str dims,
                     struct str words)
{
    struct mkbuf node = {0}, type = {0}, shape = {0};
    struct str op = word_value(words, "op");
    add_text(&node, 1, name);
    add_text(&node, 2, op.ptr ? op : STR("VarHandleOp"));
    mkbuf_field(&type, 6, dtype_of(dtype));
    add_attribute(&node, "dtype", &type);
    add_shape(&shape, 7, dims);
    add_attribute(&node, "shape", &shape);
    mkbuf_message(graph, 1, node.data, node.len);
    mkbuf_free(&node);
    mkbuf_free(&type);
    mkbuf_free(&shape);
}

/* Packed numbers of a SaveSliceInfoDef. */
static void add_numbers(struct mkbuf *info, unsigned number, struct str text)
{
    int64_t numbers[MADE_RANK];
    unsigned count = numbers_of(text, numbers, MADE_RANK);
    struct mkbuf packed = {0};
    for (unsigned i = 0; i < count; i++) {
        mkbuf_varint(&packed, (uint64_t)numbers[i]);
    }
    mkbuf_message(info, number, packed.data, packed.len);
    mkbuf_free(&packed);
}

static void add_definition(struct mkbuf *list, struct str name, struct str dims, struct str words)
{
    struct mkbuf definition = {0}, tensor = {0};
    add_unescaped(&tensor, name);
    mkbuf_add(&tensor, ":0", 2);
    mkbuf_message(&definition, 1, tensor.data, tensor.len);
    struct str of = word_value(words, "of");
    if (of.ptr) {
        struct mkbuf info = {0};
        add_text(&info, 1, of);
        add_numbers(&info, 2, word_value(words, "full"));
        add_numbers(&info, 3, word_value(words, "at"));
        add_numbers(&info, 4, dims);
        mkbuf_message(&definition, 4, info.data, info.len);
        mkbuf_free(&info);
    }
    mkbuf_message(list, 1, definition.data, definition.len);
    mkbuf_free(&definition);
    mkbuf_free(&tensor);
}

/* The collection of that name: a map entry of MetaGraphDef. */
static void add_collection(struct mkbuf *meta, struct str name, const struct mkbuf *definitions)
{
    struct mkbuf list = {0}, entry = {0};
    mkbuf_message(&list, 2, definitions->data, definitions->len);
    add_text(&entry, 1, name);
    mkbuf_message(&entry, 2, list.data, list.len);
    mkbuf_message(meta, 4, entry.data, entry.len);
    mkbuf_free(&list);
    mkbuf_free(&entry);
}

/* A SavedObject that is a variable, which `words` describe; without any it is none. */
static void add_object(struct mkbuf *objects, unsigned number, struct str words, struct str lines)
{
    struct mkbuf variable = {0}, object = {0};
    struct str name, dtype, dims, line;
    if (take_word(&words, &name) && take_word(&words, &dtype) && take_word(&words, &dims)) {
        mkbuf_field(&variable, 1, dtype_of(dtype));
        add_shape(&variable, 2, dims);
        add_text(&variable, 6, str_eq(name, STR("-")) ? STR("") : name);
        mkbuf_message(&object, 7, variable.data, variable.len);
    }
    while (take_line(&lines, &line)) {
        made_object_line(&object, number, line);
    }
    mkbuf_message(objects, 1, object.data, object.len);
    mkbuf_free(&variable);
    mkbuf_free(&object);
}

/* All nodes of the object graph, in the order of their lines. */
static void add_objects(struct mkbuf *objects, struct str lines)
{
    unsigned number = 0;
    struct str rest = lines;
    struct str line, first;
    while (take_line(&rest, &line)) {
        if (take_word(&line, &first) &&
            (str_eq(first, STR("@var")) || str_eq(first, STR("@obj")))) {
            add_object(objects, number++, str_eq(first, STR("@var")) ? line : STR(""), lines);
        }
    }
}

struct meta {
    struct mkbuf graph, variables, others, objects;
};

static void add_line(struct meta *m, struct str line)
{
    struct str name, dtype, dims;
    if (!take_word(&line, &name) || !take_word(&line, &dtype) || !take_word(&line, &dims) ||
        str_starts(name, STR("@"))) {
        return;
    }
    struct str in = word_value(line, "in");
    add_node(&m->graph, name, dtype, dims, line);
    if (!has_word(line, "bare")) {
        add_definition(in.ptr && !str_eq(in, STR("variables")) ? &m->others : &m->variables, name,
                       dims, line);
    }
}

void make_graph(struct made *made, const struct section *s, bool saved)
{
    struct meta m = {{0}, {0}, {0}, {0}};
    struct mkbuf meta = {0}, file = {0};
    struct str words = s->head;
    struct str name, line;
    struct str lines = s->body;
    while (take_line(&lines, &line)) {
        add_line(&m, line);
    }
    add_objects(&m.objects, s->body);
    mkbuf_message(&meta, 2, m.graph.data, m.graph.len);
    if (m.variables.len) {
        add_collection(&meta, STR("variables"), &m.variables);
    }
    if (m.others.len) {
        add_collection(&meta, STR("local_variables"), &m.others);
    }
    if (m.objects.len) {
        mkbuf_message(&meta, 7, m.objects.data, m.objects.len);
    }
    if (saved) {
        mkbuf_field(&file, 1, !has_word(s->head, "noversion"));
        mkbuf_message(&file, 2, meta.data, meta.len);
    }
    const char *path = take_word(&words, &name) ? made_path(made, name) : NULL;
    if (path) {
        (void)made_write(made, path, saved ? &file : &meta);
    }
    struct mkbuf *const all[] = {&m.graph, &m.variables, &m.others, &m.objects, &meta, &file};
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        mkbuf_free(all[i]);
    }
}
