/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/opened.h"
#include "tensor/dtype.h"

static struct opened now;

static int close_now(void **state)
{
    (void)state;
    opened_close(&now);
    return 0;
}

/* The variable's bytes are those of the variable `as`, which is not cut. */
static struct view_variable same_bytes(const char *name, const char *as)
{
    struct view_variable l = opened_find(&now, name);
    struct view_variable other = opened_find(&now, as);
    assert_non_null(l.whole);
    assert_true(shape_eq(target_shape(l.whole), target_shape(other.whole)));
    size_t bytes;
    size_t expected_bytes;
    char *got = opened_target(&now, l.whole, &bytes);
    char *expected = opened_target(&now, other.whole, &expected_bytes);
    assert_int_equal(bytes, expected_bytes);
    assert_memory_equal(got, expected, bytes);
    free(got);
    free(expected);
    return l;
}

/* ---- parts of one tensor --------------------------------------------------------------------- */

static void variables_rows_of_one_tensor_are_that_tensor(void **state)
{
    (void)state;
    opened_golden(&now, "parts",
                  "[assignment_map]\nsome_var = cut | partition 3,1\nsome_var = whole\n");
    struct view_variable l = same_bytes("cut", "whole");
    assert_int_equal(l.part_count, 3);
    assert_null(l.whole->form); /* nothing of its own: the source, under another name */
    assert_true(str_eq(variable_name(&l), STR("cut")));
    assert_int_equal(now.view.variables.count, 2);
    assert_int_equal(now.view.variables.partitioned_count, 1);
}

static void variables_columns_of_one_tensor_are_that_tensor(void **state)
{
    (void)state;
    opened_golden(&now, "parts", "[assignment_map]\nwide = cut | partition 1,4\nwide = whole\n");
    struct view_variable l = same_bytes("cut", "whole");
    assert_int_equal(l.part_count, 4);
    assert_null(l.whole->form);
}

static void variables_one_part_is_the_whole(void **state)
{
    (void)state;
    opened_golden(&now, "parts", "[assignment_map]\nwide = cut | partition 1,1\nwide = whole\n");
    struct view_variable l = same_bytes("cut", "whole");
    assert_int_equal(l.part_count, 1);
    assert_null(l.whole->form);
    assert_true(str_eq(target_name(l.parts), STR("cut/part_0")));
}

static void variables_cast_parts_are_one_cast_piece(void **state)
{
    (void)state;
    opened_golden(&now, "parts",
                  "[assignment_map]\nwide = cut | partition 1,4 | cast float64\nwide = whole | "
                  "cast float64\n");
    struct view_variable l = same_bytes("cut", "whole");
    assert_non_null(l.whole->form);
    assert_int_equal(l.whole->form->piece_count, 1);
    assert_int_equal(target_dtype(l.whole), DTYPE_FLOAT64);
    assert_int_equal(l.whole->form->part, -1);
    assert_null(l.whole->form->slice_start);
}

static void variables_more_than_ten_parts_keep_the_order_of_numbers(void **state)
{
    (void)state;
    opened_golden(&now, "parts", "[assignment_map]\nvec = cut | partition 13\nvec = whole\n");
    struct view_variable l = same_bytes("cut", "whole");
    assert_int_equal(l.part_count, 13);
    for (uint32_t i = 0; i < l.part_count; i++) {
        assert_int_equal(l.parts[i].form->part, i);
        const struct view_variable *found = variable_of_part(&now.view.variables, &l.parts[i]);
        assert_ptr_equal(found->parts, l.parts);
    }
    assert_null(variable_of_part(&now.view.variables, opened_find(&now, "whole").whole));
}

/* ---- sources in slices ----------------------------------------------------------------------- */

static void variables_parts_of_a_tensor_in_slices(void **state)
{
    (void)state;
    /* `emb` is cut by rows, `cols` by columns, `net/deep` in the middle: parts along and across. */
    opened_golden(
        &now, "sliced",
        "[assignment_map]\n"
        "emb = a | partition 3,1\nemb = a2 | partition 1,4\nemb = emb\n"
        "cols = b | partition 3,1\ncols = b2 | partition 1,7\ncols = cols\n"
        "net/deep = c | partition 1,1,3\nnet/deep = c2 | partition 2,1,1\nnet/deep = deep\n"
        "net/many = d | partition 4,1\nnet/many = many\n");
    same_bytes("a", "emb");
    same_bytes("a2", "emb");
    same_bytes("b", "cols");
    same_bytes("b2", "cols");
    same_bytes("c", "deep");
    same_bytes("c2", "deep");
    same_bytes("d", "many");
}

/* ---- parts of several tensors, and into one -------------------------------------------------- */

static void variables_parts_of_several_sources(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 2);
    int64_t two[] = {2, 3};
    int64_t one[] = {1, 3};
    opened_add(&c, "one/part_0", DTYPE_UINT8, 2, two, 0);
    opened_add(&c, "one/part_1", DTYPE_UINT8, 2, one, 1);
    opened_made(&now, &c,
                "[assignment_map]\none/part_0 = whole/part_0\none/part_1 = whole/part_1\n"
                "[variables]\nwhole = uint8 [3, 3] | partition 2,1\n");
    struct view_variable l = opened_find(&now, "whole");
    assert_int_equal(l.part_count, 2);
    assert_int_equal(l.whole->form->piece_count, 2);
    size_t bytes;
    char *got = opened_target(&now, l.whole, &bytes);
    assert_int_equal(bytes, 9);
    assert_memory_equal(got, "\x00\x01\x02\x03\x04\x05\x1f\x20\x21",
                        9); /* opened_add: 31 times the number */
    free(got);
}

