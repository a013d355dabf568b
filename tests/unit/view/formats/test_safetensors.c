/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/opened.h"
#include "tensor/dtype.h"
#include "view/formats/safetensors.h"

enum { HEADER_MOST = 100000000 }; /* safetensors/src/tensor.rs: MAX_HEADER_SIZE */

static struct opened now;

static int close_now(void **state)
{
    (void)state;
    opened_close(&now);
    return 0;
}

/* ---- a reader, of names without escapes ------------------------------------------------------ */

struct file {
    struct layout layout;
    char *bytes;
    const char *header; /* NUL-terminated, malloc'ed */
    uint64_t data;      /* where the tensors begin */
};

static struct file open_file(uint32_t i)
{
    struct file f = {0};
    assert_int_equal(
        safetensors_file(now.view.formats.state[FORMAT_SAFETENSORS], i, NULL, &f.layout), 0);
    f.bytes = opened_bytes(&now, &f.layout);
    uint64_t len = 0;
    for (unsigned k = 8; k-- > 0;) {
        len = len << 8 | (unsigned char)f.bytes[k];
    }
    assert_true(len <= HEADER_MOST && len + 8 <= f.layout.size);
    f.data = len + 8;
    char *header = strndup(f.bytes + 8, len);
    assert_non_null(header);
    assert_int_equal(strlen(header), len);
    f.header = header;
    return f;
}

static void close_file(struct file *f)
{
    free((char *)(uintptr_t)f->header);
    free(f->bytes);
}

struct entry {
    char name[256];
    char dtype[16];
    char shape[2048];
    uint64_t begin;
    uint64_t end;
};

/* The entry at *at, which is moved to the next one; false at the end of the header, which is then
 * blanks. */
static bool next_entry(const char **at, struct entry *e)
{
    if (**at == '}') {
        assert_int_equal(strspn(*at + 1, " "), strlen(*at + 1));
        return false;
    }
    int used = 0;
    e->shape[0] = '\0';
    int got = sscanf(*at, ", \"%255[^\"]\": {\"dtype\": \"%15[A-Z0-9_]\", \"shape\": [%n", e->name,
                     e->dtype, &used);
    assert_int_equal(got, 2);
    *at += used;
    size_t shape = strcspn(*at, "]");
    assert_in_range(shape, 0, sizeof(e->shape) - 1);
    memcpy(e->shape, *at, shape);
    e->shape[shape] = '\0';
    *at += shape;
    used = 0;
    got = sscanf(*at, "], \"data_offsets\": [%" SCNu64 ", %" SCNu64 "]}%n", &e->begin, &e->end,
                 &used);
    assert_true(got == 2 && used > 0);
    *at += used;
    return true;
}

static const char *first_entry(const struct file *f)
{
    static const char begin[] = "{\"__metadata__\": {\"format\": \"pt\"}";
    assert_memory_equal(f->header, begin, sizeof(begin) - 1);
    return f->header + sizeof(begin) - 1;
}

/* All of one file: entries without gaps to its end, each aligned to its elements, with the tensor's
 * bytes. Returns how many there are. */
static uint32_t check_file(uint32_t i)
{
    struct file f = open_file(i);
    assert_int_equal(f.data % 64, 0);
    const char *at = first_entry(&f);
    uint64_t end = 0;
    uint32_t count = 0;
    for (struct entry e; next_entry(&at, &e); count++) {
        struct view_variable l = opened_find(&now, e.name);
        assert_int_equal(e.begin, end);
        assert_int_equal((f.data + e.begin) % dtype_bytes(target_dtype(l.whole)), 0);
        size_t bytes;
        char *expected = opened_target(&now, l.whole, &bytes);
        assert_int_equal(e.end - e.begin, bytes);
        assert_memory_equal(f.bytes + f.data + e.begin, expected, bytes);
        free(expected);
        end = e.end;
    }
    assert_int_equal(f.data + end, f.layout.size);
    close_file(&f);
    return count;
}

