/* SPDX-License-Identifier: Apache-2.0 */
/* Graph files: those of TensorFlow against what TensorFlow says of them, and all that can be wrong
 * with one. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "io/file.h"
#include "model/graph_file.h"
#include "support/mkckpt.h"

#define GOLDEN "tests/golden/graphs/"

/* One graph read, let go by the next. */
static struct {
    struct arena arena;
    struct diag diag;
    struct variable_list list;
    errint rc;
} now;

static int forget(void **state)
{
    (void)state;
    arena_fini(&now.arena);
    diag_fini(&now.diag);
    memset(&now, 0, sizeof(now));
    arena_init(&now.arena);
    diag_init(&now.diag);
    return 0;
}

static errint read_path(const char *path, const char *tag)
{
    forget(NULL);
    now.rc = graph_file_read(path, tag, NULL, &now.arena, &now.list, &now.diag);
    assert_true(now.rc == 0 ? now.diag.errors == 0
                            : now.diag.errors > 0 && !now.list.items && !now.list.count);
    return now.rc;
}

static errint read_fd(int fd)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return read_path(path, NULL);
}

static int file_of(const void *bytes, size_t len)
{
    int fd = memfd_create("graph", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, 0), len);
    return fd;
}

static errint read_bytes(const void *bytes, size_t len)
{
    CLEANUP_CLOSE int fd = file_of(bytes, len);
    return read_fd(fd);
}

static struct str file_text(const char *path, struct arena *a)
{
    struct stat st;
    struct str text;
    assert_int_equal(file_read_text(path, 1 << 20, a, &text, &st, NULL), 0);
    return text;
}

/* The variables as the rows of a truth.json. */
static void print_dims(struct buf *b, const char *key, const int64_t *dims, unsigned rank,
                       bool null)
{
    buf_printf(b, ",\"%s\":%s", key, null ? "null" : "[");
    for (unsigned i = 0; !null && i < rank; i++) {
        buf_text(b, i ? "," : "");
        if (dims[i] < 0) {
            buf_text(b, "null");
        } else {
            buf_printf(b, "%lld", (long long)dims[i]);
        }
    }
    buf_text(b, null ? "" : "]");
}

static void print_rows(struct buf *b)
{
    for (uint32_t i = 0; i < now.list.count; i++) {
        const struct variable *v = &now.list.items[i];
        buf_printf(b, "%s{\"name\":\"" STR_FMT "\",\"dtype\":\"%s\"", i ? ",\n" : "",
                   STR_ARG(v->name), dtype_name(v->dtype));
        print_dims(b, "shape", v->shape.dims, v->shape.rank, v->shape.rank == SHAPE_RANK_UNKNOWN);
        print_dims(b, "partition", v->cuts, v->shape.rank, !v->cuts);
        buf_text(b, "}");
    }
}

#define ASSERT_ROWS(want)                                                                          \
    do {                                                                                           \
        CLEANUP_BUF struct buf _rows = {0};                                                        \
        print_rows(&_rows);                                                                        \
        assert_string_equal(_rows.data ? _rows.data : "", want);                                   \
    } while (0)

static void assert_truth(const char *graph, const char *truth, const char *tag)
{
    char path[256];
    snprintf(path, sizeof(path), GOLDEN "%s", graph);
    assert_int_equal(read_path(path, tag), 0);
    snprintf(path, sizeof(path), GOLDEN "%s", truth);
    struct arena a;
    arena_init(&a);
    struct str text = file_text(path, &a);
    struct str rows = str_from_pos(text, (size_t)str_find(text, '\n') + 1);
    assert_true(str_ends(rows, STR("\n]}\n")));
    ASSERT_ROWS(arena_cstr(&a, str_head(rows, rows.len - 4)));
    arena_fini(&a);
}

static void graph_file_read_golden_metas_are_as_tensorflow_says(void **state)
{
    (void)state;
    assert_truth("plain/graph.meta", "plain/truth.json", NULL);
    assert_truth("parts_reference/graph.meta", "parts_reference/truth.json", NULL);
    assert_truth("parts_resource/graph.meta", "parts_resource/truth.json", NULL);
    assert_truth("unknown_shapes/graph.meta", "unknown_shapes/truth.json", NULL);
    assert_truth("constant/graph.meta", "constant/truth.json", NULL);
    assert_truth("no_variables_collection/graph.meta", "no_variables_collection/truth.json", NULL);
    assert_string_equal(now.list.items[0].at->file, GOLDEN "no_variables_collection/graph.meta");
}

