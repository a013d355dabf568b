/* SPDX-License-Identifier: Apache-2.0 */
/* Object graphs, and what tensors are called by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/catalog_names.h"
#include "source/tf_v2/bundle.h"
#include "source/tf_v2/objects_path.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"

enum { FLOAT = 1, STRING = 7 };

#define GRAPH_KEY "_CHECKPOINTABLE_OBJECT_GRAPH"
#define VALUE     "/.ATTRIBUTES/VARIABLE_VALUE"

struct fixture {
    struct tmpdir dir;
    char prefix[600];
    char index[700];
    struct mkckpt ckpt;
    struct mkbuf graph;
    struct diag d;
    struct catalog *c;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    tmpdir_make(&f.dir);
    snprintf(f.prefix, sizeof(f.prefix), "%s/m", f.dir.path);
    snprintf(f.index, sizeof(f.index), "%s.index", f.prefix);
    mkckpt_init(&f.ckpt, 1);
    diag_init(&f.d);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    catalog_close(f->c);
    mkckpt_free(&f->ckpt);
    mkbuf_free(&f->graph);
    diag_fini(&f->d);
    tmpdir_remove(&f->dir);
    return 0;
}

static void add_value(struct fixture *f, const char *key, uint32_t value)
{
    mkckpt_tensor(&f->ckpt, key, FLOAT, 0, NULL, 0, &value, 4);
}

/* No two of them have the same value. */
static void add_tensor(struct fixture *f, const char *key)
{
    static uint32_t value = 1 << 20;
    add_value(f, key, value++);
}

/* The node of a tensor, with its name. */
static void record_name(struct fixture *f, const char *key, const char *full_name)
{
    struct mkbuf attribute = {0};
    struct mkbuf node = {0};
    mkbuf_message(&attribute, 1, "VARIABLE_VALUE", 14);
    mkbuf_message(&attribute, 2, full_name, strlen(full_name));
    mkbuf_message(&attribute, 3, key, strlen(key));
    mkbuf_message(&node, 2, attribute.data, attribute.len);
    mkbuf_message(&f->graph, 1, node.data, node.len);
    mkbuf_free(&attribute);
    mkbuf_free(&node);
}

/* A tensor, and its node. */
static void add_node(struct fixture *f, const char *key, const char *full_name)
{
    record_name(f, key, full_name);
    add_tensor(f, key);
}

static void add_copy(struct fixture *f, const char *key, const char *full_name, uint32_t value)
{
    record_name(f, key, full_name);
    add_value(f, key, value);
}

/* A node with one slot variable. */
static void add_slot(struct fixture *f, unsigned variable, const char *slot, unsigned node_id)
{
    struct mkbuf reference = {0};
    struct mkbuf node = {0};
    mkbuf_field(&reference, 1, variable);
    mkbuf_message(&reference, 2, slot, strlen(slot));
    mkbuf_field(&reference, 3, node_id);
    mkbuf_message(&node, 3, reference.data, reference.len);
    mkbuf_message(&f->graph, 1, node.data, node.len);
    mkbuf_free(&reference);
    mkbuf_free(&node);
}

/* The record as TensorFlow writes it (tensor_bundle.cc, WriteStringTensor), the bytes of both
 * checksums changed by that. */
static void add_record(struct fixture *f, uint32_t length_xor, uint32_t content_xor)
{
    struct mkbuf bytes = {0};
    struct mkbuf over = {0}; /* what the checksum is over */
    mkbuf_le32(&over, (uint32_t)f->graph.len);
    uint32_t length_crc = mk_mask(mk_crc32c(over.data, over.len));
    mkbuf_le32(&over, length_crc);
    mkbuf_add(&over, f->graph.data, f->graph.len);
    mkbuf_varint(&bytes, f->graph.len);
    mkbuf_le32(&bytes, length_crc ^ length_xor);
    mkbuf_add(&bytes, f->graph.data, f->graph.len);
    struct mkbuf value = {0};
    struct mkbuf *shard = &f->ckpt.shards[0];
    struct mkentry e = {.dtype = STRING,
                        .off = shard->len,
                        .bytes = bytes.len,
                        .crc = mk_mask(mk_crc32c(over.data, over.len)) ^ content_xor};
    mkbuf_add(shard, bytes.data, bytes.len);
    mk_entry(&value, &e);
    mkckpt_record(&f->ckpt, GRAPH_KEY, strlen(GRAPH_KEY), value.data, value.len);
    mkbuf_free(&bytes);
    mkbuf_free(&over);
    mkbuf_free(&value);
}

static void open_written(struct fixture *f)
{
    catalog_close(f->c);
    assert_int_equal(
        bundle_open(&(struct location){.prefix = f->prefix, .index_path = f->index}, &f->d, &f->c),
        0);
    assert_int_equal(f->d.errors, 0);
}

