/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "source/tf/statefile.h"
#include "support/place.h"

struct fixture {
    struct arena arena;
    struct diag d;
    struct statefile out;
};

static int setup(void **state)
{
    static struct fixture f;
    arena_init(&f.arena);
    diag_init(&f.d);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_fini(&f->arena);
    diag_fini(&f->d);
    return 0;
}

static errint parse(struct fixture *f, struct str text)
{
    return statefile_parse(text, "dir/checkpoint", &f->arena, &f->out, &f->d);
}

static void assert_latest(struct fixture *f, struct str text, struct str latest)
{
    assert_int_equal(parse(f, text), 0);
    assert_true(str_eq(f->out.latest, latest));
}

/* The value as it is written between double quotes. */
static void assert_string(struct fixture *f, const char *written, struct str value)
{
    CLEANUP_BUF struct buf b = {0};
    buf_printf(&b, "model_checkpoint_path: \"%s\"\n", written);
    assert_latest(f, buf_view(&b), value);
}

static void assert_refused(struct fixture *f, struct str text, const char *where, const char *words)
{
    uint64_t before = f->d.errors;
    assert_int_equal(parse(f, text), -EBADMSG);
    assert_int_equal(f->d.errors, before + 1);
    assert_string_equal(place_text(f->d.entries[f->d.kept - 1].at), where);
    assert_non_null(strstr(f->d.entries[f->d.kept - 1].message, words));
}

static const char usual[] = "model_checkpoint_path: \"model.ckpt-1000\"\n"
                            "all_model_checkpoint_paths: \"model.ckpt-0\"\n"
                            "all_model_checkpoint_paths: \"model.ckpt-1000\"\n"
                            "all_model_checkpoint_timestamps: 1538.5e3\n"
                            "last_preserved_timestamp: -1.0\n";

static void statefile_parse_usual_file_is_read(void **state)
{
    struct fixture *f = *state;
    assert_latest(f, str_from(usual), STR("model.ckpt-1000"));
    assert_int_equal(f->out.all_count, 2);
    assert_true(str_eq(f->out.all[0], STR("model.ckpt-0")));
    assert_true(str_eq(f->out.all[1], STR("model.ckpt-1000")));
}

static void statefile_parse_every_truncation_is_an_error_or_a_shorter_list(void **state)
{
    struct fixture *f = *state;
    struct str text = str_from(usual);
    for (size_t len = 0; len < text.len; len++) {
        errint rc = parse(f, str_head(text, len));
        if (rc == 0) {
            assert_true(str_eq(f->out.latest, STR("model.ckpt-1000")));
            assert_in_range(f->out.all_count, 0, 2);
        } else {
            assert_int_equal(rc, -EBADMSG);
        }
        assert_true(len >= 40 || rc < 0);
    }
}

static void statefile_parse_many_paths_are_all_kept(void **state)
{
    struct fixture *f = *state;
    CLEANUP_BUF struct buf b = {0};
    buf_text(&b, "model_checkpoint_path: 'm'");
    for (int i = 0; i < 1000; i++) {
        buf_printf(&b, "all_model_checkpoint_paths: \"m-%d\"", i);
    }
    assert_latest(f, buf_view(&b), STR("m"));
    assert_int_equal(f->out.all_count, 1000);
    assert_true(str_eq(f->out.all[999], STR("m-999")));
}

static void statefile_parse_escapes_are_undone(void **state)
{
    struct fixture *f = *state;
    assert_string(f, "C:\\\\dir\\\\model", STR("C:\\dir\\model"));
    assert_string(f, "\\a\\b\\f\\n\\r\\t\\v\\'\\\"\\?", STR("\a\b\f\n\r\t\v'\"?"));
    assert_string(f, "\\303\\251", STR("\xc3\xa9"));
    assert_string(f, "\\0\\18\\1234",
                  STR("\0\1"
                      "8\1234"));
    assert_string(f, "\\x4a\\x4\\x4ab",
                  STR("\x4a\x04\x4a"
                      "b"));
    assert_string(f, "\\u00e9\\u20AC\\U0001F600\\ud83d\\ude00",
                  STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf0\x9f\x98\x80"));
    assert_string(f, "raw \xc3\xa9 'quote'", STR("raw \xc3\xa9 'quote'"));
}

static void statefile_parse_free_forms_are_read(void **state)
{
    struct fixture *f = *state;
    assert_latest(f, STR("model_checkpoint_path:'a'"), STR("a"));
    assert_latest(f, STR("# c 'x'\nmodel_checkpoint_path # d\n : \t\"a\" 'b'\r\n\"c\" ; # e"),
                  STR("abc"));
    assert_latest(f, STR("model_checkpoint_path: \"a\", model_checkpoint_path: \"b\";"), STR("b"));
    assert_latest(f,
                  STR("model_checkpoint_path: [\"a\"] all_model_checkpoint_paths: ['x', 'y' 'z',]"),
                  STR("a"));
    assert_int_equal(f->out.all_count, 2);
    assert_true(str_eq(f->out.all[1], STR("yz")));
}

static void statefile_parse_bom_is_skipped(void **state)
{
    struct fixture *f = *state;
    assert_latest(f, STR("\xef\xbb\xbfmodel_checkpoint_path: \"a\"\n"), STR("a"));
    assert_refused(f, STR("\xef\xbb\xbf\xef\xbb\xbfmodel_checkpoint_path: \"a\""),
                   "dir/checkpoint:1", "the name of a field");
}

static void statefile_parse_windows_path_without_escapes_is_taken_as_it_stands(void **state)
{
    struct fixture *f = *state;
    assert_string(f, "D:\\train\\model.ckpt", STR("D:\\train\\model.ckpt")); /* \m is no escape */
    assert_true(str_eq(f->out.windows, STR("D:\\train\\model.ckpt")));
    assert_string(f, "runs\\model.ckpt-5", STR("runs\\model.ckpt-5"));
    assert_string(f, "D:\\train\\new", STR("D:\train\new")); /* a string, though hardly meant so */
    assert_true(str_eq(f->out.windows, STR("D:\\train\\new")));
    assert_latest(
        f, STR("model_checkpoint_path: 'C:\\q' # c\nx: 1 all_model_checkpoint_paths: 'C:\\z'"),
        STR("C:\\q"));
    assert_true(str_eq(f->out.all[0], STR("C:\\z")));
    assert_latest(f, STR("model_checkpoint_path: ['D:\\q',]"), STR("D:\\q"));
    static const char *const strings[] = {"tab\\there", "C:\\\\dir", "x", "\\\\server\\\\m",
                                          "C:\\\\a\\tb"};
    for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
        CLEANUP_BUF struct buf b = {0};
        buf_printf(&b, "model_checkpoint_path: \"%s\"", strings[i]);
        assert_int_equal(parse(f, buf_view(&b)), 0);
        assert_int_equal(f->out.windows.len, 0);
    }
    assert_refused(f, STR("model_checkpoint_path: 'D:\\q\n'"), "dir/checkpoint:1",
                   "an escape after \\");
    assert_refused(f, STR("model_checkpoint_path: 'D:\\q"), "dir/checkpoint:1",
                   "an escape after \\");
}