static void graph_file_read_golden_saved_models_are_as_tensorflow_says(void **state)
{
    (void)state;
    assert_truth("saved_model_v1/saved_model", "saved_model_v1/truth.json", NULL);
    assert_truth("saved_model_v1/saved_model/", "saved_model_v1/truth.json", "serve");
    assert_truth("saved_model_v1/saved_model/saved_model.pb", "saved_model_v1/truth_train.json",
                 "train");
    assert_truth("saved_model_v1/saved_model", "saved_model_v1/truth_train.json", "gpu, train");
    assert_truth("saved_model_v2/saved_model", "saved_model_v2/truth.json", NULL);
    assert_int_equal(now.diag.warnings, 0);
    assert_truth("saved_model_keras/saved_model", "saved_model_keras/truth.json", NULL);
    assert_string_equal(now.list.items[0].at->file,
                        GOLDEN "saved_model_keras/saved_model/saved_model.pb (tags serve)");
}

static void graph_file_read_unknown_tag_lists_the_tags(void **state)
{
    (void)state;
    assert_int_equal(read_path(GOLDEN "saved_model_v1/saved_model", "nope"), -EINVAL);
    assert_int_equal(now.diag.entries[0].code, DIAG_GRAPH_INVALID);
    assert_non_null(strstr(now.diag.entries[0].message, "train,gpu; serve"));
}

/* A graph made by hand. */
struct mkgraph {
    struct mkbuf graph;   /* GraphDef */
    struct mkbuf members; /* CollectionDef's list */
    struct mkbuf objects; /* SavedObjectGraph */
    bool node_list;
};

static void add_shape(struct mkbuf *b, unsigned field, int rank, const int64_t *dims)
{
    struct mkbuf shape = {0};
    if (rank < 0) {
        mkbuf_field(&shape, 3, 1);
    }
    for (int i = 0; i < rank; i++) {
        struct mkbuf dim = {0};
        mkbuf_field(&dim, 1, (uint64_t)dims[i]);
        mkbuf_message(&shape, 2, dim.data, dim.len);
        mkbuf_free(&dim);
    }
    mkbuf_message(b, field, shape.data, shape.len);
    mkbuf_free(&shape);
}

static void add_attr(struct mkbuf *node, const char *key, const struct mkbuf *value)
{
    struct mkbuf entry = {0};
    mkbuf_message(&entry, 1, key, strlen(key));
    mkbuf_message(&entry, 2, value->data, value->len);
    mkbuf_message(node, 5, entry.data, entry.len);
    mkbuf_free(&entry);
}

static void add_node_named(struct mkgraph *g, const void *name, size_t name_len, const char *op,
                           uint64_t dtype, int rank, const int64_t *dims)
{
    struct mkbuf node = {0};
    mkbuf_message(&node, 1, name, name_len);
    mkbuf_message(&node, 2, op, strlen(op));
    struct mkbuf type = {0};
    mkbuf_field(&type, 6, dtype);
    add_attr(&node, "dtype", &type);
    struct mkbuf shape = {0};
    add_shape(&shape, 7, rank, dims);
    add_attr(&node, "shape", &shape);
    mkbuf_message(&g->graph, 1, node.data, node.len);
    mkbuf_free(&shape);
    mkbuf_free(&type);
    mkbuf_free(&node);
}

static void add_node(struct mkgraph *g, const char *name, const char *op, uint64_t dtype, int rank,
                     const int64_t *dims)
{
    add_node_named(g, name, strlen(name), op, dtype, rank, dims);
}

#define DIMS(...) ((const int64_t[]){__VA_ARGS__})

static void add_packed(struct mkbuf *b, unsigned field, unsigned rank, const int64_t *dims)
{
    struct mkbuf packed = {0};
    for (unsigned i = 0; i < rank; i++) {
        mkbuf_varint(&packed, (uint64_t)dims[i]);
    }
    mkbuf_message(b, field, packed.data, packed.len);
    mkbuf_free(&packed);
}

static void add_member(struct mkgraph *g, const char *output)
{
    struct mkbuf def = {0};
    mkbuf_message(&def, 1, output, strlen(output));
    mkbuf_message(&g->members, 1, def.data, def.len);
    mkbuf_free(&def);
}