/* The names of file i, "a b c". */
static const char *names_of(uint32_t i)
{
    static char text[4096];
    text[0] = '\0';
    struct file f = open_file(i);
    const char *at = first_entry(&f);
    for (struct entry e; next_entry(&at, &e);) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s%s", len ? " " : "", e.name);
    }
    close_file(&f);
    return text;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static const int64_t three[] = {3};

static void safetensors_put_large_elements_first(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 2);
    opened_add(&c, "a", DTYPE_INT8, 1, three, 0);
    opened_add(&c, "b", DTYPE_FLOAT16, 1, three, 1);
    opened_add(&c, "c", DTYPE_INT64, 1, three, 0);
    opened_add(&c, "d", DTYPE_BOOL, 1, three, 1);
    opened_add(&c, "e", DTYPE_FLOAT32, 1, three, 0);
    opened_add(&c, "f", DTYPE_FLOAT64, 1, three, 0);
    opened_add(&c, "g", DTYPE_COMPLEX64, 1, three, 0);
    opened_add(&c, "h", DTYPE_BFLOAT16, 1, three, 0);
    opened_made(&now, &c, NULL);
    assert_int_equal(check_file(0), 8);
    assert_string_equal(names_of(0), "c f g e b h a d");
    assert_int_equal(safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]), 1);
    assert_string_equal(safetensors_name(now.view.formats.state[FORMAT_SAFETENSORS], 0),
                        "model.safetensors");
    assert_null(safetensors_index_name(now.view.formats.state[FORMAT_SAFETENSORS]));
}

static void safetensors_scalars_and_nothing(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 1);
    opened_add(&c, "none", DTYPE_FLOAT32, 3, (int64_t[]){3, 0, 2}, 0);
    opened_add(&c, "scalar", DTYPE_FLOAT32, 0, NULL, 0);
    opened_add(&c, "byte", DTYPE_UINT8, 0, NULL, 0);
    opened_made(&now, &c, NULL);
    assert_int_equal(check_file(0), 3);
    struct file f = open_file(0);
    assert_non_null(
        strstr(f.header,
               "\"none\": {\"dtype\": \"F32\", \"shape\": [3, 0, 2], \"data_offsets\": [0, 0]}"));
    assert_non_null(strstr(
        f.header, "\"scalar\": {\"dtype\": \"F32\", \"shape\": [], \"data_offsets\": [0, 4]}"));
    close_file(&f);
}

static void safetensors_of_goldens(void **state)
{
    (void)state;
    static const char *const names[] = {"demo",  "shapes",     "sharded",    "sliced",  "slots",
                                        "parts", "v1_sharded", "big_endian", "unsorted"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        opened_golden(&now, names[i], NULL);
        uint32_t expected = 0;
        struct variable_cursor at = variable_first(&now.view.variables);
        for (struct view_variable l; variable_next(&at, &l);) {
            expected += !safetensors_refusal(&l);
        }
        assert_int_equal(check_file(0), expected);
        if (i + 1 < ARRAY_LEN(names)) {
            opened_close(&now);
        }
    }
}

/* A tensor in a data file is read from there, and neighbours at one go. */
static void safetensors_neighbours_are_one_extent(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 2);
    opened_add(&c, "a", DTYPE_FLOAT32, 1, three, 0);
    opened_add(&c, "b", DTYPE_FLOAT32, 1, three, 0);
    opened_add(&c, "c", DTYPE_FLOAT32, 1, three, 1);
    opened_add(&c, "d", DTYPE_FLOAT32, 1, three, 0);
    opened_made(&now, &c, NULL);
    struct file f = open_file(0);
    assert_int_equal(f.layout.count, 4);
    assert_int_equal(f.layout.extents[0].kind, EXTENT_BYTES);
    assert_int_equal(f.layout.extents[1].kind, EXTENT_SHARD);
    assert_int_equal(f.layout.extents[2].off - f.layout.extents[1].off, 24);
    close_file(&f);
}

