/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as people write them elsewhere. */
#include "map/arrow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errint.h"

static void arrow_find_names_both_ends(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *sign;
        struct str from, to;
    } cases[] = {
        {STR("a -> b"), "->", STR("a"), STR("b")},
        {STR("x/ ->y/"), "->", STR("x/"), STR("y/")},
        {STR("a <- b"), "<-", STR("b"), STR("a")},
        {STR("a \xe2\x86\x92 b"), "\xe2\x86\x92", STR("a"), STR("b")},
        {STR("a \xe2\x86\x90 b"), "\xe2\x86\x90", STR("b"), STR("a")},
        {STR("a \xe2\x87\x92 b"), "\xe2\x87\x92", STR("a"), STR("b")},
        {STR("a: b"), ":", STR("a"), STR("b")},
        {STR("a:b"), ":", STR("a"), STR("b")},
        {STR("'a': 'b',"), ":", STR("a"), STR("b")},
        {STR("\"a\": \"b\","), ":", STR("a"), STR("b")},
        {STR("w:0 -> v"), "->", STR("w:0"), STR("v")},
        {STR("a => b"), "=>", STR("a"), STR("b")},
        {STR("a =>b = c"), "=>", STR("a"), STR("b = c")},
        {STR("a <= b"), "<=", STR("b"), STR("a")},
        {STR("a == b"), "==", STR("a"), STR("b")},
        {STR("a := b | cast half"), ":=", STR("a"), STR("b | cast half")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arrow arrow;
        assert_true(arrow_find(cases[i].text, &arrow));
        assert_string_equal(arrow.sign, cases[i].sign);
        assert_true(str_eq(arrow.from, cases[i].from));
        assert_true(str_eq(arrow.to, cases[i].to));
    }
}

static void arrow_find_leaves_the_rest_alone(void **state)
{
    (void)state;
    static const struct str cases[] = {
        STR("a = b"),    STR("a=b"),     STR("a = >b"),   STR("a < = b"),   STR("a -> b = c"),
        STR("a: b = c"), STR("x:0 = b"), STR("a = b: c"), STR("a = b > c"), STR("a = b -> c"),
        STR("word"),     STR("-> b"),    STR("a ->"),     STR(":"),         STR("=="),
        STR(""),         STR("=> b"),
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arrow arrow;
        assert_false(arrow_find(cases[i], &arrow));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrow_find_names_both_ends),
        cmocka_unit_test(arrow_find_leaves_the_rest_alone),
    };
    return cmocka_run_group_tests_name("arrow", tests, NULL, NULL);
}