/* A part of rank 1 with its node, which is float32. */
static void add_part_of(struct mkgraph *g, const char *node, const char *whole, int64_t full,
                        int64_t offset, int64_t len)
{
    struct mkbuf slice = {0};
    mkbuf_message(&slice, 1, whole, strlen(whole));
    add_packed(&slice, 2, 1, &full);
    add_packed(&slice, 3, 1, &offset);
    add_packed(&slice, 4, 1, &len);
    struct mkbuf def = {0};
    char output[256];
    snprintf(output, sizeof(output), "%s:0", node);
    mkbuf_message(&def, 1, output, strlen(output));
    mkbuf_message(&def, 4, slice.data, slice.len);
    mkbuf_message(&g->members, 1, def.data, def.len);
    add_node(g, node, "VariableV2", 1, 1, &len);
    mkbuf_free(&def);
    mkbuf_free(&slice);
}

static void add_saved(struct mkgraph *g, const char *name, uint64_t dtype, int rank,
                      const int64_t *dims)
{
    struct mkbuf variable = {0};
    mkbuf_field(&variable, 1, dtype);
    add_shape(&variable, 2, rank, dims);
    mkbuf_message(&variable, 6, name, strlen(name));
    struct mkbuf object = {0};
    mkbuf_message(&object, 7, variable.data, variable.len);
    mkbuf_message(&g->objects, 1, object.data, object.len);
    mkbuf_free(&object);
    mkbuf_free(&variable);
}

static void finish(struct mkgraph *g, struct mkbuf *out)
{
    *out = (struct mkbuf){0};
    mkbuf_message(out, 2, g->graph.data, g->graph.len);
    if (g->members.len) {
        struct mkbuf list = {0};
        mkbuf_message(&list, g->node_list ? 1 : 2, g->members.data, g->members.len);
        struct mkbuf entry = {0};
        mkbuf_message(&entry, 1, "variables", 9);
        mkbuf_message(&entry, 2, list.data, list.len);
        mkbuf_message(out, 4, entry.data, entry.len);
        mkbuf_free(&entry);
        mkbuf_free(&list);
    }
    if (g->objects.len) {
        mkbuf_message(out, 7, g->objects.data, g->objects.len);
    }
    mkbuf_free(&g->graph);
    mkbuf_free(&g->members);
    mkbuf_free(&g->objects);
}

/* Reads what was made, which is gone then. */
static errint read_made(struct mkgraph *g)
{
    struct mkbuf file;
    finish(g, &file);
    errint rc = read_bytes(file.data, file.len);
    mkbuf_free(&file);
    return rc;
}

#define ASSERT_REFUSED(g, diag_code, words)                                                        \
    do {                                                                                           \
        assert_true(read_made(&(g)) < 0);                                                          \
        assert_int_equal(now.diag.entries[0].code, diag_code);                                     \
        if (!strstr(now.diag.entries[0].message, words)) {                                         \
            fail_msg("'%s' lacks '%s'", now.diag.entries[0].message, words);                       \
        }                                                                                          \
    } while (0)

static void graph_file_read_collection_decides_which_exist(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    add_node(&g, "w", "VarHandleOp", 1, 2, DIMS(2, -1));
    add_node(&g, "temporary", "VariableV2", 1, 0, NULL);
    add_node(&g, "counter", "AutoReloadVariable", 109, 0, NULL); /* a reference type */
    add_node(&g, "old", "Variable", 1, 0, NULL);
    add_node(&g, "older", "Variable", 1, 1, DIMS(3));
    add_node(&g, "w/Read", "ReadVariableOp", 1, 0, NULL);
    add_member(&g, "w:0");
    add_member(&g, "older:0");
    add_member(&g, "old:0");
    add_member(&g, "counter:0");
    add_member(&g, "w:0"); /* twice, the same */
    assert_int_equal(read_made(&g), 0);
    ASSERT_ROWS("{\"name\":\"counter\",\"dtype\":\"int64\",\"shape\":[],\"partition\":null},\n"
                "{\"name\":\"old\",\"dtype\":\"float32\",\"shape\":null,\"partition\":null},\n"
                "{\"name\":\"older\",\"dtype\":\"float32\",\"shape\":[3],\"partition\":null},\n"
                "{\"name\":\"w\",\"dtype\":\"float32\",\"shape\":[2,null],\"partition\":null}");
}

