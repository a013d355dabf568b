/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a map before they mean anything. The messages are in
 * tests/data/bad-{lines,bytes}.err. */
#include "map/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "map/line.h"
#include "support/place.h"

struct parsed {
    struct arena arena;
    struct diag d;
    struct ini_file ini;
    errint rc;
};

static struct parsed *parse(struct str text)
{
    struct parsed *p = calloc(1, sizeof(*p));
    arena_init(&p->arena);
    diag_init(&p->d);
    p->rc = ini_parse_text(text, "m.ini", NULL, &p->arena, &p->ini, &p->d);
    assert_int_equal(p->rc, p->d.errors ? -EINVAL : 0);
    return p;
}

static void done(struct parsed *p)
{
    diag_fini(&p->d);
    arena_fini(&p->arena);
    free(p);
}

static void expect_item(const struct parsed *p, uint32_t i, const char *section, const char *key,
                        const char *value, uint32_t line)
{
    assert_true(i < p->ini.count);
    const struct ini_item *item = &p->ini.items[i];
    if (!str_eq(item->section, str_from(section)) || !str_eq(item->key, str_from(key)) ||
        !str_eq(item->value, str_from(value)) || item->at.line != line) {
        fail_msg("item %u: [" STR_FMT "] '" STR_FMT "' = '" STR_FMT "', line %u", i,
                 STR_ARG(item->section), STR_ARG(item->key), STR_ARG(item->value), item->at.line);
    }
}

/* That the text gives exactly one error, in that line, with words in its message, and so many good
 * items. */
static void expect_error(struct str text, uint32_t line, const char *words, uint32_t items)
{
    struct parsed *p = parse(text);
    assert_int_equal(p->d.errors, 1);
    char where[32];
    snprintf(where, sizeof(where), "m.ini:%u", line);
    assert_string_equal(place_text(p->d.entries[0].at), where);
    assert_int_equal(p->d.entries[0].code, DIAG_MAP_SYNTAX);
    if (!strstr(p->d.entries[0].message, words)) {
        fail_msg("found '%s', expected '%s'", p->d.entries[0].message, words);
    }
    assert_int_equal(p->ini.count, items);
    done(p);
}

static void ini_parse_text_plain_items_come_in_order(void **state)
{
    (void)state;
    struct parsed *p = parse(STR("x = 0\n[a]\nk = v\nk=w\n[b]\n\n[a]\n  \t\nl\t=\t v  \t"));
    assert_int_equal(p->ini.count, 4);
    expect_item(p, 0, "", "x", "0", 1);
    expect_item(p, 1, "a", "k", "v", 3);
    expect_item(p, 2, "a", "k", "w", 4);
    expect_item(p, 3, "a", "l", "v", 9);
    assert_int_equal(p->ini.section_count, 3);
    assert_int_equal(p->ini.sections[0].first, 1);
    assert_int_equal(p->ini.sections[1].first, 3);
    assert_int_equal(p->ini.sections[1].line, 5);
    assert_true(str_eq(p->ini.sections[1].name, STR("b")));
    assert_int_equal(p->ini.sections[2].first, 3);
    assert_string_equal(p->ini.path, "m.ini");
    done(p);
}

static void ini_parse_text_empty_text_has_no_items(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "\n", "\r\n", "\xef\xbb\xbf",
                                        "; x", "#",  "   ",  "\n\n\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct parsed *p = parse(str_from(texts[i]));
        assert_int_equal(p->rc, 0);
        assert_int_equal(p->ini.count + p->ini.section_count, 0);
        done(p);
    }
}

static void ini_parse_text_comments_need_a_blank_before(void **state)
{
    (void)state;
    struct parsed *p = parse(
        STR("; = c\n#[x]\n[a] ; [b]\nk;l#m = v;w#x\nk = v ;w\nk = v\t#w = x\nk =;v\nk = #v\n"));
    assert_int_equal(p->rc, 0);
    assert_int_equal(p->ini.count, 5);
    expect_item(p, 0, "a", "k;l#m", "v;w#x", 4);
    expect_item(p, 1, "a", "k", "v", 5);
    expect_item(p, 2, "a", "k", "v", 6);
    expect_item(p, 3, "a", "k", ";v", 7);
    expect_item(p, 4, "a", "k", "", 8);
    done(p);
}

static void ini_parse_text_indented_lines_continue(void **state)
{
    (void)state;
    struct parsed *p = parse(
        STR("[a]\nk =\n  one\n\ttwo ; no\n; comment\n  # comment\n    [3]\n  a:b=c\nl = x\n y\n"));
    assert_int_equal(p->rc, 0);
    assert_int_equal(p->ini.count, 2);
    expect_item(p, 0, "a", "k", "one two [3] a:b=c", 2);
    expect_item(p, 1, "a", "l", "x y", 9);
    done(p);
}

