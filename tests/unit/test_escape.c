/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"

static void assert_path(struct str name, const char *path)
{
    CLEANUP_BUF struct buf b = {0};
    escape_path(&b, name);
    assert_int_equal(buf_check(&b), 0);
    assert_string_equal(b.data, path);
}

/* What ls shows must be a valid name in a map, and mean the same tensor. */
static void assert_reads_back(struct str name)
{
    CLEANUP_BUF struct buf b = {0};
    struct arena a;
    arena_init(&a);
    escape_path(&b, name);
    struct str back = unescape_name(&a, buf_view(&b));
    assert_true(str_eq(back, name));
    arena_fini(&a);
}

static void escape_path_plain_names_stay(void **state)
{
    (void)state;
    assert_path(STR("a/b_1/c.d"), "a/b_1/c.d");
    assert_path(STR("50%/x%y"), "50%/x%y");
    assert_path(STR("\xc3\xa9/\xff"), "\xc3\xa9/\xff");
}

static void escape_path_awkward_names_are_written(void **state)
{
    (void)state;
    assert_path(STR(""), "%");
    assert_path(STR("a//b"), "a/%/b");
    assert_path(STR("/a/"), "%/a/%");
    assert_path(STR("."), "%2E");
    assert_path(STR("../.a/..."), "%2E%2E/.a/...");
    assert_path(STR("a\0b\n\x7f"), "a%00b%0A%7F");
    assert_path(STR("a%41"), "a%2541");
    assert_path(STR("%"), "%25");
    assert_path(STR("a%~b"), "a%25~b");
}

static void escape_path_every_short_name_reads_back(void **state)
{
    (void)state;
    static const char letters[] = {'a', '/', '%', '.', '4', '\0', '\n', '~'};
    for (unsigned n = 0; n < 8 * 8 * 8 * 8; n++) {
        char name[4] = {letters[n & 7], letters[n >> 3 & 7], letters[n >> 6 & 7], letters[n >> 9]};
        for (size_t len = 0; len <= sizeof(name); len++) {
            assert_reads_back(str_of(name, len));
        }
    }
}

static void escape_component_of_255_bytes_stays(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    char name[256];
    memset(name, 'x', sizeof(name));
    escape_component(&b, str_of(name, 255));
    assert_int_equal(b.len, 255);
    assert_null(memchr(b.data, '%', b.len));
    buf_fini(&b);
    escape_component(&b, str_of(name, 256));
    assert_int_equal(b.len, 200 + 2 + 16);
    assert_memory_equal(b.data + 200, "%~", 2);
}

static void escape_component_long_names_differ(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf one = {0};
    CLEANUP_BUF struct buf other = {0};
    char name[300];
    memset(name, 'x', sizeof(name));
    escape_component(&one, str_of(name, sizeof(name)));
    name[299] = 'y';
    escape_component(&other, str_of(name, sizeof(name)));
    assert_int_equal(one.len, other.len);
    assert_memory_not_equal(one.data, other.data, one.len);
}

static void escape_component_long_name_is_not_cut_inside_a_sequence(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf b = {0};
    char name[301];
    memset(name, 'x', sizeof(name));
    for (size_t i = 199; i + 1 < sizeof(name); i += 2) {
        memcpy(name + i, "\xc3\xa9", 2);
    }
    escape_component(&b, str_of(name, sizeof(name)));
    assert_memory_equal(b.data + 199, "%~", 2);
}

static void unescape_name_other_percents_stay(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_true(str_eq(unescape_name(&a, STR("a%4")), STR("a%4")));
    assert_true(str_eq(unescape_name(&a, STR("%4g")), STR("%4g")));
    assert_true(str_eq(unescape_name(&a, STR("a%")), STR("a%")));
    assert_true(str_eq(unescape_name(&a, STR("%3a%3A")), STR("::")));
    assert_true(str_eq(unescape_name(&a, STR("a/%/b/")), STR("a//b/")));
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escape_path_plain_names_stay),
        cmocka_unit_test(escape_path_awkward_names_are_written),
        cmocka_unit_test(escape_path_every_short_name_reads_back),
        cmocka_unit_test(escape_component_of_255_bytes_stays),
        cmocka_unit_test(escape_component_long_names_differ),
        cmocka_unit_test(escape_component_long_name_is_not_cut_inside_a_sequence),
        cmocka_unit_test(unescape_name_other_percents_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