static void safetensors_leave_out(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 1);
    opened_add(&c, "__metadata__", DTYPE_FLOAT32, 1, three, 0);
    opened_add(&c, "bad\xff", DTYPE_FLOAT32, 1, three, 0);
    opened_add(&c, "complex", DTYPE_COMPLEX128, 1, three, 0);
    opened_add(&c, "good", DTYPE_FLOAT32, 1, three, 0);
    opened_add(&c, "quantized", DTYPE_QINT8, 1, three, 0);
    opened_made(&now, &c, NULL);
    assert_string_equal(names_of(0), "good");
    struct view_variable l = opened_find(&now, "__metadata__");
    assert_non_null(strstr(safetensors_refusal(&l), "__metadata__"));
    l = opened_find(&now, "bad\xff");
    assert_non_null(strstr(safetensors_refusal(&l), "UTF-8"));
    l = opened_find(&now, "complex");
    assert_non_null(strstr(safetensors_refusal(&l), "no such dtype"));
    l = opened_find(&now, "quantized");
    assert_non_null(strstr(safetensors_refusal(&l), "no such dtype"));
    l = opened_find(&now, "good");
    assert_null(safetensors_refusal(&l));
}

static void safetensors_of_nothing(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 1);
    opened_add(&c, "complex", DTYPE_COMPLEX128, 1, three, 0);
    opened_made(&now, &c, "[assignment_map]\n/ = /\n[view]\nshard_size = 1\n");
    assert_int_equal(safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]), 1);
    assert_int_equal(check_file(0), 0);
    struct file f = open_file(0);
    assert_int_equal(f.layout.size, f.data);
    close_file(&f);
}

/* ---- several files --------------------------------------------------------------------------- */

static void of_size(const char *size)
{
    struct mkckpt c;
    mkckpt_init(&c, 1);
    opened_add(&c, "a", DTYPE_UINT8, 1, (int64_t[]){6}, 0);
    opened_add(&c, "b", DTYPE_UINT8, 1, (int64_t[]){4}, 0);
    opened_add(&c, "c", DTYPE_COMPLEX128, 1, (int64_t[]){99},
               0); /* takes no room: it is left out */
    opened_add(&c, "d", DTYPE_UINT8, 1, (int64_t[]){11}, 0);
    opened_add(&c, "e", DTYPE_UINT8, 1, (int64_t[]){0}, 0);
    opened_add(&c, "f", DTYPE_UINT8, 1, (int64_t[]){5}, 0);
    char map[256];
    snprintf(map, sizeof(map), "[assignment_map]\n/ = /\n[view]\nname = x\nshard_size = %s\n",
             size);
    opened_made(&now, &c, map);
    for (uint32_t i = 0; i < safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]); i++) {
        check_file(i);
    }
    assert_int_equal(now.diag.warnings, 0);
}

static void safetensors_are_cut_by_size(void **state)
{
    (void)state;
    of_size("10");
    struct safetensors *s = now.view.formats.state[FORMAT_SAFETENSORS];
    assert_int_equal(safetensors_count(s), 3);
    assert_string_equal(safetensors_name(s, 0), "x-00001-of-00003.safetensors");
    assert_string_equal(safetensors_name(s, 2), "x-00003-of-00003.safetensors");
    assert_string_equal(safetensors_index_name(s), "x.safetensors.index.json");
    assert_string_equal(names_of(0), "a b");
    assert_string_equal(names_of(1), "d"); /* larger than the size, so by itself */
    assert_string_equal(names_of(2), "e f");
    struct extent own;
    struct layout l;
    assert_int_equal(safetensors_index(s, NULL, &own, &l), 0);
    char *text = opened_bytes(&now, &l);
    text[l.size] = '\0';
    assert_string_equal(text,
                        "{\n  \"metadata\": {\n    \"total_size\": 26\n  },\n  \"weight_map\": {\n"
                        "    \"a\": \"x-00001-of-00003.safetensors\",\n"
                        "    \"b\": \"x-00001-of-00003.safetensors\",\n"
                        "    \"d\": \"x-00002-of-00003.safetensors\",\n"
                        "    \"e\": \"x-00003-of-00003.safetensors\",\n"
                        "    \"f\": \"x-00003-of-00003.safetensors\"\n  }\n}\n");
    free(text);
}