static void ini_parse_text_line_ends_of_all_kinds_are_stripped(void **state)
{
    (void)state;
    struct parsed *p = parse(STR("\xef\xbb\xbf[a]\r\nk = v \r\n  w\r\nl = x\n\r\nm = y\r"));
    assert_int_equal(p->rc, 0);
    assert_int_equal(p->ini.count, 3);
    expect_item(p, 0, "a", "k", "v w", 2);
    expect_item(p, 1, "a", "l", "x", 4);
    expect_item(p, 2, "a", "m", "y", 6);
    done(p);
}

static void ini_parse_text_later_bom_is_part_of_the_name(void **state)
{
    (void)state;
    struct parsed *p = parse(STR("\xef\xbb\xbf\xef\xbb\xbfk = v\n\xef\xbb\xbfl = w\n"));
    assert_int_equal(p->ini.count, 2);
    expect_item(p, 0, "", "\xef\xbb\xbfk", "v", 1);
    expect_item(p, 1, "", "\xef\xbb\xbfl", "w", 2);
    done(p);
}

static void ini_parse_text_long_names_arrive_whole(void **state)
{
    (void)state;
    static const size_t lengths[] = {49, 50, 199, 200, 4096, 30000};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        size_t len = lengths[i];
        char *name = calloc(1, len + 1);
        memset(name, 'n', len);
        name[len - 1] = 'z';
        CLEANUP_BUF struct buf text = {0};
        CLEANUP_BUF struct buf value = {0};
        buf_printf(&text, "[a]\n%s = %s,\n  %s,\n  %s\nk = v\n", name, name, name, name);
        buf_printf(&value, "%s, %s, %s", name, name, name);
        struct parsed *p = parse(buf_view(&text));
        assert_int_equal(p->rc, 0);
        assert_int_equal(p->ini.count, 2);
        expect_item(p, 0, "a", name, value.data, 2);
        expect_item(p, 1, "a", "k", "v", 5);
        done(p);
        free(name);
    }
}

static void ini_parse_text_line_limit_is_exact(void **state)
{
    (void)state;
    for (int over = 0; over <= 1; over++) {
        for (int kind = 0; kind < 3; kind++) { /* a plain line, a comment, a continuation */
            CLEANUP_BUF struct buf text = {0};
            size_t len = LINE_BYTES_MOST + (size_t)over;
            buf_text(&text, kind == 2 ? "k = v\n" : "");
            size_t start = text.len;
            buf_text(&text, kind == 0 ? "k = " : kind == 1 ? "; " : "  ");
            while (text.len - start < len) {
                buf_char(&text, 'x');
            }
            buf_text(&text, "\r\nl = w\n");
            if (over) {
                expect_error(buf_view(&text), kind == 2 ? 2 : 1,
                             "the line has 65537 bytes, the limit is 65536", 1);
                continue;
            }
            struct parsed *p = parse(buf_view(&text));
            assert_int_equal(p->rc, 0);
            assert_int_equal(p->ini.count, kind == 1 ? 1 : 2);
            if (kind != 1) {
                assert_int_equal(p->ini.items[0].value.len, kind == 0 ? len - 4 : len);
            }
            expect_item(p, p->ini.count - 1, "", "l", "w", kind == 2 ? 3 : 2);
            done(p);
        }
    }
}

static void ini_parse_text_section_limit_is_exact(void **state)
{
    (void)state;
    char text[128];
    char name[INI_SECTION_MOST + 1];
    memset(name, 's', sizeof(name));
    snprintf(text, sizeof(text), "[%.*s]\nk = v\n", INI_SECTION_MOST, name);
    struct parsed *p = parse(str_from(text));
    assert_int_equal(p->rc, 0);
    assert_int_equal(p->ini.sections[0].name.len, INI_SECTION_MOST);
    done(p);
    snprintf(text, sizeof(text), "[%.*s]\nk = v\n", INI_SECTION_MOST + 1, name);
    expect_error(str_from(text), 1, "has 50 bytes, the limit is 49", 1);
}

