/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs of objects, and which nodes of two are the same object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "io/io_bytes.h"
#include "source/tf_v2/object_pairs.h"
#include "support/mkckpt.h"

enum { NODES = 8 };

/* Nodes under construction, and the tree that they make. */
struct made {
    struct mkbuf nodes[NODES];
    unsigned count;
    struct mkbuf message;
    struct io_bytes bytes; /* of the message */
    struct wire wire;
    struct object_tree tree;
    errint rc;
};

static struct made left, right;

static void make(struct made *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        mkbuf_message(&m->message, 1, m->nodes[i].data, m->nodes[i].len);
    }
    io_bytes_init(&m->bytes, m->message.data, m->message.len, "objects");
    wire_init(&m->wire, &m->bytes.io, m->message.len);
    object_tree_init(&m->tree);
    struct wire_window graph = wire_whole(&m->wire);
    struct wire_window node;
    while ((m->rc = wire_next_of(&m->wire, &graph, 1, &node)) > 0) {
        m->rc = object_tree_add(&m->tree, &m->wire, node);
        if (m->rc < 0) {
            return;
        }
    }
    m->rc = m->rc < 0 ? m->rc : object_tree_finish(&m->tree, &m->wire);
}

static void forget(struct made *m)
{
    for (unsigned i = 0; i < NODES; i++) {
        mkbuf_free(&m->nodes[i]);
    }
    mkbuf_free(&m->message);
    object_tree_fini(&m->tree);
    *m = (struct made){0};
}

static int forget_both(void **state)
{
    (void)state;
    forget(&left);
    forget(&right);
    return 0;
}

static void edge(struct made *m, unsigned from, unsigned to, const char *name)
{
    struct mkbuf b = {0};
    mkbuf_field(&b, 1, to);
    mkbuf_message(&b, 2, name, strlen(name));
    mkbuf_message(&m->nodes[from], 1, b.data, b.len);
    mkbuf_free(&b);
}

static void slot(struct made *m, unsigned optimizer, unsigned variable, const char *name,
                 unsigned node)
{
    struct mkbuf b = {0};
    mkbuf_field(&b, 1, variable);
    mkbuf_message(&b, 2, name, strlen(name));
    mkbuf_field(&b, 3, node);
    mkbuf_message(&m->nodes[optimizer], 3, b.data, b.len);
    mkbuf_free(&b);
}

/* The pairs of left and right as "0=0 1=- 2=3,4 ...". */
static const char *pairs(void)
{
    static char text[200];
    CLEANUP(object_pairs_fini) struct object_pairs found = {0};
    size_t len = 0;
    make(&left);
    make(&right);
    assert_int_equal(left.rc, 0);
    assert_int_equal(right.rc, 0);
    assert_int_equal(object_pairs_find(&left.tree, &right.tree, &found), 0);
    text[0] = '\0';
    for (unsigned i = 0; i < left.count; i++) {
        const char *before = "=";
        len += (size_t)snprintf(text + len, sizeof(text) - len, i ? " %u" : "%u", i);
        for (uint32_t k = 0; k < found.count; k++) {
            if (found.items[k].a == i) {
                len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", before,
                                        found.items[k].b);
                before = ",";
            }
        }
        len += (size_t)snprintf(text + len, sizeof(text) - len, *before == '=' ? "=-" : "");
    }
    return text;
}

static void pair_goes_by_names_not_by_numbers(void **state)
{
    (void)state;
    left.count = 4;
    edge(&left, 0, 1, "a");
    edge(&left, 1, 2, "w");
    edge(&left, 0, 3, "only here");
    right.count = 4;
    edge(&right, 0, 3, "a");
    edge(&right, 3, 1, "w");
    edge(&right, 0, 2, "only there");
    assert_string_equal(pairs(), "0=0 1=3 2=1 3=-");
}

static void pair_takes_any_path_that_both_have(void **state)
{
    (void)state;
    left.count = 4; /* 3 is `short` and `a/b` */
    edge(&left, 0, 3, "short");
    edge(&left, 0, 1, "a");
    edge(&left, 1, 3, "b");
    right.count = 3;
    edge(&right, 0, 1, "a");
    edge(&right, 1, 2, "b");
    assert_string_equal(pairs(), "0=0 1=1 2=- 3=2");
}

static void pair_of_what_is_one_there_and_two_here(void **state)
{
    (void)state;
    left.count = 3;
    edge(&left, 0, 1, "a");
    edge(&left, 0, 2, "b");
    right.count = 2;
    edge(&right, 0, 1, "a");
    edge(&right, 0, 1, "b");
    assert_string_equal(pairs(), "0=0 1=1 2=1");
}

