/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/put.h"
#include "source/safetensors/st_source.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "tensor/dtype.h"

struct fixture {
    struct tmpdir dir;
    struct diag d;
    struct catalog *c;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    tmpdir_make(&f.dir);
    diag_init(&f.d);
    *state = &f;
    return 0;
}

static void reset(struct fixture *f)
{
    catalog_close(f->c);
    f->c = NULL;
    diag_fini(&f->d);
    diag_init(&f->d);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    reset(f);
    diag_fini(&f->d);
    tmpdir_remove(&f->dir);
    return 0;
}

/* A file with that header and so many bytes of tensors, which count up from 0. */
static void write_file(struct fixture *f, const char *name, struct str header, uint64_t length,
                       size_t data)
{
    struct mkbuf file = {0};
    char begin[8];
    put_le64_at(begin, length);
    mkbuf_add(&file, begin, sizeof(begin));
    mkbuf_add(&file, header.ptr, header.len);
    for (size_t i = 0; i < data; i++) {
        mkbuf_add(&file, &(char){(char)i}, 1);
    }
    mk_write_file(tmpdir_path(&f->dir, name), file.data, file.len);
    mkbuf_free(&file);
}

static void write_model(struct fixture *f, const char *name, const char *header, size_t data)
{
    write_file(f, name, str_from(header), strlen(header), data);
}

static errint open_files(struct fixture *f, const char *const *names, uint32_t count)
{
    const char *files[4];
    for (uint32_t i = 0; i < count; i++) {
        files[i] = tmpdir_path(&f->dir, names[i]);
    }
    reset(f);
    const struct location where = {
        .prefix = files[0], .driver = LOCATION_SAFETENSORS, .files = files, .file_count = count};
    errint rc = source_open(&where, &f->d, &f->c);
    assert_true((rc == 0) == (f->c != NULL));
    assert_true((rc < 0) == (f->d.errors > 0));
    return rc;
}

static errint open_file(struct fixture *f, const char *name)
{
    return open_files(f, &name, 1);
}

static errint open_index(struct fixture *f, const char *text)
{
    const char *path = tmpdir_path(&f->dir, "model.safetensors.index.json");
    mk_write_file(path, text, strlen(text));
    reset(f);
    const struct location where = {
        .prefix = path, .driver = LOCATION_SAFETENSORS, .index_path = path};
    errint rc = source_open(&where, &f->d, &f->c);
    assert_true((rc == 0) == (f->c != NULL));
    return rc;
}

static void assert_said(struct fixture *f, const char *what, const char *words)
{
    for (unsigned i = 0; i < f->d.kept; i++) {
        if (strstr(f->d.entries[i].message, words)) {
            return;
        }
    }
    fail_msg("%s: '%s' is not in '%s'", what, words, f->d.kept ? f->d.entries[0].message : "");
}

static const struct tensor *find(struct fixture *f, const char *name)
{
    const struct tensor *t = catalog_find(f->c, str_from(name));
    assert_non_null(t);
    return t;
}

/* ---- what is right --------------------------------------------------------------------------- */

#define W4 "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}"

static void st_open_gives_tensors_by_name_and_where_they_lie(void **state)
{
    struct fixture *f = *state;
    static const char header[] =
        "{ \"__metadata__\" : {\"format\":\"pt\", \"a\":\"\\u0000\"},\n"
        "\"w\": {\"shape\": [2, 3], \"data_offsets\": [2, 26], \"dtype\": \"F32\"},\t"
        "\"b\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]},\r"
        "\"e\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[26,26]},"
        "\"s\":{\"dtype\":\"I16\",\"shape\":[],\"data_offsets\":[26,28]}} \n  ";
    write_model(f, "m", header, 28);
    assert_int_equal(open_file(f, "m"), 0);
    assert_int_equal(f->c->count, 4);
    assert_string_equal(f->c->format, "safetensors");
    const struct tensor *w = find(f, "w");
    assert_int_equal(w->off, 8 + strlen(header) + 2);
    assert_int_equal(w->bytes, 24);
    assert_int_equal(w->dtype, DTYPE_FLOAT32);
    assert_int_equal(w->rank, 2);
    assert_int_equal(w->dims[1], 3);
    assert_true(w->no_crc);
    assert_int_equal(find(f, "e")->bytes, 0);
    assert_int_equal(find(f, "s")->rank, 0);
    catalog_use_all(f->c);
    assert_int_equal(catalog_open_shards(f->c, &f->d), 0);
    char bytes[2];
    assert_int_equal(shard_read(&f->c->shards[0], NULL, find(f, "s")->off, 2, bytes), 0);
    assert_memory_equal(bytes, "\x1a\x1b", 2);
    assert_true(source_unchecked(f->c));
    assert_string_equal(source_input(f->c, 0), tmpdir_path(&f->dir, "m"));
    assert_null(source_input(f->c, 1));
}