static void graph_file_read_collection_of_node_names_works(void **state)
{
    (void)state;
    struct mkgraph g = {.node_list = true};
    add_node(&g, "w", "VariableV2", 3, 0, NULL);
    mkbuf_message(&g.members, 1, "w:0", 3);
    assert_int_equal(read_made(&g), 0);
    ASSERT_ROWS("{\"name\":\"w\",\"dtype\":\"int32\",\"shape\":[],\"partition\":null}");
}

/* Attributes that are not wanted are not looked into, however deep they are. */
static void graph_file_read_absurd_nesting_is_skipped_or_refused(void **state)
{
    (void)state;
    struct mkbuf deep = {0};
    for (unsigned i = 0; i < 2000; i++) {
        struct mkbuf outer = {0};
        mkbuf_message(&outer, 1, deep.data, deep.len);
        mkbuf_free(&deep);
        deep = outer;
    }
    struct mkgraph g = {0};
    struct mkbuf node = {0};
    mkbuf_message(&node, 1, "c", 1);
    mkbuf_message(&node, 2, "VariableV2", 10);
    add_attr(&node, "value", &deep);
    struct mkbuf type = {0};
    mkbuf_field(&type, 6, 1);
    add_attr(&node, "dtype", &type);
    mkbuf_message(&g.graph, 1, node.data, node.len);
    assert_int_equal(read_made(&g), 0);
    ASSERT_ROWS("{\"name\":\"c\",\"dtype\":\"float32\",\"shape\":null,\"partition\":null}");
    assert_true(read_bytes(deep.data, deep.len) < 0);
    mkbuf_free(&type);
    mkbuf_free(&node);
    mkbuf_free(&deep);
}

/* A constant of 1 TiB, a hole in a sparse file, before the one variable: reading it would take for
 * ever. */
static void graph_file_read_huge_constant_is_jumped_over(void **state)
{
    (void)state;
    const uint64_t hole = UINT64_C(1) << 40;
    struct mkgraph g = {0};
    add_node(&g, "w", "VariableV2", 1, 0, NULL);
    struct mkbuf after = g.graph;

    /* From inside out: node "c" of op Const, attr "value", an AttrValue with tensor 8,
     * tensor_content 4. */
    static const struct {
        const char *before;
        size_t len;
        unsigned field;
    } layers[] = {
        {"", 0, 4},
        {"", 0, 8},
        {"\x0a\x05value", 7, 2},
        {"\x0a\x01"
         "c\x12\x05"
         "Const",
         10, 5},
        {"", 0, 1},
        {"", 0, 2},
    };
    struct mkbuf head = {0};
    uint64_t len = hole;
    for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
        struct mkbuf outer = {0};
        mkbuf_add(&outer, layers[i].before, layers[i].len);
        mkbuf_varint(&outer, layers[i].field << 3 | 2);
        mkbuf_varint(&outer, len + (i == ARRAY_LEN(layers) - 1 ? after.len : 0));
        mkbuf_add(&outer, head.data, head.len);
        mkbuf_free(&head);
        head = outer;
        len = hole + head.len;
    }
    CLEANUP_CLOSE int fd = file_of(head.data, head.len);
    assert_int_equal(pwrite(fd, after.data, after.len, (off_t)(head.len + hole)), after.len);
    assert_int_equal(read_fd(fd), 0);
    ASSERT_ROWS("{\"name\":\"w\",\"dtype\":\"float32\",\"shape\":[],\"partition\":null}");
    assert_true(now.arena.total_bytes < 64 << 10);
    mkbuf_free(&head);
    mkbuf_free(&after);
}

static void graph_file_read_parts_in_any_order_become_one(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    for (int i = 11; i >= 0; i--) { /* part_10 sorts before part_2 */
        char node[32];
        snprintf(node, sizeof(node), "x/part_%d", i);
        add_part_of(&g, node, "x", 25, i ? 2 * i + 1 : 0, i ? 2 : 3);
        strcat(node, "/part_a/Adam"); /* the slot of that part */
        add_part_of(&g, node, "x/part_a/Adam", 25, i ? 2 * i + 1 : 0, i ? 2 : 3);
    }
    add_part_of(&g, "x/part_0", "x", 25, 0, 3); /* again, the same */
    add_part_of(&g, "x/part_0/Other", "y/Other", 25, 0, 3);
    assert_int_equal(read_made(&g), 0);
    ASSERT_ROWS(
        "{\"name\":\"x\",\"dtype\":\"float32\",\"shape\":[25],\"partition\":[12]},\n"
        "{\"name\":\"x/part_0/Other\",\"dtype\":\"float32\",\"shape\":[3],\"partition\":null},\n"
        "{\"name\":\"x/part_a/Adam\",\"dtype\":\"float32\",\"shape\":[25],\"partition\":[12]}");
}