static void statefile_parse_unknown_fields_are_skipped(void **state)
{
    struct fixture *f = *state;
    assert_latest(
        f,
        STR("x: 1.5 y: ENUM z: \"}\" m { a: \"}\" b < c: [1, 2] > } n: { } [ext.name]: -inf l: [ "
            "{a: 1}, {} ]\n"
            "model_checkpoint_path: \"a\""),
        STR("a"));
}

static void statefile_parse_deep_nesting_is_skipped(void **state)
{
    struct fixture *f = *state;
    CLEANUP_BUF struct buf b = {0};
    buf_text(&b, "x ");
    for (int i = 0; i < 200000; i++) {
        buf_text(&b, "{");
    }
    assert_int_equal(parse(f, buf_view(&b)), -EBADMSG);
    for (int i = 0; i < 200000; i++) {
        buf_text(&b, "}");
    }
    buf_text(&b, "model_checkpoint_path: \"a\"");
    assert_latest(f, buf_view(&b), STR("a"));
}

static void statefile_parse_without_a_path_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, STR(""), "dir/checkpoint", "the file has none");
    assert_refused(f, STR("all_model_checkpoint_paths: \"a\""), "dir/checkpoint",
                   "the file has none");
    assert_refused(f, STR("model_checkpoint_path: \"\""), "dir/checkpoint", "an empty one");
}

static void statefile_parse_malformed_text_is_refused_with_its_line(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, STR("\n\nmodel_checkpoint_path \"a\""), "dir/checkpoint:3",
                   "expected ':', found '\"'");
    assert_refused(f, STR("model_checkpoint_path: a"), "dir/checkpoint:1",
                   "a quoted string, found 'a'");
    assert_refused(f, STR("model_checkpoint_path: {}"), "dir/checkpoint:1", "a quoted string");
    assert_refused(f, STR("model_checkpoint_path:"), "dir/checkpoint:1",
                   "found the end of the file");
    assert_refused(f, STR("model_checkpoint_path: \"a"), "dir/checkpoint:1", "a closing quote");
    assert_refused(f, STR("model_checkpoint_path: \"a\nb\""), "dir/checkpoint:1",
                   "a closing quote");
    assert_refused(f, STR("model_checkpoint_path: \"a'"), "dir/checkpoint:1", "a closing quote");
    assert_refused(f, STR("model_checkpoint_path: ['a'"), "dir/checkpoint:1", "']'");
    assert_refused(f, STR(": 'a'"), "dir/checkpoint:1", "the name of a field");
    assert_refused(f, STR("x: \1"), "dir/checkpoint:1", "a value, found '\\x01'");
    assert_refused(f, STR("x {\n'a'"), "dir/checkpoint:2", "a closing bracket");
    assert_refused(f, STR("\x89PNG\r\n\x1a"), "dir/checkpoint:1", "the name of a field");
}

static void statefile_parse_bad_escapes_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"\\",          "\\q",        "\\x",
                                      "\\xg",        "\\400",      "\\u12",
                                      "\\ud800",     "\\udc00",    "\\ud800\\u0041",
                                      "\\U00110000", "\\U1234567", "\\8"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        CLEANUP_BUF struct buf b = {0};
        buf_printf(&b, "model_checkpoint_path: \"%s\"", bad[i]);
        assert_int_equal(parse(f, buf_view(&b)), -EBADMSG);
    }
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(statefile_parse_usual_file_is_read),
        TEST(statefile_parse_every_truncation_is_an_error_or_a_shorter_list),
        TEST(statefile_parse_many_paths_are_all_kept),
        TEST(statefile_parse_escapes_are_undone),
        TEST(statefile_parse_free_forms_are_read),
        TEST(statefile_parse_bom_is_skipped),
        TEST(statefile_parse_windows_path_without_escapes_is_taken_as_it_stands),
        TEST(statefile_parse_unknown_fields_are_skipped),
        TEST(statefile_parse_deep_nesting_is_skipped),
        TEST(statefile_parse_without_a_path_is_refused),
        TEST(statefile_parse_malformed_text_is_refused_with_its_line),
        TEST(statefile_parse_bad_escapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
