/* SPDX-License-Identifier: Apache-2.0 */
/* String tensors of bundles, from the files to the bytes of targets; encoded by mk_strings, which
 * is no code of src/. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "render/render.h"
#include "render/string_cursor.h"
#include "source/tf/strings.h"
#include "support/fake.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "view/view.h"

enum { STRING = 7, MANY = 1000, ROWS = 40, COLUMNS = 25, LONG = 300000 };

struct fixture {
    struct tmpdir dir;
    struct mkckpt ckpt;
    struct diag d;
    struct view v;
    const void *elements[MANY];
    size_t lens[MANY];
    char *text; /* of all elements */
};

/* Element i has i * i % 211 bytes, element 500 LONG of them; none of what a text has is missing. */
static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    tmpdir_make(&f.dir);
    mkckpt_init(&f.ckpt, 1);
    diag_init(&f.d);
    f.text = malloc(LONG + 256);
    for (unsigned i = 0; i < LONG + 256; i++) {
        f.text[i] = (char)(i * 37 ^ i >> 8);
    }
    for (unsigned i = 0; i < MANY; i++) {
        f.elements[i] = f.text + i % 200;
        f.lens[i] = i == 500 ? LONG : i * i % 211;
    }
    *state = &f;
    return 0;
}

static void close_view(struct fixture *f)
{
    view_close(&f->v);
    diag_fini(&f->d);
    diag_init(&f->d);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close_view(f);
    diag_fini(&f->d);
    mkckpt_free(&f->ckpt);
    tmpdir_remove(&f->dir);
    free(f->text);
    return 0;
}

/* A run that is there already, as tensor `name`. */
static void add_run(struct fixture *f, const char *name, unsigned rank, const int64_t *dims,
                    const struct mkbuf *run, uint32_t crc)
{
    struct mkbuf value = {0};
    mk_entry(&value, &(struct mkentry){.dtype = STRING,
                                       .rank = rank,
                                       .dims = dims,
                                       .off = f->ckpt.shards[0].len,
                                       .bytes = run->len,
                                       .crc = crc});
    mkbuf_add(&f->ckpt.shards[0], run->data, run->len);
    mkckpt_record(&f->ckpt, name, strlen(name), value.data, value.len);
    mkbuf_free(&value);
}

static void add_strings(struct fixture *f, const char *name, unsigned rank, const int64_t *dims,
                        size_t first, size_t count, bool big_endian)
{
    struct mkbuf run = {0};
    uint32_t crc;
    mk_strings(&run, f->elements + first, f->lens + first, count, big_endian, &crc);
    add_run(f, name, rank, dims, &run, crc);
    mkbuf_free(&run);
}

static errint open_view(struct fixture *f, const char *assign)
{
    close_view(f);
    const char *prefix = tmpdir_path(&f->dir, "s.ckpt");
    mkckpt_write(&f->ckpt, prefix);
    const char *const assigns[] = {assign};
    struct view_request request = {.checkpoint = prefix,
                                   .extra = {.assign = assigns, .assign_count = 1},
                                   .depth = VIEW_DATA,
                                   .no_spot_check =
                                       true}; /* of small strings it would find all damage */
    return view_open(&request, &f->d, &f->v);
}

static const struct target *target(struct fixture *f, const char *name)
{
    const struct target *t = plan_find(f->v.plan, str_from(name));
    assert_non_null(t);
    assert_false(target_sized(t));
    return t;
}

/* What the file of elements rows[0] ... must be, of the box [start, start + len) of a matrix that
 * is `columns` wide. */
static void wanted(const struct fixture *f, struct mkbuf *b, const int64_t *start,
                   const int64_t *len, int64_t columns)
{
    for (int64_t r = start[0]; r < start[0] + len[0]; r++) {
        for (int64_t c = start[1]; c < start[1] + len[1]; c++) {
            size_t i = (size_t)(r * columns + c);
            mkbuf_add(b, f->elements[i], f->lens[i]);
            mkbuf_u8(b, '\n');
        }
    }
}

