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

/* What turns text around, what takes no room, what breaks lines: U+00AD, 034F, 061C, 115F, 180E,
 * 200B, 200F, 2028, 202A, 202E, 2060, 2066, 2069, 3164, FE0F, FEFF, FFA0, FFF9, 1D173, E0001,
 * E01EF. */
static void buf_visible_what_is_not_seen_is_escaped(void **state)
{
    (void)state;
    static const char *const unseen[] = {
        "\xc2\xad",         "\xcd\x8f",         "\xd8\x9c",         "\xe1\x85\x9f", "\xe1\xa0\x8e",
        "\xe2\x80\x8b",     "\xe2\x80\x8f",     "\xe2\x80\xa8",     "\xe2\x80\xaa", "\xe2\x80\xae",
        "\xe2\x81\xa0",     "\xe2\x81\xa6",     "\xe2\x81\xa9",     "\xe3\x85\xa4", "\xef\xb8\x8f",
        "\xef\xbb\xbf",     "\xef\xbe\xa0",     "\xef\xbf\xb9",     "\xe2\x80\x8e", "\xe2\x81\xaf",
        "\xf0\x9d\x85\xb3", "\xf3\xa0\x80\x81", "\xf3\xa0\x87\xaf",
    };
    for (size_t i = 0; i < ARRAY_LEN(unseen); i++) {
        CLEANUP_BUF struct buf expected = {0};
        CLEANUP_BUF struct buf b = {0};
        buf_text(&expected, "a");
        for (const char *p = unseen[i]; *p; p++) {
            buf_printf(&expected, "\\x%02x", (unsigned char)*p);
        }
        buf_text(&expected, "b");
        buf_text(&b, "a");
        buf_visible(&b, str_from(unseen[i]));
        buf_visible(&b, STR("b"));
        assert_string_equal(b.data, expected.data);
    }
}

/* Neighbours of the ranges, and what is seen or joins what is seen: U+00AC, 00AE, 0301, 0600, 0915
 * 094D, 2010, 2027, 202F, 205F, 2070, FE10, FFFC, 10FFFF. */
static void buf_visible_what_is_seen_stays(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    const char *text =
        "\xc2\xac\xc2\xae\xcc\x81\xd8\x80\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x90\xe2\x80\xa7\xe2"
        "\x80\xaf\xe2\x81\x9f"
        "\xe2\x81\xb0\xef\xb8\x90\xef\xbf\xbc\xf4\x8f\xbf\xbf";
    buf_visible(&b, str_from(text));
    assert_string_equal(b.data, text);
}

static void buf_safe_leaves_backslashes(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    buf_safe(&b, STR("'a\\x07' \x1b[0m\n\xe2\x80\xae\xff"));
    assert_string_equal(b.data, "'a\\x07' \\x1b[0m\\x0a\\xe2\\x80\\xae\\xff");
}

static void buf_printf_of_any_length(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    CLEANUP_BUF struct buf expected = {0};
    for (int i = 0; i < 300; i++) { /* so that texts end before, at and after what is allocated */
        buf_printf(&b, "%*d", i, 7);
        for (int k = 1; k < i; k++) {
            buf_char(&expected, ' ');
        }
        buf_char(&expected, '7');
    }
    assert_string_equal(b.data, expected.data);
    assert_int_equal(b.len, expected.len);
}

static void buf_visible_other_bytes_are_escaped(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    /* NUL, ESC, DEL, a backslash, an overlong slash, a surrogate, a sequence cut short */
    buf_visible(&b, STR("\0\x1b\x7f\\\xc0\xaf\xed\xa0\x80\xe2\x82"));
    assert_string_equal(b.data, "\\x00\\x1b\\x7f\\\\\\xc0\\xaf\\xed\\xa0\\x80\\xe2\\x82");
}

static void buf_list_is_as_in_a_sentence(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "b", "c"};
    static const char *const expected[] = {"", "a", "a or b", "a, b or c"};
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        CLEANUP_BUF struct buf b = {0};
        buf_list(&b, words, i, " or ");
        assert_string_equal(buf_view(&b).ptr, expected[i]);
    }
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
        cmocka_unit_test(buf_visible_what_is_not_seen_is_escaped),
        cmocka_unit_test(buf_visible_what_is_seen_stays),
        cmocka_unit_test(buf_safe_leaves_backslashes),
        cmocka_unit_test(buf_printf_of_any_length),
        cmocka_unit_test(buf_visible_other_bytes_are_escaped),
        cmocka_unit_test(buf_list_is_as_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