static void st_open_names_are_any_unicode(void **state)
{
    struct fixture *f = *state;
    write_model(f, "m",
                "{\"\\u00e9\\\"\\\\\\/"
                "\\b\\f\\n\\r\\t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                "\"\\ud83d\\ude00\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
                "\"\xf0\x9f\x98\x81\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}",
                3);
    assert_int_equal(open_file(f, "m"), 0);
    assert_non_null(catalog_find(f->c, STR("\xc3\xa9\"\\/\b\f\n\r\t")));
    assert_non_null(catalog_find(f->c, STR("\xf0\x9f\x98\x80")));
    assert_non_null(catalog_find(f->c, STR("\xf0\x9f\x98\x81")));
}

static void st_open_hides_what_cannot_be_shown(void **state)
{
    struct fixture *f = *state;
    write_model(f, "m",
                "{\"four\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[0,2]},"
                "\"scale\":{\"dtype\":\"F8_E8M0\",\"shape\":[2],\"data_offsets\":[2,4]},"
                "\"six\":{\"dtype\":\"F6_E2M3\",\"shape\":[2,2],\"data_offsets\":[4,7]},"
                "\"new\":{\"dtype\":\"I4_NEW\",\"shape\":[9],\"data_offsets\":[7,8]},"
                "\"\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[8,9]},"
                "\"u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[9,10]}}",
                10);
    assert_int_equal(open_file(f, "m"), 0);
    assert_int_equal(f->c->hidden_count, 5);
    assert_string_equal(tensor_hidden_reason(find(f, "new")), "its dtype I4_NEW is not known");
    assert_string_equal(tensor_hidden_reason(find(f, "")), "it has no name");
    assert_non_null(strstr(tensor_hidden_reason(find(f, "four")), "F4"));
    assert_null(tensor_hidden_reason(find(f, "u")));
}

static void st_open_takes_a_file_without_tensors(void **state)
{
    struct fixture *f = *state;
    write_model(f, "m", "{}  ", 0);
    assert_int_equal(open_file(f, "m"), 0);
    assert_int_equal(f->c->count, 0);
    assert_non_null(source_input(f->c, 0));
}