static void safetensors_of_just_the_size(void **state)
{
    (void)state;
    of_size("26");
    assert_int_equal(safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]), 1);
    opened_close(&now);
    of_size("25");
    assert_int_equal(safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]), 2);
    opened_close(&now);
    of_size("1");
    assert_int_equal(safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]), 5);
    opened_close(&now);
    of_size("9");
    assert_string_equal(names_of(0), "a");
    assert_int_equal(safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]), 4);
}

/* Names of 60,000 bytes, each of which is two in JSON: some 830 are all that a header has room
 * for. */
enum { LONG = 60000, LONG_IN_JSON = 2 * LONG };

static void many_long_names(uint32_t count)
{
    struct mkckpt c;
    mkckpt_init(&c, 1);
    char *name = malloc(LONG + 1);
    assert_non_null(name);
    memset(name, '"', LONG);
    name[LONG] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        char number[8];
        snprintf(number, sizeof(number), "%04u", i);
        memcpy(name + LONG - 4, number, 4); /* at the end: the index is small then */
        opened_add(&c, name, DTYPE_UINT8, 1, three, 0);
    }
    free(name);
    opened_made(&now, &c, NULL);
}

static uint64_t header_len(uint32_t i)
{
    struct layout l;
    assert_int_equal(safetensors_file(now.view.formats.state[FORMAT_SAFETENSORS], i, NULL, &l), 0);
    assert_int_equal(l.extents[0].kind, EXTENT_BYTES);
    uint64_t len = l.extents[1].off - 8;
    uint64_t said = 0;
    for (unsigned k = 8; k-- > 0;) {
        said = said << 8 | (unsigned char)l.extents[0].bytes[k];
    }
    assert_int_equal(said, len);
    return len;
}

static void safetensors_are_cut_by_their_headers(void **state)
{
    (void)state;
    uint32_t fits = HEADER_MOST / (LONG_IN_JSON + 90); /* and what stands beside the names */
    many_long_names(fits);
    assert_int_equal(safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]), 1);
    assert_int_equal(now.diag.warnings, 0);
    assert_in_range(header_len(0), HEADER_MOST - LONG_IN_JSON, HEADER_MOST);
    opened_close(&now);

    many_long_names(fits + 1);
    assert_int_equal(safetensors_count(now.view.formats.state[FORMAT_SAFETENSORS]), 2);
    assert_in_range(header_len(0), HEADER_MOST - LONG_IN_JSON, HEADER_MOST);
    assert_in_range(header_len(1), LONG_IN_JSON, LONG_IN_JSON + 300);
    assert_int_equal(now.diag.warnings, 1);
    assert_non_null(strstr(now.diag.entries[0].message, "100000000 bytes"));
    assert_non_null(strstr(now.diag.entries[0].message, "2 files"));
}

#define TEST(name) cmocka_unit_test_teardown(name, close_now)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(safetensors_put_large_elements_first),
        TEST(safetensors_scalars_and_nothing),
        TEST(safetensors_of_goldens),
        TEST(safetensors_neighbours_are_one_extent),
        TEST(safetensors_leave_out),
        TEST(safetensors_of_nothing),
        TEST(safetensors_are_cut_by_size),
        TEST(safetensors_of_just_the_size),
        TEST(safetensors_are_cut_by_their_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