static void variables_a_list_of_parts_of_one_tensor(void **state)
{
    (void)state;
    opened_golden(&now, "parts", "[assignment_map]\ntable = t/part_0, t/part_1\ntable = whole\n");
    struct view_variable l = same_bytes("t", "whole");
    assert_int_equal(l.part_count, 2);
    assert_null(l.whole->form);
}

static void variables_declared_parts_take_whole_tensors(void **state)
{
    (void)state;
    opened_golden(&now, "parts",
                  "[assignment_map]\ntable = t\ntable = whole\n[view]\nundeclared = infer\n"
                  "[variables]\nt = int64 [11, 3] | partition 4,1\n");
    struct view_variable l = same_bytes("t", "whole");
    assert_int_equal(l.part_count, 4);
    assert_null(l.whole->form);
}

/* ---- parts that are no whole ----------------------------------------------------------------- */

static void variables_a_part_that_another_rule_took(void **state)
{
    (void)state;
    opened_golden(
        &now, "parts",
        "[assignment_map]\nwide = t | partition 2,1\nwide = t/part_1\nvec = v | partition 4\n"
        "vec = v/part_0\ntable = u | partition 3,1\nvec = u/part_1\n");
    assert_null(opened_find(&now, "t").whole); /* its end is missing */
    assert_null(opened_find(&now, "v").whole); /* its beginning */
    assert_null(opened_find(&now, "u").whole); /* something in between */
    assert_int_equal(opened_find(&now, "u").part_count, 2);
    assert_int_equal(opened_find(&now, "t/part_1").part_count, 0);
    assert_non_null(opened_find(&now, "t/part_1").whole);
}

static void variables_a_name_like_one_more_part(void **state)
{
    (void)state;
    opened_golden(&now, "parts",
                  "[assignment_map]\nwide = t | partition 2,1\ntable = t/part_7 | cast "
                  "float32\nwide = whole\n");
    same_bytes("t", "whole");
    assert_int_equal(opened_find(&now, "t").part_count, 2);
    assert_int_equal(opened_find(&now, "t/part_7").part_count, 0);
}

/* ---- types of their own ---------------------------------------------------------------------- */

static void variables_strings_in_parts(void **state)
{
    (void)state;
    opened_golden(&now, "strings_sliced",
                  "[assignment_map]\nnames = n | partition 5,1\nnames = names\n"
                  "columns = c | partition 2,1\ncolumns = columns\n"
                  "whole = w | partition 3\nwhole = whole\n");
    same_bytes("n", "names");
    same_bytes("c", "columns");
    struct view_variable l = same_bytes("w", "whole");
    assert_non_null(l.whole->form);
    assert_non_null(l.whole->form->strings);
    for (uint32_t i = 0; i < l.part_count; i++) {
        assert_ptr_not_equal(l.whole->form->strings, l.parts[i].form->strings);
    }
}

static void variables_half_in_parts(void **state)
{
    (void)state;
    opened_golden(
        &now, "sliced_half",
        "[assignment_map]\nhalf = h | partition 3,1\nhalf = half\nwide = w | partition 1,2\n"
        "wide = wide\n");
    same_bytes("h", "half");
    same_bytes("w", "wide");
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void variables_names_are_in_bytewise_order(void **state)
{
    (void)state;
    opened_golden(&now, "slots", "[assignment_map]\n/ = /\n");
    struct variable_cursor at = variable_first(&now.view.variables);
    struct str before = {NULL, 0};
    uint32_t count = 0;
    for (struct view_variable l; variable_next(&at, &l); count++) {
        if (before.ptr) {
            assert_true(str_cmp(before, variable_name(&l)) < 0);
        }
        before = variable_name(&l);
    }
    assert_int_equal(count, now.view.variables.count);
    assert_int_equal(count, now.view.plan->count);
}

/* A part's name stands before a sibling of its variable, "w/part_0" before "w-x" or after: the
 * order is that of the full names. */
static void variables_order_among_siblings_of_a_partitioned_variable(void **state)
{
    (void)state;
    opened_golden(&now, "parts",
                  "[assignment_map]\nvec = w | partition 2\nvec = w-x\nvec = w.x\nvec = w/a\nvec = "
                  "w0\nvec = v\n");
    static const char *const expected[] = {"v", "w", "w-x", "w.x", "w/a", "w0"};
    struct variable_cursor at = variable_first(&now.view.variables);
    uint32_t count = 0;
    for (struct view_variable l; variable_next(&at, &l); count++) {
        assert_in_range(count, 0, ARRAY_LEN(expected) - 1);
        assert_true(str_eq(variable_name(&l), str_from(expected[count])));
    }
    assert_int_equal(count, ARRAY_LEN(expected));
}

#define TEST(name) cmocka_unit_test_teardown(name, close_now)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(variables_rows_of_one_tensor_are_that_tensor),
        TEST(variables_columns_of_one_tensor_are_that_tensor),
        TEST(variables_one_part_is_the_whole),
        TEST(variables_cast_parts_are_one_cast_piece),
        TEST(variables_more_than_ten_parts_keep_the_order_of_numbers),
        TEST(variables_parts_of_a_tensor_in_slices),
        TEST(variables_parts_of_several_sources),
        TEST(variables_a_list_of_parts_of_one_tensor),
        TEST(variables_declared_parts_take_whole_tensors),
        TEST(variables_a_part_that_another_rule_took),
        TEST(variables_a_name_like_one_more_part),
        TEST(variables_strings_in_parts),
        TEST(variables_half_in_parts),
        TEST(variables_names_are_in_bytewise_order),
        TEST(variables_order_among_siblings_of_a_partitioned_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