static void ini_parse_text_misreadable_lines_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        uint32_t line;
        const char *words;
        uint32_t items;
    } cases[] = {
        {STR("a:b = c"), 1, "a ':' before the '='", 0},
        {STR("a = b\nx:0 = c\nd = e"), 2, "names have no ':0': write 'x'", 2},
        {STR("a: b"), 1, "found ':', expected '='", 0},
        {STR("word"), 1, "found no '='", 0},
        {STR("a ; = b"), 1, "found no '='", 0},
        {STR(" a = b"), 1, "remove the indentation of 'a = b'", 0},
        {STR("a = b\n c ="), 2, "remove the indentation of 'c ='", 1},
        {STR("a = b\n c = d\n  e\n  f"), 2, "remove the indentation", 1},
        {STR("[s]\n a=b"), 2, "nothing above to continue", 0},
        {STR("a = b\n\n c"), 3, "nothing above to continue", 1},
        {STR("a = b\n \t\n c"), 3, "nothing above to continue", 1},
        {STR("word\n  more\n  and more"), 1, "found no '='", 0},
        {STR("= v"), 1, "the name before '=' is empty", 0},
        {STR("[]"), 1, "the section name is empty", 0},
        {STR("[s"), 1, "alone on its line", 0},
        {STR("[s ;]"), 1, "alone on its line", 0},
        {STR("[s] k = v"), 1, "alone on its line", 0},
        {STR("[s]] = v"), 1, "alone on its line", 0},
        {STR("[k = v"), 1, "alone on its line", 0},
        {STR("a = b\n  [s]\nk = v"), 2, "remove the indentation", 2},
        {STR("a = \0b"), 1, "byte 5 of the line is the control byte 0x00: write it %00", 0},
        {STR("a = b\0"), 1, "byte 6 of the line", 0},
        {STR("; \0"), 1, "byte 3 of the line", 0},
        {STR("a = b\vc"), 1, "control byte 0x0b", 0},
        {STR("a = b\f"), 1, "control byte 0x0c", 0},
        {STR("a = b\rc = d"), 1, "byte 6 of the line is a carriage return", 0},
        {STR("a = b\r\r\n"), 1, "byte 6 of the line is a carriage return", 0},
        {STR("a = \xc3"), 1, "byte 5 of the line, 0xc3, is not valid UTF-8: write it %C3", 0},
        {STR("\xef\xbb\xbf"
             "a = \xf8"),
         1, "byte 5 of the line, 0xf8", 0},
        {STR("a = b,\n  \xff,\n  c\nd = e"), 2, "byte 3 of the line, 0xff", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        expect_error(cases[i].text, cases[i].line, cases[i].words, cases[i].items);
    }
}

static void ini_parse_text_items_of_a_refused_header_belong_nowhere(void **state)
{
    (void)state;
    static const char *const headers[] = {"[b", "[b] x", "[]", "  [b]", "[b\xff]"};
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        char text[64];
        snprintf(text, sizeof(text), "[a]\nk = v\n%s\nl = w\n[c]\n", headers[i]);
        struct parsed *p = parse(str_from(text));
        assert_int_equal(p->d.errors, 1);
        assert_int_equal(p->ini.section_count, 3);
        assert_int_equal(p->ini.sections[1].name.len, 0);
        assert_int_equal(p->ini.sections[1].first, 1);
        expect_item(p, 0, "a", "k", "v", 2);
        expect_item(p, 1, "", "l", "w", 4);
        done(p);
    }
}

static void ini_parse_text_every_bad_line_is_one_error(void **state)
{
    (void)state;
    struct parsed *p = parse(STR("a:b = c\nword\n= x\n k = v\n[\n\xff\ngood = one\n"));
    assert_int_equal(p->d.errors, 6);
    assert_int_equal(p->ini.count, 1);
    done(p);
}

static void ini_parse_text_too_many_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        unsigned most;
        bool sections;
    } cases[] = {{"k=v\n", INI_ITEMS_MOST, false}, {"[s]\n", INI_SECTIONS_MOST, true}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_BUF struct buf text = {0};
        for (unsigned k = 0; k < cases[i].most; k++) {
            buf_text(&text, cases[i].unit);
        }
        struct parsed *p = parse(buf_view(&text));
        assert_int_equal(p->rc, 0);
        assert_int_equal(cases[i].sections ? p->ini.section_count : p->ini.count, cases[i].most);
        done(p);

        buf_text(&text, cases[i].unit);
        buf_text(&text, "bad line that is not reached");
        struct arena a;
        struct diag d;
        struct ini_file ini;
        arena_init(&a);
        diag_init(&d);
        assert_int_equal(ini_parse_text(buf_view(&text), "m.ini", NULL, &a, &ini, &d), -EOVERFLOW);
        assert_int_equal(d.errors, 1);
        assert_int_equal(d.entries[0].code, DIAG_LIMIT);
        diag_fini(&d);
        arena_fini(&a);
    }
}

static void ini_parse_text_without_diag_only_fails(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    struct ini_file ini;
    assert_int_equal(ini_parse_text(STR("a:b = c\n x = y\n"), "m.ini", NULL, &a, &ini, NULL),
                     -EINVAL);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ini_parse_text_plain_items_come_in_order),
        cmocka_unit_test(ini_parse_text_empty_text_has_no_items),
        cmocka_unit_test(ini_parse_text_comments_need_a_blank_before),
        cmocka_unit_test(ini_parse_text_indented_lines_continue),
        cmocka_unit_test(ini_parse_text_line_ends_of_all_kinds_are_stripped),
        cmocka_unit_test(ini_parse_text_later_bom_is_part_of_the_name),
        cmocka_unit_test(ini_parse_text_long_names_arrive_whole),
        cmocka_unit_test(ini_parse_text_line_limit_is_exact),
        cmocka_unit_test(ini_parse_text_section_limit_is_exact),
        cmocka_unit_test(ini_parse_text_misreadable_lines_are_refused),
        cmocka_unit_test(ini_parse_text_items_of_a_refused_header_belong_nowhere),
        cmocka_unit_test(ini_parse_text_every_bad_line_is_one_error),
        cmocka_unit_test(ini_parse_text_too_many_are_refused),
        cmocka_unit_test(ini_parse_text_without_diag_only_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