/* Any window of the target is that of `want`. */
static void compare(struct fixture *f, const char *name, const struct mkbuf *want)
{
    struct reader reader = view_reader(&f->v);
    const struct target *t = target(f, name);
    uint64_t size;
    assert_int_equal(render_size(&reader, t, &size), 0);
    assert_int_equal(size, want->len);
    char *got = malloc(want->len + 64);
    unsigned seed = 5;
    for (unsigned round = 0; round < 300; round++) {
        seed = seed * 1103515245u + 12345u;
        uint64_t off = round == 0 ? 0 : (seed >> 8) % (want->len + 3);
        seed = seed * 1103515245u + 12345u;
        size_t len = round == 0 ? want->len : (seed >> 8) % (round % 2 ? 500 : want->len + 7);
        memset(got, 0xee, want->len + 64);
        uint64_t expect = off >= want->len ? 0 : want->len - off < len ? want->len - off : len;
        assert_int_equal(render_read(&reader, t, off, len, got), expect);
        if (expect) {
            assert_memory_equal(got, want->data + off, expect);
        }
        assert_int_equal((unsigned char)got[expect], 0xee);
    }
    free(got);
    reader_fini(&reader);
}

/* ---- good ones ------------------------------------------------------------------------------- */

static void strings_files_are_elements_and_newlines(void **state)
{
    struct fixture *f = *state;
    add_strings(f, "many", 2, (const int64_t[]){ROWS, COLUMNS}, 0, MANY, false);
    add_strings(f, "one", 1, (const int64_t[]){1}, 499, 1, false);
    add_strings(f, "none", 2, (const int64_t[]){3, 0}, 0, 0, false);
    add_strings(f, "scalar", 0, NULL, 500, 1, false);
    add_strings(f, "empty", 0, NULL, 0, 1, false);
    assert_int_equal(open_view(f, "/=/"), 0);
    struct mkbuf want = {0};
    wanted(f, &want, (const int64_t[]){0, 0}, (const int64_t[]){ROWS, COLUMNS}, COLUMNS);
    compare(f, "many", &want);
    want.len = 0;
    wanted(f, &want, (const int64_t[]){0, 499}, (const int64_t[]){1, 1}, MANY);
    compare(f, "one", &want);
    compare(f, "scalar", &(struct mkbuf){.data = (uint8_t *)f->text + 100, .len = LONG});
    mkbuf_free(&want);
    compare(f, "none", &(struct mkbuf){.data = (uint8_t *)f->text});
    compare(f, "empty", &(struct mkbuf){.data = (uint8_t *)f->text});
    assert_int_equal(f->v.catalog->shard_count, 2); /* the file, and its strings */
}

static void strings_parts_along_either_axis(void **state)
{
    struct fixture *f = *state;
    add_strings(f, "many", 2, (const int64_t[]){ROWS, COLUMNS}, 0, MANY, false);
    assert_int_equal(open_view(f, "many=p|partition 3,1"), 0);
    struct mkbuf want = {0};
    wanted(f, &want, (const int64_t[]){0, 0}, (const int64_t[]){14, COLUMNS}, COLUMNS);
    compare(f, "p/part_0", &want);
    want.len = 0;
    wanted(f, &want, (const int64_t[]){14, 0}, (const int64_t[]){13, COLUMNS}, COLUMNS);
    compare(f, "p/part_1", &want);
    assert_int_equal(open_view(f, "many=p|partition 1,4"), 0);
    want.len = 0;
    wanted(f, &want, (const int64_t[]){0, 7}, (const int64_t[]){ROWS, 6}, COLUMNS);
    compare(f, "p/part_1", &want);
    mkbuf_free(&want);
}

/* `grid` stored as boxes of 20 x 5, the second row of boxes first. */
static void add_grid(struct fixture *f, int64_t skip)
{
    struct mkbuf owner = {0};
    struct mkbuf list = {0};
    mk_entry(&owner, &(struct mkentry){
                         .dtype = STRING, .rank = 2, .dims = (const int64_t[]){ROWS, COLUMNS}});
    for (int64_t box = 0; box < 10; box++) {
        int64_t start[] = {box < 5 ? 20 : 0, box % 5 * 5};
        int64_t len[] = {20, 5};
        const void *elements[100];
        size_t lens[100];
        for (int64_t i = 0; i < 100; i++) {
            int64_t at = (start[0] + i / 5) * COLUMNS + start[1] + i % 5;
            elements[i] = f->elements[at];
            lens[i] = f->lens[at];
        }
        struct mkbuf slice = {0};
        for (unsigned axis = 0; axis < 2; axis++) {
            struct mkbuf extent = {0};
            mkbuf_field(&extent, 1, (uint64_t)start[axis]);
            mkbuf_field(&extent, 2, (uint64_t)len[axis]);
            mkbuf_message(&slice, 1, extent.data, extent.len);
            mkbuf_free(&extent);
        }
        mkbuf_message(&owner, 7, slice.data, slice.len);
        mkbuf_free(&slice);
        if (box == skip) {
            continue;
        }
        struct mkbuf run = {0};
        struct mkbuf value = {0};
        struct mkbuf key = {0};
        uint32_t crc;
        mk_strings(&run, elements, lens, 100, false, &crc);
        mk_slice_key(&key, "grid", 2, start, len);
        mk_entry(&value, &(struct mkentry){.dtype = STRING,
                                           .rank = 2,
                                           .dims = len,
                                           .off = f->ckpt.shards[0].len,
                                           .bytes = run.len,
                                           .crc = crc});
        mkbuf_add(&f->ckpt.shards[0], run.data, run.len);
        mkckpt_record(&f->ckpt, key.data, key.len, value.data, value.len);
        mkbuf_free(&run);
        mkbuf_free(&value);
        mkbuf_free(&key);
    }
    mkckpt_record(&f->ckpt, "grid", 4, owner.data, owner.len);
    mkbuf_free(&owner);
    mkbuf_free(&list);
}