static void st_open_takes_tensors_in_any_order(void **state)
{
    struct fixture *f = *state;
    write_model(f, "m",
                "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]},"
                "\"c\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[3,3]}}",
                4);
    assert_int_equal(open_file(f, "m"), 0);
    assert_int_equal(f->c->count, 3);
    assert_int_equal(find(f, "b")->off - find(f, "c")->off, 3);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

#define ENTRY(dtype, shape, offsets)                                                               \
    "{\"w\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static const struct {
    const char *what;
    struct str header;
    size_t data;
    const char *words;
} hostile[] = {
#define H(what, header, data, words)                                                               \
    {                                                                                              \
        what, {"" header, sizeof(header) - 1}, data, words                                         \
    }
    H("array", "[]", 0, "does not begin with '{'"),
    H("blank first", " {}", 0, "does not begin with '{'"),
    H("BOM first", "\xef\xbb\xbf{}", 0, "does not begin with '{'"),
    H("cut", "{\"w\":" W4, 4, "expected ',' or the end of the object"),
    H("cut in a string", "{\"w", 0, "the string does not end"),
    H("cut in an escape", "{\"w\\", 0, "no such escape"),
    H("cut in \\u", "{\"w\\u00", 0, "four hex digits"),
    H("after the end", "{}x", 0, "something follows"),
    H("two objects", "{}{}", 0, "something follows"),
    H("NUL padding", "{}\0\0", 0, "something follows"),
    H("comma at the end", "{\"w\":" W4 ",}", 4, "nothing follows the comma"),
    H("no comma", "{\"w\":" W4 "\"v\":" W4 "}", 4, "expected ','"),
    H("no colon", "{\"w\" " W4 "}", 4, "expected ':'"),
    H("name without quotes", "{w:" W4 "}", 4, "expected a string"),
    H("single quotes", "{'w':" W4 "}", 4, "expected a string"),
    H("comment", "{/* */\"w\":" W4 "}", 4, "expected a string"),
    H("name twice", "{\"w\":" W4 ",\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}}",
      4, "'w' is there twice"),
    H("name twice, by an escape",
      "{\"w\":" W4 ",\"\\u0077\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}}", 4,
      "'w' is there twice"),
    H("not UTF-8", "{\"\xff\":" W4 "}", 4, "not UTF-8"),
    H("overlong UTF-8", "{\"\xc0\xaf\":" W4 "}", 4, "not UTF-8"),
    H("surrogate in UTF-8", "{\"\xed\xa0\x80\":" W4 "}", 4, "not UTF-8"),
    H("UTF-8 cut by the quote", "{\"\xe2\x82\":" W4 "}", 4, "not UTF-8"),
    H("high surrogate alone", "{\"\\ud83d\":" W4 "}", 4, "surrogate"),
    H("low surrogate alone", "{\"\\ude00\":" W4 "}", 4, "surrogate"),
    H("two high surrogates", "{\"\\ud83d\\ud83d\":" W4 "}", 4, "surrogate"),
    H("control character", "{\"a\nb\":" W4 "}", 4, "control character"),
    H("unknown escape", "{\"\\x41\":" W4 "}", 4, "no such escape"),
    H("entry is no object", "{\"w\":[\"F32\",[1],[0,4]]}", 4, "expected an object"),
    H("entry is null", "{\"w\":null}", 0, "expected an object"),
    H("no dtype", "{\"w\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no member 'dtype'"),
    H("no shape", "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "no member 'shape'"),
    H("no offsets", "{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "no member 'data_offsets'"),
    H("another member", "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}",
      4, "a member 'x'"),
    H("member twice",
      "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
      "two members 'dtype'"),
    H("dtype is a number", "{\"w\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
      "expected a string"),
    H("dtype is none", ENTRY("F 32", "[1]", "[0,4]"), 4, "its dtype 'F 32' is none"),
    H("dtype is empty", ENTRY("", "[1]", "[0,4]"), 4, "its dtype '' is none"),
    H("shape is a number", ENTRY("F32", "1", "[0,4]"), 4, "expected an array"),
    H("negative dimension", ENTRY("F32", "[-1]", "[0,4]"), 4, "whole number"),
    H("dimension with a point", ENTRY("F32", "[1.0]", "[0,4]"), 4, "without point"),
    H("dimension with an exponent", ENTRY("F32", "[1e0]", "[0,4]"), 4, "without point"),
    H("dimension with a 0 before it", ENTRY("F32", "[01]", "[0,4]"), 4, "begin with 0"),
    H("dimension above 2^63", ENTRY("F32", "[9223372036854775808]", "[0,4]"), 4, "above 2^63 - 1"),
    H("product overflows", ENTRY("F32", "[4294967296,4294967296,0]", "[0,0]"), 0, "below 2^63"),
    H("bytes overflow", ENTRY("F64", "[2305843009213693952]", "[0,0]"), 0, "below 2^63"),
    H("half a byte", ENTRY("F4", "[3]", "[0,2]"), 2, "no whole number of bytes"),
    H("one offset", ENTRY("F32", "[1]", "[4]"), 4, "are 1, expected two"),
    H("three offsets", ENTRY("F32", "[1]", "[0,4,4]"), 4, "more than two"),
    H("offsets are strings", ENTRY("F32", "[1]", "[\"0\",\"4\"]"), 4, "whole number"),
    H("begin behind end", ENTRY("F32", "[1]", "[4,0]"), 4, "behind its end"),
    H("end behind the file", ENTRY("F32", "[2]", "[0,8]"), 4, "the file has 4 bytes"),
    H("too long for its shape", ENTRY("F32", "[1]", "[0,8]"), 8, "F32 [1] takes 4"),
    H("too short for its shape", ENTRY("F32", "[2]", "[0,4]"), 4, "F32 [2] takes 8"),
    H("hole at the beginning", ENTRY("F32", "[1]", "[4,8]"), 8, "no tensor has bytes 0 to 4"),
    H("hole in the middle",
      "{\"w\":" W4 ",\"v\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[5,6]}}", 6,
      "no tensor has bytes 4 to 5, before 'v'"),
    H("bytes at the end", "{\"w\":" W4 "}", 5, "1 bytes at its end are no tensor's"),
    H("bytes without a tensor", "{}", 1, "1 bytes at its end"),
    H("overlap", "{\"w\":" W4 ",\"v\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]}}", 5,
      "'w' and 'v' overlap"),
    H("the same bytes twice", "{\"w\":" W4 ",\"v\":" W4 "}", 4, "overlap"),
    H("empty one within another",
      "{\"w\":" W4 ",\"v\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]}}", 4, "overlap"),
    H("metadata is a string", "{\"__metadata__\":\"x\"}", 0, "expected an object"),
    H("metadata is null", "{\"__metadata__\":null}", 0, "expected an object"),
    H("metadata has a number", "{\"__metadata__\":{\"a\":1}}", 0, "expected a string"),
    H("metadata has an object", "{\"__metadata__\":{\"a\":{}}}", 0, "expected a string"),
    H("metadata is not UTF-8", "{\"__metadata__\":{\"a\":\"\xff\"}}", 0, "not UTF-8"),
    H("metadata names one twice", "{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0,
      "two members 'a'"),
    H("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "is there twice"),
#undef H
};

static void st_open_refuses_a_header_that_lies(void **state)
{
    struct fixture *f = *state;
    assert_true(ARRAY_LEN(hostile) >= 60);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        write_file(f, "m", hostile[i].header, hostile[i].header.len, hostile[i].data);
        if (open_file(f, "m") == 0) {
            fail_msg("%s: was opened", hostile[i].what);
        }
        assert_said(f, hostile[i].what, hostile[i].words);
    }
}

static void st_open_refuses_lengths_of_the_header(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t length;
        const char *words;
    } lengths[] = {
        {0, "does not begin with '{'"},
        {1, "expected a string"},
        {3, "but the file ends after 2 of them"},
        {UINT64_MAX, "the limit is 100000000"},
        {UINT64_MAX - 7, "the limit is 100000000"},
        {100000001, "the limit is 100000000"},
        {100000000, "but the file ends after 2 of them"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        write_file(f, "m", STR("{}"), lengths[i].length, 0);
        assert_true(open_file(f, "m") < 0);
        assert_said(f, "length", lengths[i].words);
    }
    for (size_t len = 0; len < 8; len++) {
        mk_write_file(tmpdir_path(&f->dir, "m"), "\2\0\0\0\0\0\0", len);
        assert_true(open_file(f, "m") < 0);
        assert_said(f, "short", len ? "less than the 8 bytes" : "empty");
    }
}

static void st_open_says_what_else_a_file_is(void **state)
{
    struct fixture *f = *state;
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\n";
    mk_write_file(tmpdir_path(&f->dir, "m"), pointer, strlen(pointer));
    assert_true(open_file(f, "m") < 0);
    assert_said(f, "pointer", "a Git LFS pointer, expected a safetensors file: run 'git lfs pull'");
}

static void st_open_limits_names_and_axes(void **state)
{
    struct fixture *f = *state;
    static char header[200000];
    int at = snprintf(header, sizeof(header), "{\"");
    memset(header + at, 'a', 65537);
    strcpy(header + at + 65537, "\":" W4 "}");
    write_model(f, "m", header, 4);
    assert_int_equal(open_file(f, "m"), -EOVERFLOW);
    assert_said(f, "name", "more than 64 KiB");
    for (int i = 0; i < 512; i++) {
        header[at + 2 * i] = '/';
        header[at + 2 * i + 1] = 'a';
    }
    strcpy(header + at + 1024, "\":" W4 "}");
    write_model(f, "m", header, 4);
    assert_int_equal(open_file(f, "m"), -EOVERFLOW);
    assert_said(f, "components", "more than 512 components");
    at = snprintf(header, sizeof(header), "{\"w\":{\"dtype\":\"U8\",\"shape\":[1");
    for (int i = 0; i < 254; i++) {
        at += sprintf(header + at, ",1");
    }
    strcpy(header + at, "],\"data_offsets\":[0,1]}}");
    write_model(f, "m", header, 1);
    assert_int_equal(open_file(f, "m"), -EOVERFLOW);
    assert_said(f, "axes", "more than 254 dimensions");
}

static void st_open_tells_all_tensors_that_do_not_fit(void **state)
{
    struct fixture *f = *state;
    write_model(f, "m",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]},"
                "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,8]}}",
                8);
    assert_true(open_file(f, "m") < 0);
    assert_int_equal(f->d.errors, 2);
}