static void graph_file_read_parts_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    add_part_of(&g, "x/part_0", "x", 5, 0, 2); /* TensorFlow's first is the longer */
    add_part_of(&g, "x/part_1", "x", 5, 2, 3);
    ASSERT_REFUSED(g, DIAG_UNSUPPORTED,
                   "'x/part_0' is [2] at [0], which is not part 0 of 2 of [5]");
    g = (struct mkgraph){0};
    add_part_of(&g, "x/part_0", "x", 4, 0, 2);
    add_part_of(&g, "x/part_2", "x", 4, 2, 2);
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "part 1 of 'x' is missing");
    g = (struct mkgraph){0};
    add_part_of(&g, "x/part_0", "x", 4, 0, 2); /* the last parts are gone */
    ASSERT_REFUSED(g, DIAG_UNSUPPORTED, "not part 0 of 1 of [4]");
    g = (struct mkgraph){0};
    add_part_of(&g, "x/part_0", "x", 1, 0, 1);
    add_part_of(&g, "x/part_1", "x", 1, 1, 0);
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "'x' has 2 parts");
    g = (struct mkgraph){0};
    add_part_of(&g, "x/part_0", "x", 4, 0, 2);
    add_part_of(&g, "x/part_1", "x", 5, 2, 2);
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID,
                   "'x/part_1' is a part of float32 [5], part 0 one of float32 [4]");
    g = (struct mkgraph){0};
    add_part_of(&g, "x/part_0", "x", -1, 0, 2);
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "its full shape is [?]");
    g = (struct mkgraph){0};
    add_part_of(&g, "x/part_0", "x", INT64_MAX, 0, INT64_MAX);
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "more than 2^63-1 bytes");
}

static void graph_file_read_conflicting_duplicates_are_refused(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    add_node(&g, "w", "VariableV2", 1, 1, DIMS(2));
    add_node(&g, "w", "VariableV2", 1, 1, DIMS(3));
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "'w' has several nodes");
    add_node(&g, "w", "VariableV2", 1, 1, DIMS(2));
    add_node(&g, "w", "VariableV2", 2, 1, DIMS(2));
    add_member(&g, "w:0");
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "'w' has several nodes");
    add_part_of(&g, "x/part_0", "x", 2, 0, 2);
    add_part_of(&g, "x/part_0", "x", 2, 1, 2);
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "listed twice with different slice info");
    add_part_of(&g, "x/part_0", "x", 2, 0, 2);
    add_node(&g, "x", "VariableV2", 1, 1, DIMS(2));
    add_member(&g, "x:0");
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "'x' is both a plain variable and a partitioned one");
}

static void graph_file_read_equal_duplicates_are_one(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    add_node(&g, "w", "VariableV2", 1, 1, DIMS(2));
    add_node(&g, "w", "VariableV2", 1, 1, DIMS(2));
    assert_int_equal(read_made(&g), 0);
    assert_int_equal(now.list.count, 1);
}

static void graph_file_read_everything_wrong_is_reported(void **state)
{
    (void)state;
    int64_t many[255] = {0};
    struct mkgraph g = {0};
    add_node(&g, "a", "VariableV2", 0, 0, NULL);
    add_node(&g, "b", "VariableV2", 77, 0, NULL);
    add_node(&g, "c", "VariableV2", 1, 1, DIMS(-2));
    add_node(&g, "d", "VariableV2", 1, 255, many);
    add_node(&g, "e", "VariableV2", 1, 2, DIMS(INT64_MAX, 2));
    add_node(&g, "", "VariableV2", 1, 0, NULL);
    add_node(&g, "fine", "VariableV2", 1, 0, NULL);
    for (const char *output = "a:0\0b:0\0c:0\0d:0\0e:0\0:0\0no_node:0\0fine:0\0"; *output;
         output += strlen(output) + 1) {
        add_member(&g, output);
    }
    assert_int_equal(read_made(&g), -EINVAL);
    assert_int_equal(now.diag.errors, 7);
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(now.diag.entries[i].code, DIAG_GRAPH_INVALID);
    }
}