static void strings_stored_in_boxes_are_put_together(void **state)
{
    struct fixture *f = *state;
    add_strings(f, "before", 1, (const int64_t[]){3}, 7, 3, false);
    add_grid(f, -1);
    assert_int_equal(open_view(f, "grid=whole"), 0);
    struct mkbuf want = {0};
    wanted(f, &want, (const int64_t[]){0, 0}, (const int64_t[]){ROWS, COLUMNS}, COLUMNS);
    compare(f, "whole", &want);
    assert_int_equal(open_view(f, "grid=p|partition 1,3"), 0);
    want.len = 0;
    wanted(f, &want, (const int64_t[]){0, 9}, (const int64_t[]){ROWS, 8}, COLUMNS);
    compare(f, "p/part_1", &want);
    mkbuf_free(&want);
}

static void strings_missing_slice_is_named(void **state)
{
    struct fixture *f = *state;
    add_grid(f, 6);
    assert_true(open_view(f, "grid=whole") < 0);
    assert_true(
        fake_has(&f->d, DIAG_SLICES_MISSING, "assign:1", "slice [0:20, 5:10] has no record"));
}

static void strings_of_a_big_endian_machine(void **state)
{
    struct fixture *f = *state;
    f->ckpt.header.len = 0;
    mkbuf_add(&f->ckpt.header, "\x08\x01\x10\x01\x1a\x02\x08\x01", 8);
    add_strings(f, "many", 2, (const int64_t[]){ROWS, COLUMNS}, 0, MANY, true);
    add_strings(f, "wrong", 1, (const int64_t[]){70}, 0, 70, false);
    assert_int_equal(open_view(f, "/=/"), 0);
    struct mkbuf want = {0};
    wanted(f, &want, (const int64_t[]){0, 0}, (const int64_t[]){ROWS, COLUMNS}, COLUMNS);
    compare(f, "many", &want);
    mkbuf_free(&want);
    struct reader reader = view_reader(&f->v);
    uint64_t size;
    assert_int_equal(render_size(&reader, target(f, "wrong"), &size), -EBADMSG);
    reader_fini(&reader);
}

/* TensorFlow takes lengths of more bytes than they need, bytes after the last element, and an entry
 * of no bytes for no elements. */
static void strings_free_forms_are_taken(void **state)
{
    struct fixture *f = *state;
    struct mkbuf run = {0};
    uint32_t crc;
    mk_strings(&run, (const void *const[]){"hi", ""}, (const size_t[]){2, 0}, 2, false, &crc);
    assert_int_equal(crc, 0xed489e9e);
    struct mkbuf wide = {0};
    mkbuf_add(&wide, "\x82\x80\x00\x80\x00", 5);
    mkbuf_add(&wide, run.data + 2, run.len - 2);
    mkbuf_add(&wide, "trailing", 8);
    add_run(f, "wide", 1, (const int64_t[]){2}, &wide, crc);
    add_run(f, "zero", 1, (const int64_t[]){0}, &(struct mkbuf){0}, mk_mask(0));
    add_run(f, "zero2", 1, (const int64_t[]){0}, &(struct mkbuf){0}, mk_mask(1));
    assert_int_equal(open_view(f, "/=/"), 0);
    compare(f, "wide", &(struct mkbuf){.data = (uint8_t *)(uintptr_t) "hi\n\n", .len = 4});
    compare(f, "zero", &(struct mkbuf){.data = (uint8_t *)f->text});
    struct reader reader = view_reader(&f->v);
    uint64_t size;
    assert_int_equal(render_size(&reader, target(f, "zero2"), &size), -EBADMSG);
    reader_fini(&reader);
    mkbuf_free(&run);
    mkbuf_free(&wide);
}