static void open_ckpt(struct fixture *f)
{
    add_record(f, 0, 0);
    mkckpt_write(&f->ckpt, f->prefix);
    open_written(f);
    assert_int_equal(f->d.warnings, 0);
    assert_non_null(f->c->names);
}

static void assert_str(struct str found, const char *expected)
{
    if (!str_eq(found, str_from(expected))) {
        fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(found), expected);
    }
}

/* Both names lead to the tensor and back, whichever it is known by. */
static void assert_named(struct fixture *f, const char *key, const char *friendly)
{
    const struct tensor *found[2];
    assert_int_equal(catalog_resolve(f->c, str_from(key), found, 2), 1);
    const struct tensor *t = found[0];
    assert_str(catalog_key(f->c, t), key);
    assert_str(catalog_friendly(f->c, t), friendly);
    assert_int_equal(catalog_resolve(f->c, str_from(friendly), found, 2), 1);
    assert_ptr_equal(found[0], t);
    assert_ptr_equal(catalog_find(f->c, f->c->names->friendly ? str_from(friendly) : str_from(key)),
                     t);
}

static void assert_sorted(const struct catalog *c)
{
    for (uint32_t i = 1; i < c->count; i++) {
        assert_true(str_cmp(tensor_name(&c->tensors[i - 1]), tensor_name(&c->tensors[i])) < 0);
    }
}

static void objects_path_is_unescaped_left_to_right(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a/b" VALUE, "a/b"},
        {"model/a..b.Sc" VALUE, "model/a.b/c"},
        {"...S..S" VALUE, "./.S"},
        {"a./b.x" VALUE, "a./b.x"},
        {"..ATTRIBUTES/x" VALUE, ".ATTRIBUTES/x"},
        {"v/.OPTIMIZER_SLOT/net/opt/m" VALUE, "v/m"},
        {"v..1/.OPTIMIZER_SLOT/opt/m.Sn" VALUE, "v.1/m/n"},
        {"t/.ATTRIBUTES/table-keys", "t/table-keys"},
        {"t/.ATTRIBUTES/OBJECT_CONFIG_JSON", "t/OBJECT_CONFIG_JSON"},
        {VALUE, ""},
        {".ATTRIBUTES/VARIABLE_VALUE", ""},
        {"plain/name", ""},
        {"", ""},
    };
    struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str out;
        assert_int_equal(objects_path(str_from(cases[i][0]), &a, &out), 0);
        assert_str(out, cases[i][1]);
    }
    arena_fini(&a);
}

static void add_ordinary(struct fixture *f)
{
    add_node(f, "m/w" VALUE, "dense/kernel");                          /* 0 */
    add_node(f, "m/b" VALUE, "");                                      /* 1 */
    add_node(f, "m/w/.OPTIMIZER_SLOT/opt/m" VALUE, "training/Adam/m"); /* 2 */
    add_node(f, "m/b/.OPTIMIZER_SLOT/opt/m" VALUE, "");                /* 3 */
    add_slot(f, 0, "m", 2);
    add_slot(f, 1, "m", 3);
    add_tensor(f, "t/.ATTRIBUTES/table-keys");
    add_tensor(f, "by/name");
}

static void names_are_recorded_ones_or_paths(void **state)
{
    struct fixture *f = *state;
    add_ordinary(f);
    open_ckpt(f);
    for (int friendly = 0; friendly < 2; friendly++) {
        assert_named(f, "m/w" VALUE, "dense/kernel");
        assert_named(f, "m/b" VALUE, "m/b");
        assert_named(f, "m/w/.OPTIMIZER_SLOT/opt/m" VALUE, "dense/kernel/m");
        assert_named(f, "m/b/.OPTIMIZER_SLOT/opt/m" VALUE, "m/b/m");
        assert_named(f, "t/.ATTRIBUTES/table-keys", "t/table-keys");
        assert_named(f, "by/name", "by/name");
        assert_named(f, GRAPH_KEY, GRAPH_KEY);
        const struct tensor *found[2]; /* a slot's own name is good, too */
        assert_int_equal(catalog_resolve(f->c, STR("training/Adam/m"), found, 2), 1);
        assert_str(catalog_friendly(f->c, found[0]), "dense/kernel/m");
        assert_int_equal(catalog_resolve(f->c, STR("m"), found, 2), 0);
        assert_sorted(f->c);
        assert_int_equal(catalog_use_friendly(f->c, &f->d), 0);
    }
    assert_true(f->c->names->friendly);
    assert_int_equal(f->d.warnings, 0);
}