static void pairs_of_what_is_two_there_and_one_here_begin_with_the_nearest(void **state)
{
    (void)state;
    left.count = 3;
    edge(&left, 0, 2, "z");
    edge(&left, 0, 1, "a");
    edge(&left, 1, 2, "b");
    right.count = 4;
    edge(&right, 0, 1, "a");
    edge(&right, 1, 2, "b");
    edge(&right, 0, 3, "z");
    assert_string_equal(pairs(), "0=0 1=1 2=3,2");
}

static void pairs_of_a_module_that_is_two_there_are_all_it_has(void **state)
{
    (void)state;
    left.count = 6; /* 1 is `enc` and `dec`, and has `w` and an inner module with `b` */
    edge(&left, 0, 1, "dec");
    edge(&left, 0, 1, "enc");
    edge(&left, 0, 1, "out");
    edge(&left, 1, 2, "w");
    edge(&left, 1, 3, "in");
    edge(&left, 3, 4, "b");
    edge(&left, 0, 5, "opt");
    slot(&left, 5, 2, "m", 4);
    right.count = 8;
    edge(&right, 0, 1, "dec");
    edge(&right, 0, 2, "enc");
    edge(&right, 1, 3, "w");
    edge(&right, 2, 4, "w");
    edge(&right, 2, 5, "in");
    edge(&right, 5, 6, "b");
    edge(&right, 0, 7, "opt");
    slot(&right, 7, 4, "m", 5);
    slot(&right, 7, 3, "m", 6);
    assert_string_equal(pairs(), "0=0 1=1,2 2=3,4 3=5 4=6,5 5=7");
}

/* Two circles whose lengths have no common divisor: each node of one is each of the other. */
static void circle(struct object_tree *t, uint32_t nodes)
{
    object_tree_init(t);
    t->nodes = nodes;
    t->edges.count = nodes;
    t->edges.items = calloc(nodes, sizeof(*t->edges.items));
    assert_non_null(t->edges.items);
    for (uint32_t i = 0; i < nodes; i++) {
        t->edges.items[i] =
            (struct object_link){.from = i, .to = (i + 1) % nodes, .name_len = 1, .name_ptr = "x"};
    }
}

static errint pair_circles(uint32_t a, uint32_t b, uint32_t *count)
{
    CLEANUP(object_pairs_fini) struct object_pairs found = {0};
    struct object_tree one, other;
    circle(&one, a);
    circle(&other, b);
    errint rc = object_pairs_find(&one, &other, &found);
    *count = found.count;
    assert_true(found.count <= object_pairs_most(&one));
    object_tree_fini(&one);
    object_tree_fini(&other);
    return rc;
}

static void more_pairs_than_the_limit_are_an_error(void **state)
{
    (void)state;
    uint32_t count;
    assert_int_equal(pair_circles(500, 499, &count), 0);
    assert_int_equal(count, 500 * 499);
    assert_int_equal(pair_circles(520, 519, &count), -EOVERFLOW);
}

static void more_steps_than_the_limit_are_an_error(void **state)
{
    (void)state;
    enum { OWN = 200000, COPIES = 100 }; /* a module of many edges that the other has 100 times */
    CLEANUP(object_pairs_fini) struct object_pairs found = {0};
    struct object_tree one, other;
    circle(&one, OWN + COPIES);
    circle(&other, COPIES + 1);
    one.nodes = 2;
    for (uint32_t i = 0; i < COPIES + OWN; i++) {
        char *name = arena_printf(&one.texts, "%08u", i);
        assert_non_null(name);
        one.edges.items[i] =
            (struct object_link){.from = i >= COPIES, .to = 1, .name_len = 8, .name_ptr = name};
        if (i < COPIES) {
            other.edges.items[i] =
                (struct object_link){.from = 0, .to = i + 1, .name_len = 8, .name_ptr = name};
        }
    }
    other.edges.count = COPIES;
    assert_int_equal(object_pairs_find(&one, &other, &found), -EOVERFLOW);
    object_tree_fini(&one);
    object_tree_fini(&other);
}

static void pair_of_circles_ends(void **state)
{
    (void)state;
    left.count = 2;
    edge(&left, 0, 1, "x");
    edge(&left, 1, 0, "back");
    edge(&left, 1, 1, "self");
    right.count = 3;
    edge(&right, 0, 1, "x");
    edge(&right, 1, 2, "back");
    edge(&right, 2, 1, "x");
    assert_string_equal(pairs(), "0=0,2 1=1");
}

