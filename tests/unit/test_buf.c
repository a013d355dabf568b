/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void buf_add_pieces_are_joined(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    buf_add(&b, "a\0b", 3);
    buf_str(&b, STR("cd"));
    buf_text(&b, "ef");
    buf_char(&b, 'g');
    buf_printf(&b, "%03d", 7);
    assert_true(str_eq(buf_view(&b), STR("a\0bcdefg007")));
    assert_int_equal(b.data[b.len], '\0');
    assert_int_equal(buf_check(&b), 0);
}

static void buf_add_many_bytes_are_kept(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    for (int i = 0; i < 100000; i++) {
        buf_char(&b, (char)('a' + i % 26));
    }
    assert_int_equal(b.len, 100000);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(b.data[i], 'a' + i % 26);
    }
}

static void buf_view_of_nothing_is_empty(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    assert_int_equal(buf_view(&b).len, 0);
    assert_non_null(buf_view(&b).ptr);
    buf_text(&b, "");
    assert_string_equal(b.data, "");
}

static void buf_add_absurd_size_fails_for_ever(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    buf_text(&b, "kept");
    buf_add(&b, "", SIZE_MAX / 2);
    assert_int_equal(buf_check(&b), -ENOMEM);
    buf_text(&b, "not added");
    buf_printf(&b, "%d", 1);
    assert_true(str_eq(buf_view(&b), STR("kept")));
    assert_int_equal(buf_check(&b), -ENOMEM);
}

static void buf_fini_twice_is_legal(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_text(&b, "x");
    buf_fini(&b);
    buf_fini(&b);
    buf_text(&b, "y");
    assert_string_equal(b.data, "y");
    buf_fini(&b);
}

static void buf_visible_valid_utf8_stays(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    buf_visible(&b, STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 a"));
    assert_true(str_eq(buf_view(&b), STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 a")));
}

static void buf_visible_c1_controls_are_escaped(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    buf_visible(&b, STR("\xc2\x9b\xc2\xa0"));
    assert_string_equal(b.data, "\\xc2\\x9b\xc2\xa0");
}

static void buf_visible_other_bytes_are_escaped(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    /* NUL, ESC, DEL, a backslash, an overlong slash, a surrogate, a sequence cut short */
    buf_visible(&b, STR("\0\x1b\x7f\\\xc0\xaf\xed\xa0\x80\xe2\x82"));
    assert_string_equal(b.data, "\\x00\\x1b\\x7f\\\\\\xc0\\xaf\\xed\\xa0\\x80\\xe2\\x82");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_add_pieces_are_joined),
        cmocka_unit_test(buf_add_many_bytes_are_kept),
        cmocka_unit_test(buf_view_of_nothing_is_empty),
        cmocka_unit_test(buf_add_absurd_size_fails_for_ever),
        cmocka_unit_test(buf_fini_twice_is_legal),
        cmocka_unit_test(buf_visible_valid_utf8_stays),
        cmocka_unit_test(buf_visible_c1_controls_are_escaped),
        cmocka_unit_test(buf_visible_other_bytes_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