/* ---- several files --------------------------------------------------------------------------- */

static void write_two(struct fixture *f)
{
    write_model(f, "1", "{\"a\":" W4 "}", 4);
    write_model(f, "2",
                "{\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[4,5]},\"b\":" W4 "}", 5);
}

static void st_open_joins_files(void **state)
{
    struct fixture *f = *state;
    write_two(f);
    assert_int_equal(open_files(f, (const char *const[]){"1", "2"}, 2), 0);
    assert_int_equal(f->c->count, 3);
    assert_int_equal(f->c->file_count, 2);
    assert_int_equal(find(f, "a")->shard, 0);
    assert_int_equal(find(f, "c")->shard, 1);
}

static void st_open_refuses_one_name_in_two_files(void **state)
{
    struct fixture *f = *state;
    write_model(f, "1", "{\"a\":" W4 "}", 4);
    write_model(f, "2", "{\"a\":" W4 "}", 4);
    assert_true(open_files(f, (const char *const[]){"1", "2"}, 2) < 0);
    assert_said(f, "two files", "tensor 'a' is in ");
}

static void st_open_tells_what_is_wrong_in_each_file(void **state)
{
    struct fixture *f = *state;
    write_model(f, "1", "{\"a\":" W4 "}", 3);
    write_model(f, "2", "{", 4);
    assert_true(open_files(f, (const char *const[]){"1", "2", "3"}, 3) < 0);
    assert_int_equal(f->d.errors, 3);
}