static void names_that_several_have_are_not_guessed(void **state)
{
    struct fixture *f = *state;
    add_node(f, "a/total" VALUE, "total");
    add_node(f, "b/total" VALUE, "total");
    add_node(f, "c" VALUE, "total");
    add_node(f, "x" VALUE, "a/total");               /* the path of another that needs it */
    add_node(f, "y" VALUE, "b/total" VALUE);         /* the key of another */
    add_node(f, "z/.OPTIMIZER_SLOT/o1/m" VALUE, ""); /* two optimizers, no records */
    add_node(f, "z/.OPTIMIZER_SLOT/o2/m" VALUE, "");
    open_ckpt(f);
    for (int friendly = 0; friendly < 2; friendly++) {
        assert_named(f, "a/total" VALUE, "a/total" VALUE);
        assert_named(f, "b/total" VALUE, "b/total");
        assert_named(f, "c" VALUE, "c");
        assert_named(f, "x" VALUE, "a/total");
        assert_named(f, "y" VALUE, "y");
        assert_named(f, "z/.OPTIMIZER_SLOT/o1/m" VALUE, "z/.OPTIMIZER_SLOT/o1/m" VALUE);
        const struct tensor *found[3];
        assert_int_equal(catalog_resolve(f->c, STR("total"), found, 2), 3);
        assert_int_equal(catalog_resolve(f->c, STR("z/m"), found, 3), 2);
        assert_sorted(f->c);
        assert_int_equal(catalog_use_friendly(f->c, &f->d), 0);
    }
    assert_int_equal(f->d.warnings, 2);
    assert_int_equal(f->d.entries[0].code, DIAG_NAME_AMBIGUOUS);
    assert_string_equal(f->d.entries[0].message,
                        "'total' is recorded as the name of 3 tensors, which are called "
                        "'a/total/.ATTRIBUTES/VARIABLE_VALUE', 'b/total', 'c'");
}

/* As Keras 3 exports a model. */
static void one_of_several_that_hold_the_same_has_the_name(void **state)
{
    struct fixture *f = *state;
    const int64_t one = 1;
    add_copy(f, "_all/0" VALUE, "dense/kernel", 7);
    add_copy(f, "variables/0" VALUE, "dense/kernel", 7);
    add_copy(f, "_all/1" VALUE, "odd", 8); /* of three, one is another */
    add_copy(f, "variables/1" VALUE, "odd", 8);
    add_copy(f, "variables/2" VALUE, "odd", 9);
    record_name(f, "s/0" VALUE, "shape"); /* the same bytes in another shape, and as another type */
    mkckpt_tensor(&f->ckpt, "s/0" VALUE, FLOAT, 1, &one, 0, "same", 4);
    add_copy(f, "s/1" VALUE, "shape", 0x656d6173);
    record_name(f, "t/0" VALUE, "type");
    mkckpt_tensor(&f->ckpt, "t/0" VALUE, 3, 0, NULL, 0, "same", 4);
    add_copy(f, "t/1" VALUE, "type", 0x656d6173);
    add_copy(f, "k/0" VALUE, "k/1" VALUE, 5); /* what is a key is nobody else's name */
    add_copy(f, "k/1" VALUE, "", 5);
    open_ckpt(f);
    for (int friendly = 0; friendly < 2; friendly++) {
        assert_named(f, "_all/0" VALUE, "dense/kernel");
        assert_named(f, "variables/0" VALUE, "variables/0");
        assert_named(f, "_all/1" VALUE, "_all/1");
        assert_named(f, "s/0" VALUE, "s/0");
        assert_named(f, "t/0" VALUE, "t/0");
        assert_named(f, "k/0" VALUE, "k/0");
        const struct tensor *found[2];
        assert_int_equal(catalog_resolve(f->c, STR("dense/kernel"), found, 2), 1);
        assert_str(catalog_key(f->c, found[0]), "_all/0" VALUE);
        assert_int_equal(catalog_resolve(f->c, STR("odd"), found, 2), 3);
        assert_int_equal(catalog_resolve(f->c, STR("shape"), found, 2), 2);
        assert_int_equal(catalog_resolve(f->c, STR("type"), found, 2), 2);
        assert_sorted(f->c);
        assert_int_equal(catalog_use_friendly(f->c, &f->d), 0);
    }
    assert_int_equal(f->d.warnings, 3);
}

