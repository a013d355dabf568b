/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"
#include "support/place.h"

static int setup(void **state)
{
    static struct diag d;
    diag_init(&d);
    *state = &d;
    return 0;
}

static int teardown(void **state)
{
    diag_fini(*state);
    return 0;
}

static void diag_error_texts_are_copied(void **state)
{
    struct diag *d = *state;
    char file[] = "map.ini";
    char subject[] = "so\0me";
    assert_int_equal(diag_error_at(d, DIAG_TENSOR_NOT_FOUND, (struct position){file, 3},
                                   str_of(subject, 5), "found %d", 7),
                     -ENOENT);
    memset(file, 'x', sizeof(file) - 1);
    memset(subject, 'x', sizeof(subject) - 1);
    assert_int_equal(d->errors, 1);
    assert_int_equal(d->kept, 1);
    assert_string_equal(place_text(d->entries[0].at), "map.ini:3");
    assert_true(str_eq(d->entries[0].subject, STR("so\0me")));
    assert_string_equal(d->entries[0].message, "found 7");
    assert_false(d->entries[0].warning);
}

static void diag_error_codes_have_their_errno(void **state)
{
    struct diag *d = *state;
    assert_int_equal(diag_error(d, DIAG_CHECKPOINT_CORRUPT, "", STR(""), "x"), -EBADMSG);
    assert_int_equal(diag_error(d, DIAG_MAP_SYNTAX, "", STR(""), "x"), -EINVAL);
    assert_int_equal(diag_error(d, DIAG_UNSUPPORTED, "", STR(""), "x"), -ENOTSUP);
    assert_int_equal(diag_error(d, DIAG_LIMIT, "", STR(""), "x"), -EOVERFLOW);
    assert_int_equal(diag_error(d, DIAG_FILE_UNREADABLE, "", STR(""), "x"), -EIO);
    assert_int_equal(diag_no_memory(d), -ENOMEM);
    assert_int_equal(d->errors, 6);
}

static void diag_error_without_list_still_returns_the_errno(void **state)
{
    (void)state;
    assert_int_equal(diag_error(NULL, DIAG_LIMIT, "", STR(""), "x"), -EOVERFLOW);
    diag_warn(NULL, DIAG_MOVED, "", STR(""), "x");
    diag_nearest(NULL, STR("x"));
    assert_string_equal(diag_visible(NULL, STR("x")), "?");
}

static void diag_error_all_are_counted_and_the_first_kept(void **state)
{
    struct diag *d = *state;
    for (int i = 0; i < DIAG_KEPT + 10; i++) {
        assert_int_equal(diag_error(d, DIAG_MAP_SYNTAX, "m", STR(""), "%d", i), -EINVAL);
    }
    diag_nearest(d, STR("lost")); /* belongs to an entry that was not kept */
    assert_int_equal(d->errors, DIAG_KEPT + 10);
    assert_int_equal(d->kept, DIAG_KEPT);
    assert_string_equal(d->entries[DIAG_KEPT - 1].message, "999");
    assert_int_equal(d->entries[DIAG_KEPT - 1].nearest_count, 0);
}

static void diag_warn_is_no_error(void **state)
{
    struct diag *d = *state;
    diag_warn(d, DIAG_MOVED, "f", STR("s"), "moved");
    assert_int_equal(d->errors, 0);
    assert_int_equal(d->warnings, 1);
    assert_true(d->entries[0].warning);
}

static void diag_nearest_keeps_three_for_the_newest(void **state)
{
    struct diag *d = *state;
    diag_nearest(d, STR("before any"));
    (void)!diag_error(d, DIAG_TENSOR_NOT_FOUND, "", STR("a"), "x");
    (void)!diag_error(d, DIAG_TENSOR_NOT_FOUND, "", STR("b"), "x");
    for (int i = 0; i < 5; i++) {
        diag_nearest(d, STR("near"));
    }
    assert_int_equal(d->entries[0].nearest_count, 0);
    assert_int_equal(d->entries[1].nearest_count, DIAG_NEAREST);
}

static void diag_visible_control_bytes_are_escaped(void **state)
{
    struct diag *d = *state;
    assert_string_equal(diag_visible(d, STR("a\x1b[0m\0\xff\\")), "a\\x1b[0m\\x00\\xff\\\\");
}

static void diag_place_is_a_line_a_file_or_nothing(void **state)
{
    struct diag *d = *state;
    assert_string_equal(diag_place(d, (struct position){"dir/map.ini", 12}), "dir/map.ini:12");
    assert_string_equal(diag_place(d, position_file("\xffile")), "\xffile");
    assert_string_equal(diag_place(d, (struct position){NULL, 12}), "");
    CLEANUP_BUF struct buf shown = {0};
    position_visible(&shown, (struct position){"\xffile", 4294967295});
    assert_true(str_eq(buf_view(&shown), STR("\\xffile:4294967295")));
    diag_warn_at(d, DIAG_MOVED, (struct position){NULL, 0}, STR("s"), "x");
    assert_string_equal(d->entries[0].at.file, ""); /* never NULL */
}

static void diag_code_name_every_code_has_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < DIAG_CODE_COUNT; i++) {
        assert_non_null(diag_code_name((enum diag_code)i));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(diag_code_name((enum diag_code)i),
                                    diag_code_name((enum diag_code)k));
        }
    }
    assert_string_equal(diag_code_name(DIAG_CHECKPOINT_CORRUPT), "checkpoint-corrupt");
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(diag_error_texts_are_copied),
        TEST(diag_error_codes_have_their_errno),
        TEST(diag_error_without_list_still_returns_the_errno),
        TEST(diag_error_all_are_counted_and_the_first_kept),
        TEST(diag_warn_is_no_error),
        TEST(diag_nearest_keeps_three_for_the_newest),
        TEST(diag_visible_control_bytes_are_escaped),
        TEST(diag_place_is_a_line_a_file_or_nothing),
        TEST(diag_code_name_every_code_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