static void graph_file_read_names_are_any_bytes(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    add_node_named(&g, "\xff\0\n", 3, "VariableV2", 1, 0, NULL);
    assert_int_equal(read_made(&g), 0);
    assert_int_equal(now.list.count, 1);
    assert_true(str_eq(now.list.items[0].name, str_of("\xff\0\n", 3)));
}

static void graph_file_read_long_names_are_over_the_limit(void **state)
{
    (void)state;
    enum { MOST = 64 << 10 };
    for (size_t len = MOST; len <= MOST + 1; len++) {
        CLEANUP_FREE char *name = malloc(len);
        memset(name, 'x', len);
        struct mkgraph g = {0};
        add_node_named(&g, name, len, "VariableV2", 1, 0, NULL);
        assert_int_equal(read_made(&g), len > MOST ? -EOVERFLOW : 0);
        for (size_t i = 0; i < 1024; i += 2) {
            name[i] = '/';
        }
        add_node_named(&g, name, 1023, "VariableV2", 1, 0, NULL); /* 513 components */
        ASSERT_REFUSED(g, DIAG_LIMIT, "513 components");
    }
}

static void graph_file_read_over_a_million_variables_is_over_the_limit(void **state)
{
    (void)state;
    struct mkgraph g = {.node_list = true};
    for (uint32_t i = 0; i <= GRAPH_VARIABLES_MOST; i++) {
        mkbuf_message(&g.members, 1, "w", 1);
    }
    ASSERT_REFUSED(g, DIAG_LIMIT, "more than 1048576 variables");
}

/* What would make protobuf-c join the pieces of a message again and again is not given to it. */
static void graph_file_read_leaf_of_many_pieces_is_over_the_limit(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    struct mkbuf def = {0};
    for (unsigned i = 0; i < 10000; i++) {
        mkbuf_message(&def, 4, "\x10\x01", 2);
    }
    mkbuf_message(&g.members, 1, def.data, def.len);
    ASSERT_REFUSED(g, DIAG_LIMIT, "larger than any of its kind");
    mkbuf_free(&def);
}

static void graph_file_read_undecodable_leaf_is_refused(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    mkbuf_message(&g.members, 1, "\x22\x02\x0a\x09", 4); /* slice info whose name is cut */
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "a VariableDef cannot be decoded");
    mkbuf_message(&g.members, 1, "\x08\x01",
                  2); /* a number for a name: unknown to protobuf, so no name */
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "");
}

static void graph_file_read_ambiguous_saved_variables_are_left_out(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    add_node(&g, "node", "VarHandleOp", 1, 0, NULL); /* not asked when there are saved variables */
    add_saved(&g, "total", 1, 0, NULL);
    add_saved(&g, "Variable", 1, 1, DIMS(2));
    add_saved(&g, "total", 1, 0, NULL);
    add_saved(&g, "Variable", 1, 1, DIMS(3));
    add_saved(&g, "", 1, 0, NULL);
    add_saved(&g, "free", 1, -1, NULL);
    assert_int_equal(read_made(&g), 0);
    ASSERT_ROWS("{\"name\":\"free\",\"dtype\":\"float32\",\"shape\":null,\"partition\":null},\n"
                "{\"name\":\"total\",\"dtype\":\"float32\",\"shape\":[],\"partition\":null}");
    assert_int_equal(now.diag.warnings, 3);
}

static void graph_file_read_no_variables_is_refused(void **state)
{
    (void)state;
    struct mkgraph g = {0};
    add_node(&g, "c", "Const", 1, 0, NULL);
    ASSERT_REFUSED(g, DIAG_GRAPH_INVALID, "the graph has no variables");
}