static void st_open_follows_an_index(void **state)
{
    struct fixture *f = *state;
    write_two(f);
    assert_int_equal(
        open_index(f, "{\"metadata\":{\"total_size\":9,\"x\":[1.5e3,-0,{\"y\":null}]},"
                      "\"weight_map\":{\"b\":\"2\",\"a\":\"1\",\"c\":\"2\"},\"more\":true}\n"),
        0);
    assert_int_equal(f->c->count, 3);
    assert_int_equal(f->c->index_count, 1);
    assert_int_equal(f->d.warnings, 0);
    assert_int_equal(f->c->shards[find(f, "c")->shard].number, 1);
    assert_string_equal(source_input(f->c, 0),
                        tmpdir_path(&f->dir, "model.safetensors.index.json"));
    assert_string_equal(source_input(f->c, 2), tmpdir_path(&f->dir, "2"));
    assert_null(source_input(f->c, 3));
}

static void st_open_leaves_out_what_the_index_does_not_have(void **state)
{
    struct fixture *f = *state;
    write_two(f);
    write_model(f, "3",
                "{\"a\":" W4 ",\"z\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]}}", 4);
    assert_int_equal(open_index(f, "{\"weight_map\":{\"a\":\"3\",\"b\":\"2\",\"c\":\"2\"}}"), 0);
    assert_int_equal(f->c->count, 3);
    assert_int_equal(f->d.warnings, 1);
    assert_said(f, "left out", "1 tensors of its files are left out");
    assert_string_equal(f->c->shards[find(f, "a")->shard].path, tmpdir_path(&f->dir, "3"));
}

