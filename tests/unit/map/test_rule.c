/* SPDX-License-Identifier: Apache-2.0 */
/* Single rules and names. The messages are in tests/data/bad-{rules,operations,parts}.err. */
#include "map/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/escape.h"
#include "map/name.h"
#include "plan/ops/table.h"
#include "support/place.h"
#include "support/scratch.h"

static errint parse(struct str source, struct str rest, struct rule *rule)
{
    const struct ini_item item = {STR("assignment_map"), source, rest, {"m.ini", 7}};
    diag_fini(&scratch.diag);
    diag_init(&scratch.diag);
    errint rc = rule_parse(&item, &op_table, NULL, &scratch.arena, rule, &scratch.diag);
    assert_int_equal(rc<0, scratch.diag.errors> 0);
    assert_string_equal(place_text(rule->at), "m.ini:7");
    if (rc < 0) {
        assert_string_equal(place_text(scratch.diag.entries[0].at), "m.ini:7");
        assert_null(rule->source.ptr);
    }
    return rc;
}

static void rule_parse_names_are_decoded_and_scopes_told_by_the_text(void **state)
{
    (void)state;
    static const struct {
        struct str text, name;
        bool is_scope;
    } cases[] = {
        {STR("a"), STR("a"), false},
        {STR("a/"), STR("a/"), true},
        {STR("/"), STR("/"), true},
        {STR("//"), STR("//"), true},
        {STR("%2F"), STR("/"), false},
        {STR("%2F/"), STR("//"), true},
        {STR("a%2F"), STR("a/"), false},
        {STR("a%2Fb"), STR("a/b"), false},
        {STR("a/%"), STR("a/"), false},
        {STR("a/%/"), STR("a//"), true},
        {STR("%/a"), STR("/a"), false},
        {STR("a%/"), STR("a%/"), true},
        {STR("%%"), STR("%%"), false},
        {STR("%25"), STR("%"), false},
        {STR("%25/"), STR("%/"), true},
        {STR("a b"), STR("a b"), false},
        {STR("%20"), STR(" "), false},
        {STR("%00"), STR("\0"), false},
        {STR("%ff%FE"), STR("\xff\xfe"), false},
        {STR("100%"), STR("100%"), false},
        {STR("a#b;c"), STR("a#b;c"), false},
        {STR("a]"), STR("a]"), false},
        {STR("a[0]"), STR("a[0]"), false},
        {STR("%3A0"), STR(":0"), false},
        {STR("x/part_1"), STR("x/part_1"), false},
        {STR("model/.ATTRIBUTES/VARIABLE_VALUE"), STR("model/.ATTRIBUTES/VARIABLE_VALUE"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rule r;
        assert_int_equal(parse(cases[i].text, STR("t"), &r), 0);
        assert_true(str_eq(r.source, cases[i].name));
        assert_int_equal(r.source_is_scope, cases[i].is_scope);
        assert_int_equal(parse(STR("s"), cases[i].text, &r), 0);
        assert_true(str_eq(r.target, cases[i].name));
        assert_int_equal(r.target_is_scope, cases[i].is_scope);
        assert_int_equal(r.parts.count, 0);
        assert_int_equal(r.partitioner.counts.rank, 0);
    }
}

static void rule_parse_paths_of_a_mount_are_valid_names(void **state)
{
    (void)state;
    static const struct str names[] = {
        STR("a/b"), STR("a//b"),   STR("w/Adam/"),  STR("a%41"),  STR("%"),
        STR("."),   STR("a/../b"), STR("\x01\x7f"), STR("a/%/b"), STR("x%~0"),
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP_BUF struct buf path = {0};
        escape_path(&path, names[i]);
        struct rule r;
        assert_int_equal(parse(buf_view(&path), buf_view(&path), &r), 0);
        assert_true(str_eq(r.source, names[i]));
        assert_true(str_eq(r.target, names[i]));
        assert_false(r.source_is_scope);
    }
}

static void rule_parse_partition_has_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned rank;
        int64_t counts[4];
    } cases[] = {
        {"t | partition 5,1", 2, {5, 1}},
        {"t|partition\t1 , 3", 2, {1, 3}},
        {"t | partition 1", 1, {1}},
        {"t |  partition 1,1,1,2", 4, {1, 1, 1, 2}},
        {"t | partition 1048576", 1, {1 << 20}},
        {"x/part_0 | partition 007", 1, {7}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rule r;
        assert_int_equal(parse(STR("s"), str_from(cases[i].text), &r), 0);
        assert_int_equal(r.partitioner.counts.rank, cases[i].rank);
        assert_memory_equal(r.partitioner.counts.counts, cases[i].counts,
                            cases[i].rank * sizeof(int64_t));
        assert_int_equal(r.parts.count, 0);
    }
}

static void rule_parse_list_of_parts_is_one_target(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct str name;
        int64_t parts;
    } cases[] = {
        {"x/part_0,x/part_1", STR("x"), 2},
        {"a/b/part_2 ,\ta/b/part_0, a/b/part_1", STR("a/b"), 3},
        {"x%2Fpart_1, x/part_0", STR("x"), 2},
        {"x/part_0/part_1, x/part_0/part_0", STR("x/part_0"), 2},
        {"%/part_0, %/part_1", STR(""), 0},
        {"a/%/part_0, a/%/part_1", STR("a/"), 2},
        {"x/part_10, x/part_9, x/part_8, x/part_7, x/part_6, x/part_5, x/part_4, x/part_3, "
         "x/part_2, "
         "x/part_1, x/part_0",
         STR("x"), 11},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rule r;
        assert_int_equal(parse(STR("s"), str_from(cases[i].text), &r),
                         cases[i].parts ? 0 : -EINVAL);
        assert_int_equal(r.parts.count, cases[i].parts);
        assert_null(r.parts.numbers);
        if (cases[i].parts) {
            assert_true(str_eq(r.target, cases[i].name));
            assert_false(r.target_is_scope);
        }
    }
}

