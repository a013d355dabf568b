/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json_read.h"
#include "io/io_bytes.h"

/* A reader of a text, after so many blanks. */
struct fixture {
    struct io_bytes io;
    struct json_read r;
    char *bytes; /* owns */
};

static void begin(struct fixture *f, size_t blanks, const char *text)
{
    size_t len = blanks + strlen(text);
    f->bytes = malloc(len + 1);
    assert_non_null(f->bytes);
    memset(f->bytes, ' ', blanks);
    memcpy(f->bytes + blanks, text, strlen(text));
    io_bytes_init(&f->io, f->bytes, len, "text");
    assert_int_equal(json_read_init(&f->r, &f->io.io, 0, len), 0);
}

static void end(struct fixture *f)
{
    json_read_fini(&f->r);
    free(f->bytes);
}

static const char document[] =
    "{\"a\\u00e9\xc3\xa9\xf0\x9f\x98\x80\\ud83d\\ude00\\n\": [12, 0, 9223372036854775807],\r\n"
    " \"skipped\": {\"x\": [true, false, null, -1.5e+10, \"\\\\\", {}, []]}}  ";

/* Wherever the window ends, the same comes of it. */
static void json_read_gives_the_same_wherever_its_window_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i <= sizeof(document); i++) {
        struct fixture f;
        struct str name;
        uint64_t count;
        begin(&f, i ? JSON_READ_WINDOW - i : 0, document);
        assert_int_equal(json_read_object(&f.r), 0);
        assert_int_equal(json_read_member(&f.r, &name), 1);
        assert_true(str_eq(name, STR("a\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80\n")));
        assert_int_equal(json_read_array(&f.r), 0);
        for (unsigned k = 0; k < 3; k++) {
            static const uint64_t counts[] = {12, 0, INT64_MAX};
            assert_int_equal(json_read_item(&f.r), 1);
            assert_int_equal(json_read_count(&f.r, &count), 0);
            assert_true(count == counts[k]);
        }
        assert_int_equal(json_read_item(&f.r), 0);
        assert_int_equal(json_read_member(&f.r, &name), 1);
        assert_true(str_eq(name, STR("skipped")));
        assert_int_equal(json_read_skip(&f.r), 0);
        assert_int_equal(json_read_member(&f.r, &name), 0);
        assert_int_equal(json_read_end(&f.r), 0);
        end(&f);
    }
}

/* Every text that is cut anywhere is refused, and where it was is said. */
static void json_read_refuses_what_is_cut(void **state)
{
    (void)state;
    for (size_t len = 1; len + 3 < sizeof(document); len++) {
        struct fixture f;
        char *cut = strndup(document, len);
        begin(&f, 0, cut);
        assert_int_equal(json_read_skip(&f.r), -EBADMSG);
        assert_non_null(f.r.wrong);
        assert_true(f.r.wrong_at <= len);
        end(&f);
        free(cut);
    }
}

/* A string that is given has 64 KiB at most; one that is skipped any length. */
static void json_read_limits_strings_that_it_gives(void **state)
{
    (void)state;
    static char text[200000];
    for (unsigned i = 0; i < 3; i++) {
        struct fixture f;
        struct str s;
        size_t len = JSON_READ_STRING_MOST + (i > 0);
        text[0] = '"';
        memset(text + 1, 'a', len);
        strcpy(text + 1 + len, "\"");
        begin(&f, 0, text);
        if (i == 2) {
            assert_int_equal(json_read_skip_string(&f.r), 0);
            assert_int_equal(json_read_end(&f.r), 0);
        } else {
            assert_int_equal(json_read_string(&f.r, &s), i ? -EOVERFLOW : 0);
            assert_true(i || s.len == len);
        }
        end(&f);
    }
}

static const struct {
    const char *text;
    uint64_t at;
} wrong[] = {
    {"\"a\xff\"", 2},  {"\"a\\x\"", 3},  {"\"\\ud800\"", 7}, {"[1 2]", 3},
    {"{\"a\":1,}", 7}, {"{\"a\" 1}", 5}, {"tru", 3},         {"-", 1},
    {"01", 1},         {"1.e", 2},       {"\"a\n\"", 2},     {"[", 1},
    {"", 0},           {"?", 0},         {"\"\\u12g4\"", 5},
};

static void json_read_says_where_it_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct fixture f;
        begin(&f, 3, wrong[i].text);
        assert_int_equal(json_read_skip(&f.r), -EBADMSG);
        if (f.r.wrong_at != wrong[i].at + 3) {
            fail_msg("%s: at %llu", wrong[i].text, (unsigned long long)f.r.wrong_at);
        }
        end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_read_gives_the_same_wherever_its_window_ends),
        cmocka_unit_test(json_read_refuses_what_is_cut),
        cmocka_unit_test(json_read_limits_strings_that_it_gives),
        cmocka_unit_test(json_read_says_where_it_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
