/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations and the graph. The messages are in tests/data/bad-{variables,graph}.err. */
#include "map/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/place.h"
#include "support/scratch.h"

static errint declare(const char *name, const char *text, uint32_t line, struct variable *v)
{
    const struct ini_item item = {
        STR("variables"), str_from(name), str_from(text), {"dir/m.ini", line}};
    return variable_parse(&item, &scratch.arena, v, &scratch.diag);
}

static void shape_parse_well_formed_shapes_print_alike(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"[]", "[]"},
        {"[ \t]", "[]"},
        {"[...]", "[...]"},
        {"[ ... ]", "[...]"},
        {"[0]", "[0]"},
        {"[100,64]", "[100, 64]"},
        {"[ 100 ,\t64 ]", "[100, 64]"},
        {"[?]", "[?]"},
        {"[?, 64, ?]", "[?, 64, ?]"},
        {"[9223372036854775807]", "[9223372036854775807]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct shape s;
        assert_int_equal(shape_parse(str_from(cases[i].text), &scratch.arena, &s), 0);
        assert_string_equal(shape_text(s).text, cases[i].printed);
    }
}

static void shape_parse_malformed_shapes_are_einval(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[",
        "]",
        "][",
        "[3",
        "3]",
        "3",
        "(3)",
        "[3,]",
        "[,3]",
        "[,]",
        "[3,,4]",
        "[-1]",
        "[None]",
        "[3 4]",
        "[??]",
        "[+3]",
        "[3.0]",
        "[..]",
        "[...,]",
        "[3,...]",
        "[[3]]",
        "[3] ",
        "[0x10]",
        "[1e3]",
        "[? ?]",
        "[9223372036854775808]",
        "[99999999999999999999999]",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct shape s;
        if (shape_parse(str_from(texts[i]), &scratch.arena, &s) != -EINVAL) {
            fail_msg("'%s' was taken", texts[i]);
        }
    }
}

static void shape_parse_rank_limit_is_exact(void **state)
{
    (void)state;
    char text[2 * (SHAPE_RANK_MOST + 1) + 2];
    for (unsigned rank = SHAPE_RANK_MOST; rank <= SHAPE_RANK_MOST + 1; rank++) {
        for (unsigned i = 0; i < rank; i++) {
            text[2 * i] = i ? ',' : '[';
            text[2 * i + 1] = '1';
        }
        text[2 * rank] = ']';
        struct shape s;
        assert_int_equal(shape_parse(str_of(text, 2 * rank + 1), &scratch.arena, &s),
                         rank > SHAPE_RANK_MOST ? -EINVAL : 0);
        assert_int_equal(s.rank, rank > SHAPE_RANK_MOST ? 0 : SHAPE_RANK_MOST);
    }
}

static void variable_parse_declarations_are_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum dtype dtype;
        const char *shape;
        int64_t parts;
        unsigned axis;
    } cases[] = {
        {"float32 [100, 100]", DTYPE_FLOAT32, "[100, 100]", 0, 0},
        {"float [3]", DTYPE_FLOAT32, "[3]", 0, 0},
        {"DT_BFLOAT16[3]", DTYPE_BFLOAT16, "[3]", 0, 0},
        {"string []", DTYPE_STRING, "[]", 0, 0},
        {"int64\t[?, 2]", DTYPE_INT64, "[?, 2]", 0, 0},
        {"float8_e4m3fn [...]", DTYPE_FLOAT8_E4M3FN, "[...]", 0, 0},
        {"half [1000, 64] | partition 5,1", DTYPE_FLOAT16, "[1000, 64]", 5, 0},
        {"bool [4, 4]|partition\t1,4", DTYPE_BOOL, "[4, 4]", 4, 1},
        {"bool [4] | partition 1", DTYPE_BOOL, "[4]", 1, 0},
        {"complex128 [0]", DTYPE_COMPLEX128, "[0]", 0, 0},
        {"int8 [9223372036854775807]", DTYPE_INT8, "[9223372036854775807]", 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct variable v;
        assert_int_equal(declare("a/b", cases[i].text, 12, &v), 0);
        assert_true(str_eq(v.name, STR("a/b")));
        assert_string_equal(place_text(*v.at), "dir/m.ini:12");
        assert_int_equal(v.dtype, cases[i].dtype);
        assert_string_equal(shape_text(v.shape).text, cases[i].shape);
        struct partition cut = variable_partition(&v);
        assert_int_equal(cut.rank, cases[i].parts ? v.shape.rank : 0);
        if (cases[i].parts) {
            unsigned axis;
            assert_int_equal(partition_axis(&cut, &axis), cases[i].parts);
            assert_int_equal(axis, cases[i].axis);
        }
    }
    assert_int_equal(scratch.diag.errors, 0);
}