static void rule_parse_list_of_some_parts_has_their_numbers(void **state)
{
    (void)state;
    static const int64_t numbers[] = {1, 4, INT64_MAX};
    struct rule r;
    assert_int_equal(parse(STR("s"), STR("x/part_9223372036854775807, x/part_1, x/part_4"), &r), 0);
    assert_true(str_eq(r.target, STR("x")));
    assert_int_equal(r.parts.count, 3);
    assert_memory_equal(r.parts.numbers, numbers, sizeof(numbers));
    assert_int_equal(parse(STR("s"), STR("x/part_3, x/part_1, x/part_3"), &r), -EINVAL);
}

static void rule_parse_reports_both_sides(void **state)
{
    (void)state;
    struct rule r;
    assert_int_equal(parse(STR("%"), STR("t:0 | cast nonsense | partition 0"), &r), -EINVAL);
    assert_int_equal(scratch.diag.errors, 4);
}

static void rule_parse_limits_are_exact(void **state)
{
    (void)state;
    struct rule r;
    for (size_t over = 0; over <= 1; over++) {
        errint expected = over ? -EOVERFLOW : 0;
        char *name = malloc(NAME_BYTES_MOST + 1);
        memset(name, 'n', NAME_BYTES_MOST + 1);
        assert_int_equal(parse(str_of(name, NAME_BYTES_MOST + over), STR("t"), &r), expected);
        memset(name, 'n', NAME_BYTES_MOST);
        for (size_t i = 0; i < NAME_COMPONENTS_MOST - 1 + over; i++) {
            name[2 * i + 1] = '/';
        }
        assert_int_equal(parse(STR("s"), str_of(name, 4000), &r), expected);
        free(name);

        CLEANUP_BUF struct buf counts = {0};
        buf_text(&counts, "t | partition 1");
        for (size_t i = 1; i < 254 + over; i++) {
            buf_text(&counts, ",1");
        }
        assert_int_equal(parse(STR("s"), buf_view(&counts), &r), over ? -EINVAL : 0);
        assert_int_equal(r.partitioner.counts.rank, over ? 0 : 254);
    }
}

static void rule_parse_too_many_parts_are_refused(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf list = {0};
    for (unsigned i = 0; i < PARTITION_PARTS_MOST; i++) {
        buf_printf(&list, "%sx/part_%u", i ? "," : "", PARTITION_PARTS_MOST - 1 - i);
    }
    struct rule r;
    assert_int_equal(parse(STR("s"), buf_view(&list), &r), 0);
    assert_int_equal(r.parts.count, PARTITION_PARTS_MOST);
    buf_printf(&list, ",x/part_%u", PARTITION_PARTS_MOST);
    assert_int_equal(parse(STR("s"), buf_view(&list), &r), -EOVERFLOW);
}

static void name_split_part_takes_plain_numbers_only(void **state)
{
    (void)state;
    static const struct {
        const char *name, *whole;
        int64_t number;
    } cases[] = {
        {"x/part_0", "x", 0},
        {"a/b/part_10", "a/b", 10},
        {"x/part_0/part_7", "x/part_0", 7},
        {"x/part_00", NULL, 0},
        {"x/part_", NULL, 0},
        {"x/part_1a", NULL, 0},
        {"part_0", NULL, 0},
        {"/part_0", NULL, 0},
        {"x/Part_0", NULL, 0},
        {"x/part_0/", NULL, 0},
        {"x/part_-1", NULL, 0},
        {"", NULL, 0},
        {"x/part_9223372036854775808", NULL, 0},
        {"x/part_9223372036854775807", "x", INT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str whole = {NULL, 0};
        int64_t number = -1;
        assert_int_equal(name_split_part(str_from(cases[i].name), &whole, &number),
                         cases[i].whole != NULL);
        if (cases[i].whole) {
            assert_true(str_eq(whole, str_from(cases[i].whole)));
            assert_int_equal(number, cases[i].number);
        }
        assert_int_equal(name_split_part(str_from(cases[i].name), NULL, NULL),
                         cases[i].whole != NULL);
    }
}

static void partition_axis_is_the_one_cut(void **state)
{
    (void)state;
    struct partition p;
    unsigned axis;
    assert_int_equal(
        partition_parse(STR("1,3,1"), position_file("m.ini"), &scratch.arena, &p, &scratch.diag),
        0);
    assert_int_equal(partition_axis(&p, &axis), 3);
    assert_int_equal(axis, 1);
    assert_int_equal(
        partition_parse(STR("1,1"), position_file("m.ini"), &scratch.arena, &p, &scratch.diag), 0);
    assert_int_equal(partition_axis(&p, &axis), 1);
    assert_int_equal(axis, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rule_parse_names_are_decoded_and_scopes_told_by_the_text),
        TEST(rule_parse_paths_of_a_mount_are_valid_names),
        TEST(rule_parse_partition_has_counts),
        TEST(rule_parse_list_of_parts_is_one_target),
        TEST(rule_parse_list_of_some_parts_has_their_numbers),
        TEST(rule_parse_reports_both_sides),
        TEST(rule_parse_limits_are_exact),
        TEST(rule_parse_too_many_parts_are_refused),
        TEST(name_split_part_takes_plain_numbers_only),
        TEST(partition_axis_is_the_one_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