static void string_cursor_gives_each_element_from_anywhere(void **state)
{
    struct fixture *f = *state;
    add_strings(f, "many", 2, (const int64_t[]){ROWS, COLUMNS}, 0, MANY, false);
    assert_int_equal(open_view(f, "many=p|partition 1,2"), 0);
    const struct target *t = target(f, "p/part_1"); /* columns 13 to 24 */
    struct reader reader = view_reader(&f->v);
    struct string_cursor *cursor = malloc(sizeof(*cursor));
    struct string_element e;
    char *got = malloc(LONG);
    for (uint64_t first = 0; first <= ROWS * 12; first += 37) {
        assert_int_equal(string_cursor_to(cursor, &reader, t, first), 0);
        assert_int_equal(cursor->elements, ROWS * 12);
        for (uint64_t i = first; i < ROWS * 12; i++) {
            size_t at = i / 12 * COLUMNS + 13 + i % 12;
            assert_int_equal(string_cursor_next(cursor, &e), 1);
            assert_int_equal(e.len, f->lens[at]);
            assert_int_equal(shard_read(e.shard, NULL, e.off, e.len, got), 0);
            assert_memory_equal(got, f->elements[at], e.len);
        }
        assert_int_equal(string_cursor_next(cursor, &e), 0);
    }
    assert_int_equal(string_cursor_to(cursor, &reader, t, ROWS * 12 + 1), -EINVAL);
    free(got);
    free(cursor);
}

struct racer {
    struct fixture *f;
    uint64_t size;
    errint rc;
};

static void *race(void *data)
{
    struct racer *r = data;
    struct reader reader = view_reader(&r->f->v);
    r->rc = render_size(&reader, target(r->f, "many"), &r->size);
    reader_fini(&reader);
    return NULL;
}

static void strings_sizes_are_found_once_for_all_threads(void **state)
{
    struct fixture *f = *state;
    add_strings(f, "many", 2, (const int64_t[]){ROWS, COLUMNS}, 0, MANY, false);
    uint64_t total = MANY;
    for (unsigned i = 0; i < MANY; i++) {
        total += f->lens[i];
    }
    for (unsigned round = 0; round < 20; round++) {
        assert_int_equal(open_view(f, "/=/"), 0);
        struct racer racers[8];
        pthread_t threads[8];
        for (unsigned i = 0; i < 8; i++) {
            racers[i] = (struct racer){.f = f};
            assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        for (unsigned i = 0; i < 8; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(racers[i].rc, 0);
            assert_int_equal(racers[i].size, total);
        }
    }
}

/* ---- bad ones -------------------------------------------------------------------------------- */

/* Opens, and the target can be neither sized nor read, now and later. */
static void assert_damaged(struct fixture *f, const char *name)
{
    struct reader reader = view_reader(&f->v);
    char byte;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t size;
        assert_int_equal(render_size(&reader, target(f, name), &size), -EBADMSG);
        assert_int_equal(render_read(&reader, target(f, name), 0, 1, &byte), -EBADMSG);
    }
    reader_fini(&reader);
}

static void strings_every_changed_byte_is_seen(void **state)
{
    struct fixture *f = *state;
    struct mkbuf run = {0};
    uint32_t crc;
    const size_t lens[] = {3, 0, 200, 1};
    mk_strings(&run, (const void *const[]){"abc", "", f->text, "z"}, lens, 4, false, &crc);
    for (size_t i = 0; i < run.len; i++) {
        for (unsigned bit = 0; bit < 8; bit += 3) {
            mkckpt_free(&f->ckpt);
            mkckpt_init(&f->ckpt, 1);
            run.data[i] ^= (uint8_t)(1 << bit);
            add_run(f, "s", 1, (const int64_t[]){4}, &run, crc);
            run.data[i] ^= (uint8_t)(1 << bit);
            assert_int_equal(open_view(f, "/=/"), 0);
            assert_damaged(f, "s");
        }
    }
    mkbuf_free(&run);
}