static void slots_go_by_what_their_variable_is_called(void **state)
{
    struct fixture *f = *state;
    add_node(f, "a" VALUE, "twin");                           /* 0 */
    add_node(f, "b" VALUE, "twin");                           /* 1 */
    add_node(f, "a/.OPTIMIZER_SLOT/opt/m" VALUE, "twin/m");   /* 2 */
    add_node(f, "c" VALUE, "kernel");                         /* 3 */
    add_node(f, "c/.OPTIMIZER_SLOT/opt/m" VALUE, "kernel/s"); /* 4 */
    add_node(f, "d" VALUE, "kernel/m"); /* 5: what that slot would be called */
    add_slot(f, 0, "m", 2);
    add_slot(f, 3, "m", 4);
    open_ckpt(f);
    for (int friendly = 0; friendly < 2; friendly++) {
        assert_named(f, "a/.OPTIMIZER_SLOT/opt/m" VALUE, "a/m");
        assert_named(f, "c/.OPTIMIZER_SLOT/opt/m" VALUE, "c/m");
        const struct tensor *found[2];
        assert_int_equal(catalog_resolve(f->c, STR("kernel/m"), found, 2), 2);
        assert_str(catalog_friendly(f->c, found[0]), "kernel/m");
        assert_int_equal(catalog_resolve(f->c, STR("kernel/s"), found, 2), 1);
        assert_int_equal(catalog_resolve(f->c, STR("twin/m"), found, 2), 1);
        assert_sorted(f->c);
        assert_int_equal(catalog_use_friendly(f->c, &f->d), 0);
    }
}

static void names_need_a_sound_record(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint32_t length_xor;
        uint32_t content_xor;
        const char *graph; /* instead of a good one */
        const char *words;
    } cases[] = {
        {1, 0, NULL, "its checksum is wrong"},
        {0, 1, NULL, "its checksum is wrong"},
        {0, 0, "\x0a\x05", "passes"},
        {0, 0, "\x0a\x06\x1a\x04\x08\x07\x18\x01", "a node that is not there"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        mkckpt_free(&f->ckpt);
        mkckpt_init(&f->ckpt, 1);
        mkbuf_free(&f->graph);
        f->graph = (struct mkbuf){0};
        add_ordinary(f);
        if (cases[i].graph) {
            f->graph.len = 0;
            mkbuf_add(&f->graph, cases[i].graph, strlen(cases[i].graph));
        }
        add_record(f, cases[i].length_xor, cases[i].content_xor);
        mkckpt_write(&f->ckpt, f->prefix);
        diag_fini(&f->d);
        diag_init(&f->d);
        open_written(f);
        assert_int_equal(f->d.warnings, 1);
        if (!strstr(f->d.entries[0].message, cases[i].words)) {
            fail_msg("'%s' is not in '%s'", cases[i].words, f->d.entries[0].message);
        }
        assert_null(f->c->names);
        const struct tensor *found[1];
        assert_int_equal(catalog_resolve(f->c, STR("m/w" VALUE), found, 1), 1);
        assert_int_equal(catalog_resolve(f->c, STR("dense/kernel"), found, 1), 0);
        assert_true(catalog_use_friendly(f->c, &f->d) < 0);
        assert_int_equal(f->d.errors, 1);
    }
}

static void names_need_the_data_file(void **state)
{
    struct fixture *f = *state;
    add_ordinary(f);
    open_ckpt(f);
    char path[700];
    snprintf(path, sizeof(path), "%s.data-00000-of-00001", f->prefix);
    assert_int_equal(truncate(path, (off_t)f->ckpt.shards[0].len - 1), 0);
    open_written(f);
    assert_null(f->c->names);
    assert_int_equal(unlink(path), 0);
    open_written(f);
    assert_int_equal(f->d.warnings, 2);
    assert_non_null(strstr(f->d.entries[1].message, "its data file is not there"));
    assert_int_equal(catalog_use_friendly(f->c, &f->d), -EBADMSG);
}

static void names_are_no_matter_without_a_record(void **state)
{
    struct fixture *f = *state;
    add_tensor(f, "m/w" VALUE);
    mkckpt_write(&f->ckpt, f->prefix);
    open_written(f);
    assert_null(f->c->names);
    assert_int_equal(catalog_use_friendly(f->c, &f->d), 0);
    assert_str(catalog_friendly(f->c, &f->c->tensors[0]), "m/w" VALUE);
    assert_int_equal(f->d.warnings, 0);
}

static void names_that_are_too_long_are_refused(void **state)
{
    struct fixture *f = *state;
    char *name = malloc(CATALOG_NAME_MOST + 2);
    assert_non_null(name);
    memset(name, 'n', CATALOG_NAME_MOST + 1);
    name[CATALOG_NAME_MOST + 1] = '\0';
    add_node(f, "m/w" VALUE, name);
    add_record(f, 0, 0);
    mkckpt_write(&f->ckpt, f->prefix);
    open_written(f);
    assert_int_equal(f->d.entries[0].code, DIAG_LIMIT);
    assert_null(f->c->names);
    free(name);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(objects_path_is_unescaped_left_to_right),
        TEST(names_are_recorded_ones_or_paths),
        TEST(names_that_several_have_are_not_guessed),
        TEST(one_of_several_that_hold_the_same_has_the_name),
        TEST(slots_go_by_what_their_variable_is_called),
        TEST(names_need_a_sound_record),
        TEST(names_need_the_data_file),
        TEST(names_are_no_matter_without_a_record),
        TEST(names_that_are_too_long_are_refused),
    };
    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
