/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"

/* The document that holds just this string. */
static void check_string(struct str s, const char *expected)
{
    CLEANUP_BUF struct buf b = {0};
    struct json j = json_begin(&b);
    json_str(&j, s);
    assert_int_equal(buf_check(&b), 0);
    assert_string_equal(b.data, expected);
}

static void json_str_of_valid_utf8_is_itself(void **state)
{
    (void)state;
    check_string(STR(""), "\"\"");
    check_string(STR("a/b c"), "\"a/b c\"");
    check_string(STR("gr\xc3\xb6\xc3\x9f"
                     "e"),
                 "\"gr\xc3\xb6\xc3\x9f"
                 "e\"");
    check_string(STR("\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"),
                 "\"\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"");
    check_string(STR("\xc2\xa0"), "\"\xc2\xa0\"");
}

static void json_str_escapes_what_json_and_terminals_cannot_take(void **state)
{
    (void)state;
    check_string(STR("\"\\"), "\"\\\"\\\\\"");
    check_string(STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    check_string(STR("\0\x01\x1b\x1f\x7f"), "\"\\u0000\\u0001\\u001b\\u001f\\u007f\"");
    check_string(STR("\xc2\x80\xc2\x9b\xc2\x9f"), "\"\\u0080\\u009b\\u009f\"");
    check_string(STR("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"");
    check_string(STR("a\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf"
                     "b"),
                 "\"a\\u202e\\u2066\\ufeffb\"");
    check_string(STR("\xc2\xad\xf3\xa0\x80\x81\xf3\xa0\x87\xaf"),
                 "\"\\u00ad\\udb40\\udc01\\udb40\\uddef\"");
}

static void json_str_of_other_bytes_is_lone_surrogates(void **state)
{
    (void)state;
    check_string(STR("a\xff"
                     "b"),
                 "\"a\\udcffb\"");
    check_string(STR("\x80"), "\"\\udc80\"");
    check_string(STR("\xc3"), "\"\\udcc3\"");
    check_string(STR("\xed\xa0\x80"), "\"\\udced\\udca0\\udc80\""); /* a surrogate is no UTF-8 */
    check_string(STR("\xc3\xb6\xf0\x9f\x98"), "\"\xc3\xb6\\udcf0\\udc9f\\udc98\"");
}

static void json_numbers_are_exact(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    struct json j = json_begin(&b);
    json_array(&j, JSON_LINE);
    json_uint(&j, 0);
    json_uint(&j, UINT64_MAX);
    json_int(&j, INT64_MIN);
    json_int(&j, INT64_MAX);
    json_ints(&j, (const int64_t[]){-1, 10}, 2);
    json_ints(&j, NULL, 0);
    json_null(&j);
    json_text(&j, NULL);
    json_array_end(&j);
    json_end(&j);
    assert_string_equal(b.data,
                        "[0, 18446744073709551615, -9223372036854775808, 9223372036854775807, "
                        "[-1, 10], [], null, null]\n");
}

static void json_layout_puts_one_item_on_a_line(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    struct json j = json_begin(&b);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "a");
    json_array(&j, JSON_BLOCK);
    for (int i = 0; i < 2; i++) {
        json_object(&j, JSON_LINE);
        json_key(&j, "x");
        json_int(&j, i);
        json_key(&j, "y");
        json_array(&j, JSON_BLOCK); /* within a line, all is on it */
        json_text(&j, "z");
        json_array_end(&j);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_key(&j, "none");
    json_array(&j, JSON_BLOCK);
    json_array_end(&j);
    json_key(&j, "o");
    json_object(&j, JSON_BLOCK);
    json_object_end(&j);
    json_object_end(&j);
    json_end(&j);
    assert_string_equal(b.data, "{\n"
                                "  \"a\": [\n"
                                "    {\"x\": 0, \"y\": [\"z\"]},\n"
                                "    {\"x\": 1, \"y\": [\"z\"]}\n"
                                "  ],\n"
                                "  \"none\": [],\n"
                                "  \"o\": {}\n"
                                "}\n");
}

static void json_after_a_failure_stays_failed(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {.failed = true};
    struct json j = json_begin(&b);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "a");
    json_uint(&j, 1);
    json_object_end(&j);
    json_end(&j);
    assert_int_equal(buf_check(&b), -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_str_of_valid_utf8_is_itself),
        cmocka_unit_test(json_str_escapes_what_json_and_terminals_cannot_take),
        cmocka_unit_test(json_str_of_other_bytes_is_lone_surrogates),
        cmocka_unit_test(json_numbers_are_exact),
        cmocka_unit_test(json_layout_puts_one_item_on_a_line),
        cmocka_unit_test(json_after_a_failure_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