static void pair_of_slots_is_by_optimizer_variable_and_name(void **state)
{
    (void)state;
    left.count = 6;
    edge(&left, 0, 1, "v");
    edge(&left, 0, 2, "opt");
    slot(&left, 2, 1, "m", 3);
    slot(&left, 2, 1, "only here", 4);
    slot(&left, 0, 1, "m", 5); /* of another owner */
    right.count = 5;
    edge(&right, 0, 2, "v");
    edge(&right, 0, 1, "opt");
    slot(&right, 1, 2, "v", 3);
    slot(&right, 1, 2, "m", 4);
    assert_string_equal(pairs(), "0=0 1=2 2=1 3=4 4=- 5=-");
}

static void pair_of_nothing_is_nothing(void **state)
{
    (void)state;
    left.count = 2;
    edge(&left, 0, 1, "");
    assert_string_equal(pairs(), "0=- 1=-");
    forget(&right);
    forget(&left);
    right.count = 2;
    edge(&right, 0, 1, "");
    assert_string_equal(pairs(), "");
}

static void links_to_no_node_are_refused(void **state)
{
    (void)state;
    left.count = 2;
    edge(&left, 0, 2, "x");
    make(&left);
    assert_int_equal(left.rc, -EBADMSG);
    right.count = 2;
    slot(&right, 0, UINT32_MAX, "m", 1);
    make(&right);
    assert_int_equal(right.rc, -EBADMSG);
    forget(&right);
    right.count = 2;
    slot(&right, 0, 1, "m", 2);
    make(&right);
    assert_int_equal(right.rc, -EBADMSG);
    assert_non_null(strstr(right.wire.wrong, "a node that is not there"));
}

static void long_names_are_over_the_limit(void **state)
{
    (void)state;
    char *name = calloc(1, (64 << 10) + 2);
    assert_non_null(name);
    memset(name, 'x', 64 << 10);
    left.count = 2;
    edge(&left, 0, 1, name);
    make(&left);
    assert_int_equal(left.rc, 0);
    name[64 << 10] = 'x';
    right.count = 2;
    edge(&right, 0, 1, name);
    make(&right);
    assert_int_equal(right.rc, -EOVERFLOW);
    free(name);
}

static void ways_are_the_shortest(void **state)
{
    (void)state;
    uint32_t ways[NODES];
    left.count = 5; /* 4 is not reached */
    edge(&left, 0, 1, "b");
    edge(&left, 0, 2, "a");
    edge(&left, 1, 3, "x");
    edge(&left, 2, 3, "y");
    edge(&left, 2, 0, "up");
    edge(&left, 4, 4, "self");
    make(&left);
    assert_int_equal(left.rc, 0);
    assert_int_equal(object_tree_ways(&left.tree, ways), 0);
    assert_int_equal(ways[0], OBJECT_NONE);
    assert_int_equal(ways[4], OBJECT_NONE);
    const struct object_link *way = &left.tree.edges.items[ways[3]];
    assert_int_equal(way->from, 2);
    assert_true(str_eq(object_link_name(way), STR("y")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(pair_goes_by_names_not_by_numbers, forget_both),
        cmocka_unit_test_teardown(pair_takes_any_path_that_both_have, forget_both),
        cmocka_unit_test_teardown(pair_of_what_is_one_there_and_two_here, forget_both),
        cmocka_unit_test_teardown(pairs_of_what_is_two_there_and_one_here_begin_with_the_nearest,
                                  forget_both),
        cmocka_unit_test_teardown(pairs_of_a_module_that_is_two_there_are_all_it_has, forget_both),
        cmocka_unit_test(more_pairs_than_the_limit_are_an_error),
        cmocka_unit_test(more_steps_than_the_limit_are_an_error),
        cmocka_unit_test_teardown(pair_of_circles_ends, forget_both),
        cmocka_unit_test_teardown(pair_of_slots_is_by_optimizer_variable_and_name, forget_both),
        cmocka_unit_test_teardown(pair_of_nothing_is_nothing, forget_both),
        cmocka_unit_test_teardown(links_to_no_node_are_refused, forget_both),
        cmocka_unit_test_teardown(long_names_are_over_the_limit, forget_both),
        cmocka_unit_test_teardown(ways_are_the_shortest, forget_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
