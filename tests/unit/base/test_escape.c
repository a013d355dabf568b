/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"
#include "map/ini.h"
#include "map/name.h"

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

typedef void check_name(struct str name);

/* Each name of exactly `len` letters, at most 4, once. */
static void check_names(size_t len, const char *letters, size_t count, check_name *check)
{
    size_t names = 1;
    for (size_t i = 0; i < len; i++) {
        names *= count;
    }
    for (size_t n = 0; n < names; n++) {
        char name[4];
        for (size_t i = 0, left = n; i < len; i++, left /= count) {
            name[i] = letters[left % count];
        }
        check(str_of(name, len));
    }
}

static void escape_path_every_short_name_reads_back(void **state)
{
    (void)state;
    static const char letters[] = {'a', '/', '%', '.', '4', '\0', '\n', '~'};
    for (size_t len = 0; len <= 4; len++) {
        check_names(len, letters, sizeof(letters), assert_reads_back);
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

static const char *in_map(struct str name, bool is_scope, bool plain)
{
    static struct buf b;
    b.len = 0;
    escape_name(&b, name, is_scope, plain);
    assert_int_equal(buf_check(&b), 0);
    return b.data;
}

static void escape_name_is_what_a_map_has(void **state)
{
    (void)state;
    static const struct {
        struct str name;
        const char *text;
    } cases[] = {
        {STR("a/b_1/c.d-e"), "a/b_1/c.d-e"},
        {STR("layer1/bias:0"), "layer1/bias%3A0"},
        {STR("a=b,c|d*e?f{g}h@i"), "a%3Db%2Cc%7Cd%2Ae%3Ff%7Bg%7Dh%40i"},
        {STR("a#b;c"), "a#b;c"},
        {STR("#a ;b"), "%23a %3Bb"},
        {STR(" a b "), "%20a b%20"},
        {STR("[a]/[b]"), "%5Ba]/[b]"},
        {STR(">a<b>c<"), "%3Ea<b>c%3C"},
        {STR("50%/x%y"), "50%/x%y"},
        {STR("a%41"), "a%2541"},
        {STR("%"), "%25"},
        {STR("a/%/b"), "a/%25/b"},
        {STR("a//b"), "a/%/b"},
        {STR("/a"), "%/a"},
        {STR("a/"), "a/%"},
        {STR("/"), "%/%"},
        {STR("\0\x1f\x7f\\"), "%00%1F%7F%5C"},
        {STR("\xff"), "%FF"},
        {STR("caf\xc3\xa9"), "caf\xc3\xa9"},
        {STR("\xe2\x80\xae"), "%E2%80%AE"}, /* what terminals would not show */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_string_equal(in_map(cases[i].name, false, false), cases[i].text);
    }
    assert_string_equal(in_map(STR("caf\xc3\xa9/w"), false, true), "caf%C3%A9/w");
    assert_string_equal(in_map(STR("a/b:0/"), true, false), "a/b%3A0/");
    assert_string_equal(in_map(STR("/"), true, false), "/");
    assert_string_equal(in_map(STR("a//"), true, false), "a/%/");
}

/* Each is read by the parser as that name, alone and in a line of a file. */
static void assert_of_map(struct str name, bool is_scope)
{
    struct arena a;
    struct diag d;
    arena_init(&a);
    diag_init(&d);
    const char *text = in_map(name, is_scope, false);
    struct name read;
    assert_int_equal(name_parse(str_from(text), "source", position_file("m.ini"), &a, &read, &d),
                     0);
    assert_true(str_eq(read.text, name));
    assert_int_equal(read.is_scope, is_scope);
    const char *line = arena_printf(&a, "%s = x\n", text);
    struct ini_file ini;
    assert_int_equal(ini_parse_text(str_from(line), "m.ini", NULL, &a, &ini, &d), 0);
    assert_int_equal(ini.count, 1);
    assert_string_equal(arena_cstr(&a, ini.items[0].key), text);
    diag_fini(&d);
    arena_fini(&a);
}

static void assert_variable_of_map(struct str name)
{
    assert_of_map(name, false);
}

static void escape_name_every_short_name_is_one_of_a_map(void **state)
{
    (void)state;
    static const char letters[] = "a/% #;:=,|*?{}@[]<>-.~\\\t\xc3\xa9";
    for (size_t len = 1; len <= 3; len++) {
        check_names(len, letters, sizeof(letters), assert_variable_of_map);
    }
    assert_of_map(STR("a b/c:d/"), true);
    assert_of_map(STR("%41/"), true);
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
        cmocka_unit_test(escape_name_is_what_a_map_has),
        cmocka_unit_test(escape_name_every_short_name_is_one_of_a_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