static void strings_lengths_that_do_not_fit_are_damage(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x05\x05", 2},                                          /* no checksum */
        {"\x05\x05\x00\x00\x00\x00xx", 8},                        /* more than there is */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12}, /* a number that does not end */
        {"\xff\xff", 2},                                          /* at the end of the run */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02....", 15}, /* the sum passes 2^64 */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x02....",
         15},                                                 /* a length of more than 64 bits */
        {"\xff\xff\xff\xff\x7f\xff\xff\xff\xff\x7f....", 14}, /* far too long, both */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        mkckpt_free(&f->ckpt);
        mkckpt_init(&f->ckpt, 1);
        struct mkbuf run = {.data = (uint8_t *)(uintptr_t)cases[i].bytes, .len = cases[i].len};
        add_run(f, "s", 1, (const int64_t[]){2}, &run, 0);
        mkbuf_add(&f->ckpt.shards[0], "something else that stands behind it", 36);
        assert_int_equal(open_view(f, "/=/"), 0);
        assert_damaged(f, "s");
    }
}

/* TensorFlow: "expected size is at least E". */
static void strings_more_elements_than_bytes_are_hidden(void **state)
{
    struct fixture *f = *state;
    static const int64_t counts[] = {5, INT64_C(1) << 40, INT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        mkckpt_free(&f->ckpt);
        mkckpt_init(&f->ckpt, 1);
        struct mkbuf run = {.data = (uint8_t *)f->text, .len = 4};
        add_run(f, "s", 1, &counts[i], &run, 0);
        assert_int_equal(open_view(f, "s=s"),
                         -EINVAL); /* a rule that names what is hidden is refused */
        assert_non_null(strstr(f->d.entries[0].message, "takes at least"));
    }
    /* Sizes that no file has, so many that their sum passes 2^63. */
    mkckpt_free(&f->ckpt);
    mkckpt_init(&f->ckpt, 1);
    for (unsigned i = 0; i < 3; i++) {
        struct mkbuf value = {0};
        mk_entry(&value,
                 &(struct mkentry){STRING, 1, (const int64_t[]){INT64_MAX}, 0, 0, INT64_MAX, 0});
        mkckpt_record(&f->ckpt, &"abc"[i], 1, value.data, value.len);
        mkbuf_free(&value);
    }
    assert_true(open_view(f, "/=/") < 0);
    assert_int_equal(f->d.entries[0].code, DIAG_LIMIT);
}

static void strings_short_and_cut_shards(void **state)
{
    struct fixture *f = *state;
    add_strings(f, "many", 2, (const int64_t[]){ROWS, COLUMNS}, 0, MANY, false);
    assert_int_equal(open_view(f, "/=/"), 0);
    struct reader reader = view_reader(&f->v);
    uint64_t size;
    char byte;
    const struct target *t = target(f, "many");
    assert_int_equal(render_size(&reader, t, &size), 0);
    assert_int_equal(render_read(&reader, t, size - 1, 1, &byte), 1);
    assert_int_equal(truncate(tmpdir_path(&f->dir, "s.ckpt.data-00000-of-00001"), 5000), 0);
    assert_int_equal(render_read(&reader, t, size - 1, 1, &byte), -EIO);
    reader_fini(&reader);
    assert_int_equal(open_view(f, "/=/"), 0);
    reader = view_reader(&f->v);
    t = target(f, "many");
    assert_int_equal(truncate(tmpdir_path(&f->dir, "s.ckpt.data-00000-of-00001"), 5000), 0);
    assert_int_equal(render_size(&reader, t, &size), -EIO);
    reader_fini(&reader);
    f->ckpt.shards[0].len -= 1; /* short from the start */
    assert_true(open_view(f, "/=/") < 0);
    assert_int_equal(f->d.entries[0].code, DIAG_CHECKPOINT_CORRUPT);
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(strings_files_are_elements_and_newlines),
        TEST(strings_parts_along_either_axis),
        TEST(strings_stored_in_boxes_are_put_together),
        TEST(strings_missing_slice_is_named),
        TEST(strings_of_a_big_endian_machine),
        TEST(strings_free_forms_are_taken),
        TEST(string_cursor_gives_each_element_from_anywhere),
        TEST(strings_sizes_are_found_once_for_all_threads),
        TEST(strings_every_changed_byte_is_seen),
        TEST(strings_lengths_that_do_not_fit_are_damage),
        TEST(strings_more_elements_than_bytes_are_hidden),
        TEST(strings_short_and_cut_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