static void graph_file_read_other_files_are_refused_with_words(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *words;
    } files[] = {
        {"", 0, "empty"},
        {"meta_info_def {\n}\n", 18, "text format"},
        {"# proto\nsaved_model_schema_version: 1\n", 38, "text format"},
        {"\n\n  graph_def  {", 16, "text format"},
        {"\x08\x01", 2, "no meta graph"},
        {"\x0a\x00", 2, "frozen GraphDef"},
        {"\x89HDF\r\n\x1a\n", 8, "an HDF5 file"},
        {"\x0a\x0a\x0a\x01w\x12\x05"
         "Const",
         12, "a frozen GraphDef"},
        {"not a graph at all\n", 19, "damaged"},
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, "a length passes the end"},
        {"\x12\x05\x0a\x7f", 4, "a length passes the end"},
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        assert_int_equal(read_bytes(files[i].bytes, files[i].len), -EINVAL);
        if (!strstr(now.diag.entries[0].message, files[i].words)) {
            fail_msg("%zu: %s", i, now.diag.entries[0].message);
        }
    }
    assert_int_equal(read_path("tests/golden/demo/model.ckpt-1000.index", NULL), -EINVAL);
    assert_non_null(strstr(now.diag.entries[0].message, "a checkpoint or its index"));
    assert_int_equal(read_path(GOLDEN "nothing.meta", NULL), -ENOENT);
    assert_int_equal(read_path("/dev/zero", NULL), -EINVAL);
}

/* Cut anywhere, a file is refused, or tells of variables that it has when whole. */
static void cut_everywhere(const char *path)
{
    struct arena a;
    arena_init(&a);
    struct str text = file_text(path, &a);
    assert_int_equal(read_path(path, NULL), 0);
    CLEANUP_BUF struct buf names = {0};
    buf_text(&names, "\n");
    for (uint32_t i = 0; i < now.list.count; i++) {
        buf_printf(&names, STR_FMT "\n", STR_ARG(now.list.items[i].name));
    }
    CLEANUP_CLOSE int fd = file_of(text.ptr, text.len);
    unsigned refused = 0;
    for (size_t len = text.len; len-- > 0;) {
        assert_int_equal(ftruncate(fd, (off_t)len), 0);
        refused += read_fd(fd) < 0;
        for (uint32_t i = 0; i < now.list.count; i++) {
            char line[256];
            struct str whole =
                now.list.items[i].name; /* without the collection parts are themselves */
            long part = str_search(whole, STR("/part_"));
            whole = part < 0 || str_find(str_from_pos(whole, (size_t)part + 1), '/') >= 0
                        ? whole
                        : str_head(whole, (size_t)part);
            snprintf(line, sizeof(line), "\n" STR_FMT "\n", STR_ARG(whole));
            assert_non_null(strstr(names.data, line));
        }
    }
    assert_true(refused > text.len / 2);
    arena_fini(&a);
}

static void graph_file_read_truncated_anywhere_is_refused_or_less(void **state)
{
    (void)state;
    cut_everywhere(GOLDEN "no_variables_collection/graph.meta");
    cut_everywhere(GOLDEN "unknown_shapes/graph.meta");
    cut_everywhere(GOLDEN "saved_model_v2/saved_model/saved_model.pb");
}

/* Any byte changed: no crash (the sanitizers watch), an answer of one kind or the other. */
static void graph_file_read_any_byte_changed_is_survived(void **state)
{
    (void)state;
    static const unsigned char changes[] = {0x01, 0x02, 0x04, 0x80, 0xff};
    static const char *const paths[] = {GOLDEN "no_variables_collection/graph.meta",
                                        GOLDEN "unknown_shapes/graph.meta"};
    for (size_t p = 0; p < ARRAY_LEN(paths); p++) {
        struct arena a;
        arena_init(&a);
        struct str text = file_text(paths[p], &a);
        CLEANUP_CLOSE int fd = file_of(text.ptr, text.len);
        for (size_t i = 0; i < text.len; i++) {
            for (size_t c = 0; c < ARRAY_LEN(changes); c++) {
                char byte = (char)(text.ptr[i] ^ changes[c]);
                assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
                (void)!read_fd(fd);
            }
            assert_int_equal(pwrite(fd, text.ptr + i, 1, (off_t)i), 1);
        }
        assert_int_equal(read_fd(fd), 0);
        arena_fini(&a);
    }
}