static const struct {
    const char *text;
    const char *words;
} bad_indexes[] = {
    {"", "empty"},
    {"[]", "expected an object"},
    {"{\"weight_map\":[]}", "expected an object"},
    {"{\"metadata\":{}}", "no weight_map"},
    {"{\"weight_map\":{}}", "no weight_map with a tensor"},
    {"{\"weight_map\":{\"a\":1}}", "expected a string"},
    {"{\"weight_map\":{\"a\":\"../1\"}}", "without '/' and '..'"},
    {"{\"weight_map\":{\"a\":\"x/1\"}}", "without '/' and '..'"},
    {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "without '/' and '..'"},
    {"{\"weight_map\":{\"a\":\"..\"}}", "without '/' and '..'"},
    {"{\"weight_map\":{\"a\":\".\"}}", "without '/' and '..'"},
    {"{\"weight_map\":{\"a\":\"\"}}", "without '/' and '..'"},
    {"{\"weight_map\":{\"a\":\"1\\u0000\"}}", "without '/' and '..'"},
    {"{\"weight_map\":{\"a\":\"1\",\"a\":\"1\"}}", "in the weight_map twice"},
    {"{\"weight_map\":{\"a\":\"1\"},\"weight_map\":{\"a\":\"1\"}}", "weight_map is there twice"},
    {"{\"weight_map\":{\"a\":\"2\"}}", "tensor 'a' is in "},
    {"{\"weight_map\":{\"a\":\"1\",\"zz\":\"1\"}}", "tensor 'zz' is in "},
    {"{\"weight_map\":{\"a\":\"absent\"}}", "cannot open"},
    {"{\"weight_map\":{\"a\":\"1\"}}}", "something follows"},
    {"{\"x\":[}", "expected a value"},
    {"{\"x\":[1,]}", "nothing follows the comma"},
    {"{\"x\":-}", "expected a digit"},
    {"{\"x\":1.}", "expected a digit"},
    {"{\"x\":1e}", "expected a digit"},
    {"{\"x\":00}", "begin with 0"},
    {"{\"x\":+1}", "expected a value"},
    {"{\"x\":nul}", "expected a value"},
    {"{\"x\":NaN}", "expected a value"},
    {"{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "64 deep"},
};

static void st_open_refuses_a_bad_index(void **state)
{
    struct fixture *f = *state;
    write_two(f);
    for (size_t i = 0; i < ARRAY_LEN(bad_indexes); i++) {
        if (open_index(f, bad_indexes[i].text) == 0) {
            fail_msg("%s: was opened", bad_indexes[i].text);
        }
        assert_said(f, bad_indexes[i].text, bad_indexes[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(st_open_gives_tensors_by_name_and_where_they_lie),
        T(st_open_names_are_any_unicode),
        T(st_open_hides_what_cannot_be_shown),
        T(st_open_takes_a_file_without_tensors),
        T(st_open_takes_tensors_in_any_order),
        T(st_open_refuses_a_header_that_lies),
        T(st_open_refuses_lengths_of_the_header),
        T(st_open_says_what_else_a_file_is),
        T(st_open_limits_names_and_axes),
        T(st_open_tells_all_tensors_that_do_not_fit),
        T(st_open_joins_files),
        T(st_open_refuses_one_name_in_two_files),
        T(st_open_tells_what_is_wrong_in_each_file),
        T(st_open_follows_an_index),
        T(st_open_leaves_out_what_the_index_does_not_have),
        T(st_open_refuses_a_bad_index),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
