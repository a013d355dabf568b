/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/candidates.h"

static void answer_is(struct candidates *c, const char *wanted)
{
    CLEANUP_BUF struct buf b = {0};
    candidates_print(c, &b);
    assert_string_equal(b.data, wanted);
    candidates_fini(c);
}

static void candidates_are_whole_words_that_begin_so(void **state)
{
    (void)state;
    struct candidates c = candidates_begin(STR("--map=be"));
    c.head = 6;
    c.paths = CANDIDATES_FILES;
    candidates_add(&c, STR("bert"), STR("a model"));
    candidates_add(&c, STR("gpt2"), STR("another"));
    candidates_add(&c, STR("be"), STR(""));
    answer_is(&c, "files\t--map=\n--map=bert\ta model\n--map=be\t\n");
}

static void candidates_of_an_empty_word_are_all(void **state)
{
    (void)state;
    struct candidates c = candidates_begin(STR(""));
    candidates_add(&c, STR("a"), STR(""));
    candidates_add(&c, STR("b c"), STR("d"));
    answer_is(&c, "none\t\na\t\nb c\td\n");
}

static void candidates_that_cannot_be_typed_are_left_out(void **state)
{
    (void)state;
    struct candidates c = candidates_begin(STR(""));
    c.paths = CANDIDATES_DIRECTORIES;
    candidates_add(&c, STR("tab\there"), STR(""));
    candidates_add(&c, STR("new\nline"), STR(""));
    candidates_add(&c, STR("bad\xff"), STR(""));
    candidates_add(&c, STR("back\\slash"), STR("two\nlines"));
    answer_is(&c, "directories\t\nback\\slash\ttwo\\x0alines\n");
}

static void candidates_have_a_limit(void **state)
{
    (void)state;
    struct candidates c = candidates_begin(STR("x"));
    for (unsigned i = 0; i < CANDIDATES_MOST + 10; i++) {
        candidates_add(&c, STR("x"), STR(""));
    }
    assert_int_equal(c.count, CANDIDATES_MOST);
    assert_int_equal(c.lines.len, 3 * CANDIDATES_MOST);
    candidates_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_are_whole_words_that_begin_so),
        cmocka_unit_test(candidates_of_an_empty_word_are_all),
        cmocka_unit_test(candidates_that_cannot_be_typed_are_left_out),
        cmocka_unit_test(candidates_have_a_limit),
    };
    return cmocka_run_group_tests_name("candidates", tests, NULL, NULL);
}