static void graph_file_named_tells_graphs_from_checkpoints(void **state)
{
    (void)state;
    assert_true(graph_file_named(GOLDEN "plain/graph.meta"));
    assert_true(graph_file_named("nowhere/x.meta"));
    assert_true(graph_file_named("nowhere/saved_model.pb"));
    assert_true(graph_file_named(GOLDEN "saved_model_v2/saved_model"));
    assert_true(graph_file_named(GOLDEN "saved_model_v2/saved_model/saved_model.pb"));
    assert_false(graph_file_named("tests/golden/demo"));
    assert_false(graph_file_named("tests/golden/demo/checkpoint"));
    assert_false(graph_file_named("tests/golden/demo/model.ckpt-1000"));
    assert_false(graph_file_named("tests/golden/demo/model.ckpt-1000.index"));
    assert_false(graph_file_named("tests/golden/demo/model.ckpt-1000.data-00000-of-00001"));
    assert_false(graph_file_named("tests/golden/v1/model-v1"));
}

static void graph_from_catalog_takes_what_has_a_dtype(void **state)
{
    (void)state;
    static const int64_t dims[] = {10, 4};
    static const struct tensor tensors[] = {
        {.name_ptr = "_CHECKPOINTABLE_OBJECT_GRAPH", .name_len = 28, .dtype = DTYPE_STRING},
        {.name_ptr = "odd", .name_len = 3, .hidden = TENSOR_DTYPE_UNKNOWN},
        {.name_ptr = "s", .name_len = 1, .dtype = DTYPE_STRING, .dims = dims, .rank = 1},
        {.name_ptr = "sliced",
         .name_len = 6,
         .dtype = DTYPE_FLOAT16,
         .sliced = 1,
         .dims = dims,
         .rank = 2},
        {.name_ptr = "w", .name_len = 1, .dtype = DTYPE_INT64},
    };
    struct catalog c = {.prefix = "dir/other", .tensors = tensors, .count = ARRAY_LEN(tensors)};
    forget(NULL);
    assert_int_equal(graph_from_catalog(&c, NULL, &now.arena, &now.list, &now.diag), 0);
    ASSERT_ROWS("{\"name\":\"s\",\"dtype\":\"string\",\"shape\":[10],\"partition\":null},\n"
                "{\"name\":\"sliced\",\"dtype\":\"float16\",\"shape\":[10,4],\"partition\":null},\n"
                "{\"name\":\"w\",\"dtype\":\"int64\",\"shape\":[],\"partition\":null}");
    assert_string_equal(now.list.items[0].at->file, "dir/other");
    assert_int_equal(now.diag.warnings, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graph_file_read_golden_metas_are_as_tensorflow_says),
        cmocka_unit_test(graph_file_read_golden_saved_models_are_as_tensorflow_says),
        cmocka_unit_test(graph_file_read_unknown_tag_lists_the_tags),
        cmocka_unit_test(graph_file_read_collection_decides_which_exist),
        cmocka_unit_test(graph_file_read_collection_of_node_names_works),
        cmocka_unit_test(graph_file_read_absurd_nesting_is_skipped_or_refused),
        cmocka_unit_test(graph_file_read_huge_constant_is_jumped_over),
        cmocka_unit_test(graph_file_read_parts_in_any_order_become_one),
        cmocka_unit_test(graph_file_read_parts_that_do_not_fit_are_refused),
        cmocka_unit_test(graph_file_read_conflicting_duplicates_are_refused),
        cmocka_unit_test(graph_file_read_equal_duplicates_are_one),
        cmocka_unit_test(graph_file_read_everything_wrong_is_reported),
        cmocka_unit_test(graph_file_read_names_are_any_bytes),
        cmocka_unit_test(graph_file_read_long_names_are_over_the_limit),
        cmocka_unit_test(graph_file_read_over_a_million_variables_is_over_the_limit),
        cmocka_unit_test(graph_file_read_leaf_of_many_pieces_is_over_the_limit),
        cmocka_unit_test(graph_file_read_undecodable_leaf_is_refused),
        cmocka_unit_test(graph_file_read_ambiguous_saved_variables_are_left_out),
        cmocka_unit_test(graph_file_read_no_variables_is_refused),
        cmocka_unit_test(graph_file_read_other_files_are_refused_with_words),
        cmocka_unit_test(graph_file_read_truncated_anywhere_is_refused_or_less),
        cmocka_unit_test(graph_file_read_any_byte_changed_is_survived),
        cmocka_unit_test(graph_file_named_tells_graphs_from_checkpoints),
        cmocka_unit_test(graph_from_catalog_takes_what_has_a_dtype),
    };
    return cmocka_run_group_tests(tests, forget, forget);
}
