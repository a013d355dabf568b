/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errint.h"
#include "base/nearest.h"

static const char *const words[] = {"list", "plan", "cat", "export", "verify", "help"};

static const char *nearest(const char *word)
{
    return nearest_word(str_from(word), words, ARRAY_LEN(words));
}

static void nearest_word_misspelt_is_found(void **state)
{
    (void)state;
    assert_string_equal(nearest("lst"), "list");
    assert_string_equal(nearest("hlep"), "help");
    assert_string_equal(nearest("verfiy"), "verify");
    assert_string_equal(nearest("exports"), "export");
}

static void nearest_word_beginning_is_found(void **state)
{
    (void)state;
    assert_string_equal(nearest("exp"), "export");
    assert_string_equal(nearest("ver"), "verify");
    assert_string_equal(nearest("ca"), "cat"); /* one edit */
}

static void nearest_word_far_away_is_null(void **state)
{
    (void)state;
    assert_null(nearest("mount"));
    assert_null(nearest(""));
    assert_null(nearest("e"));
    assert_null(nearest_word(STR("list"), words, 0));
}

static void nearest_word_of_several_is_the_nearest(void **state)
{
    static const char *const near[] = {"names", "name", "same"};
    (void)state;
    assert_string_equal(nearest_word(STR("name"), near, ARRAY_LEN(near)), "name");
    assert_string_equal(nearest_word(STR("sames"), near, ARRAY_LEN(near)), "names");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_word_misspelt_is_found),
        cmocka_unit_test(nearest_word_beginning_is_found),
        cmocka_unit_test(nearest_word_far_away_is_null),
        cmocka_unit_test(nearest_word_of_several_is_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