static void variable_parse_slot_names_may_end_in_a_slash(void **state)
{
    (void)state;
    struct variable v;
    assert_int_equal(declare("w/Adam/%", "float32 []", 1, &v), 0);
    assert_true(str_eq(v.name, STR("w/Adam/")));
    assert_int_equal(declare("w/Adam/", "float32 []", 1, &v), -EINVAL);
    assert_non_null(strstr(scratch.diag.entries[0].message, "is written 'w/Adam/%'"));
}

static void variable_parse_unknown_dtype_gets_the_nearest(void **state)
{
    (void)state;
    struct variable v;
    assert_int_equal(declare("a", "float23 []", 1, &v), -EINVAL);
    const struct diag_entry *e = &scratch.diag.entries[0];
    assert_true(e->nearest_count > 0);
    assert_true(str_eq(e->nearest[0], STR("float32")));
    assert_null(v.name.ptr);
}

static void graph_build_sorts_and_finds(void **state)
{
    (void)state;
    static const char *const names[] = {"b",        "a/b",      "a",        "a0", "%00",
                                        "c/part_1", "c/part_0", "\xc3\xa9", "B"};
    struct variable *v = ARENA_ARRAY(&scratch.arena, struct variable, ARRAY_LEN(names));
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(declare(names[i], "float32 [2]", i, &v[i]), 0);
    }
    struct graph g;
    assert_int_equal(graph_build((struct variable_list){v, ARRAY_LEN(names)}, &g, &scratch.diag),
                     0);
    assert_true(g.given);
    assert_int_equal(g.count, ARRAY_LEN(names));
    for (uint32_t i = 0; i < g.count; i++) {
        assert_true(i == 0 || str_cmp(g.variables[i - 1].name, g.variables[i].name) < 0);
        assert_ptr_equal(graph_find(&g, g.variables[i].name), &g.variables[i]);
    }
    assert_string_equal(place_text(*graph_find(&g, STR("a/b"))->at), "dir/m.ini:1");
    assert_null(graph_find(&g, STR("")));
    assert_null(graph_find(&g, STR("a/")));
    assert_null(graph_find(&g, STR("zz")));
}

static void graph_build_no_variables_is_a_given_graph(void **state)
{
    (void)state;
    struct graph g;
    assert_int_equal(graph_build((struct variable_list){0}, &g, &scratch.diag), 0);
    assert_true(g.given);
    assert_null(graph_find(&g, STR("a")));
}

static void graph_build_conflicts_name_both_lines(void **state)
{
    (void)state;
    struct variable *v = ARENA_ARRAY(&scratch.arena, struct variable, 6);
    assert_int_equal(declare("x/part_0", "float32 [2]", 3, &v[0]), 0);
    assert_int_equal(declare("dup", "float32 [2]", 10, &v[1]), 0);
    assert_int_equal(declare("x", "float32 [2] | partition 1", 9, &v[2]), 0);
    assert_int_equal(declare("dup", "int64 []", 9, &v[3]), 0);
    assert_int_equal(declare("y", "float32 [2]", 1, &v[4]), 0);
    assert_int_equal(declare("y/part_0", "float32 [2]", 2, &v[5]), 0);
    struct graph g;
    assert_int_equal(graph_build((struct variable_list){v, 6}, &g, &scratch.diag), -EINVAL);
    assert_int_equal(scratch.diag.errors, 2);
    assert_string_equal(place_text(scratch.diag.entries[0].at), "dir/m.ini:9");
    assert_non_null(strstr(scratch.diag.entries[0].message, "before at m.ini:10"));
    assert_string_equal(place_text(scratch.diag.entries[1].at), "dir/m.ini:3");
    assert_non_null(strstr(scratch.diag.entries[1].message, "partitioned at m.ini:9"));
    assert_int_equal(scratch.diag.entries[0].code, DIAG_GRAPH_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shape_parse_well_formed_shapes_print_alike),
        TEST(shape_parse_malformed_shapes_are_einval),
        TEST(shape_parse_rank_limit_is_exact),
        TEST(variable_parse_declarations_are_read_whole),
        TEST(variable_parse_slot_names_may_end_in_a_slash),
        TEST(variable_parse_unknown_dtype_gets_the_nearest),
        TEST(graph_build_sorts_and_finds),
        TEST(graph_build_no_variables_is_a_given_graph),
        TEST(graph_build_conflicts_name_both_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
