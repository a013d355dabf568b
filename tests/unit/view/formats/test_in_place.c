/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/opened.h"
#include "tensor/dtype.h"
#include "view/formats/in_place.h"

static struct opened now;

static int close_now(void **state)
{
    (void)state;
    opened_close(&now);
    return 0;
}

/* Where t is; false if nowhere. What stands there are its bytes, and a checksum is theirs. */
static bool placed(const struct target *t, struct in_place *out)
{
    if (!in_place_of(now.view.catalog, t, out)) {
        return false;
    }
    struct shard *s = &now.view.catalog->shards[out->shard];
    assert_null(s->base);
    assert_true(out->bytes > 0);
    char *stored = malloc(out->bytes);
    assert_non_null(stored);
    assert_int_equal(shard_read(s, NULL, out->off, out->bytes, stored), 0);
    if (target_sized(t)) {
        size_t bytes;
        char *shown = opened_target(&now, t, &bytes);
        assert_int_equal(bytes, out->bytes);
        assert_memory_equal(shown, stored, bytes);
        free(shown);
        if (out->summed) { /* of strings it is over more than the bytes of the file */
            assert_int_equal(mk_mask(mk_crc32c(stored, out->bytes)), out->crc32c);
        }
    }
    free(stored);
    return true;
}

static const struct target *whole(const char *name)
{
    return opened_find(&now, name).whole;
}

enum { NOWHERE, PLACED, SUMMED };

static int placing(const struct target *t)
{
    struct in_place at = {0};
    return !placed(t, &at) ? NOWHERE : at.summed ? SUMMED : PLACED;
}

static void expect_parts(const char *name, uint32_t count, int expected)
{
    struct view_variable l = opened_find(&now, name);
    assert_int_equal(l.part_count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(placing(&l.parts[i]), expected);
    }
}

/* ---- of a tensor that is whole in its file --------------------------------------------------- */

static void place_every_tensor_of_identity_views(void **state)
{
    (void)state;
    static const char *const names[] = {"demo",    "dtypes", "parts",   "shapes",
                                        "sharded", "slots",  "unsorted"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        opened_golden(&now, names[i], NULL);
        uint32_t seen = 0;
        struct variable_cursor at = variable_first(&now.view.variables);
        for (struct view_variable l; variable_next(&at, &l); seen++) {
            bool strings = !target_sized(l.whole);
            assert_int_equal(placing(l.whole), strings || target_bytes(l.whole) ? SUMMED : NOWHERE);
        }
        assert_true(seen > 0);
        if (i + 1 < ARRAY_LEN(names)) {
            opened_close(&now);
        }
    }
}

static void place_rows_are_a_run_and_columns_are_none(void **state)
{
    (void)state;
    opened_golden(
        &now, "parts",
        "[assignment_map]\nsome_var = rows | partition 3,1\nsome_var = columns | partition 1,7\n"
        "half = half | partition 7,1\nvec = vec | partition 13\n");
    expect_parts("rows", 3, PLACED);
    expect_parts("columns", 7, NOWHERE);
    expect_parts("half", 7, PLACED);
    expect_parts("vec", 13, PLACED);
    assert_int_equal(placing(whole("rows")), SUMMED);
    assert_int_equal(placing(whole("columns")), SUMMED);
}

static void place_one_part_of_all_has_the_checksum(void **state)
{
    (void)state;
    opened_golden(&now, "parts", "[assignment_map]\nsome_var = one | partition 1,1\n");
    expect_parts("one", 1, SUMMED);
}

/* Cut across, a tensor with one row is a run all the same. */
static void place_columns_of_one_row(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 2);
    opened_add(&c, "row", DTYPE_INT16, 3, (int64_t[]){1, 1, 6}, 1);
    opened_made(&now, &c, "[assignment_map]\nrow = row | partition 1,1,3\n");
    expect_parts("row", 3, PLACED);
    struct in_place at;
    assert_true(placed(&opened_find(&now, "row").parts[2], &at));
    assert_int_equal(at.off, 8);
    assert_int_equal(at.bytes, 4);
}

static void place_nothing_that_is_computed(void **state)
{
    (void)state;
    opened_golden(
        &now, "parts",
        "[assignment_map]\nsome_var = cast | cast float64\nsome_var = same | cast float32\n"
        "half = half | partition 7,1 | cast float32\n");
    assert_int_equal(placing(whole("cast")), NOWHERE);
    assert_int_equal(placing(whole("same")), SUMMED); /* to what it is */
    expect_parts("half", 7, NOWHERE);
    assert_int_equal(placing(whole("half")), NOWHERE);
}

static void place_parts_of_neighbours_are_one_run(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 2);
    int64_t dims[] = {2, 3};
    opened_add(&c, "a", DTYPE_UINT8, 2, dims, 0);
    opened_add(&c, "b", DTYPE_UINT8, 2, dims, 0);
    opened_add(&c, "far", DTYPE_UINT8, 2, dims, 1);
    opened_made(
        &now, &c,
        "[assignment_map]\na = ab/part_0\nb = ab/part_1\nb = ba/part_0\na = ba/part_1\n"
        "a = two/part_0\nfar = two/part_1\n"
        "[variables]\nab = uint8 [4, 3] | partition 2,1\nba = uint8 [4, 3] | partition 2,1\n"
        "two = uint8 [4, 3] | partition 2,1\n");
    assert_int_equal(placing(whole("ab")), PLACED); /* no checksum is of both */
    assert_int_equal(placing(whole("ba")), NOWHERE);
    assert_int_equal(placing(whole("two")), NOWHERE);
    expect_parts("two", 2, SUMMED);
}

/* ---- of other encodings ---------------------------------------------------------------------- */

static void place_nothing_of_other_encodings(void **state)
{
    (void)state;
    static const char *const names[] = {"v1", "v1_strings", "v1_sharded", "big_endian",
                                        "big_endian_strings"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        opened_golden(&now, names[i], NULL);
        struct variable_cursor at = variable_first(&now.view.variables);
        for (struct view_variable l; variable_next(&at, &l);) {
            struct in_place out;
            bool one_byte = target_sized(l.whole) && dtype_bytes(target_dtype(l.whole)) == 1;
            if (!one_byte) { /* which has no order of bytes */
                assert_false(in_place_of(now.view.catalog, l.whole, &out));
            } else if (in_place_of(now.view.catalog, l.whole, &out)) {
                assert_int_equal(placing(l.whole), SUMMED);
            }
            assert_null(in_place_slices(now.view.catalog, l.whole));
        }
        if (i + 1 < ARRAY_LEN(names)) {
            opened_close(&now);
        }
    }
}

/* ---- slices ---------------------------------------------------------------------------------- */

static void place_stored_slices(void **state)
{
    (void)state;
    /* Rows [0,4) [4,7) [7,10) of emb are stored; columns [0,4) [4,7) of cols. */
    opened_golden(
        &now, "sliced",
        "[assignment_map]\nemb = same | partition 3,1\nemb = other | partition 5,1\nemb = whole\n"
        "cols = cols | partition 1,2\ncols = across | partition 3,1\ncols = c\n");
    expect_parts("same", 3, SUMMED);
    expect_parts("cols", 2, SUMMED);
    expect_parts("across", 3, NOWHERE);                      /* of two slices each */
    struct view_variable other = opened_find(&now, "other"); /* [0,2) [2,4) [4,6) [6,8) [8,10) */
    assert_int_equal(placing(&other.parts[0]), PLACED);
    assert_int_equal(placing(&other.parts[1]), PLACED);
    assert_int_equal(placing(&other.parts[2]), PLACED);
    assert_int_equal(placing(&other.parts[4]), PLACED);
    const struct catalog *c = now.view.catalog;
    assert_int_equal(in_place_slices(c, whole("whole"))->count, 3);
    assert_int_equal(in_place_slices(c, whole("same"))->count, 3);
    assert_int_equal(in_place_slices(c, whole("c"))->count, 2);
    assert_int_equal(in_place_slices(c, whole("cols"))->count, 2);
    assert_null(in_place_slices(c, &opened_find(&now, "same").parts[0])); /* not all of it */
}

static void place_no_slices_of_what_is_cast_or_whole(void **state)
{
    (void)state;
    opened_golden(&now, "sliced", "[assignment_map]\nemb = emb | cast float64\nnet/bias = bias\n");
    assert_null(in_place_slices(now.view.catalog, whole("emb")));
    assert_null(in_place_slices(now.view.catalog, whole("bias")));
}

/* ---- strings --------------------------------------------------------------------------------- */

static void place_strings(void **state)
{
    (void)state;
    opened_golden(
        &now, "strings",
        "[assignment_map]\n/ = /\nwords = w | partition 2,1\nwords = one | partition 1,1\n");
    assert_int_equal(placing(whole("words")), SUMMED);
    assert_int_equal(placing(whole("scalar")), SUMMED);
    assert_int_equal(placing(whole("w")), SUMMED);
    expect_parts("one", 1, SUMMED);
    expect_parts("w", 2, NOWHERE);
}

static void place_strings_in_slices(void **state)
{
    (void)state;
    opened_golden(&now, "strings_sliced",
                  "[assignment_map]\nnames = all\nnames = rows | partition 5,1\n"
                  "whole = whole\nlong = long | partition 2\n");
    assert_int_equal(placing(whole("all")), NOWHERE); /* there are lengths in between */
    assert_int_equal(placing(whole("whole")), SUMMED);
    struct view_variable rows = opened_find(&now, "rows"); /* [0,2) [2,3) [3,5) are stored */
    for (uint32_t i = 0; i < rows.part_count; i++) {
        assert_int_equal(placing(&rows.parts[i]), i == 2 ? SUMMED : NOWHERE);
    }
    struct view_variable l = opened_find(&now, "long"); /* [0,5) [5,9), stored as [0,4) [4,9) */
    assert_int_equal(placing(&l.parts[0]), NOWHERE);
    assert_int_equal(placing(&l.parts[1]), NOWHERE);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_now)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(place_every_tensor_of_identity_views),
        TEST(place_rows_are_a_run_and_columns_are_none),
        TEST(place_one_part_of_all_has_the_checksum),
        TEST(place_columns_of_one_row),
        TEST(place_nothing_that_is_computed),
        TEST(place_parts_of_neighbours_are_one_run),
        TEST(place_nothing_of_other_encodings),
        TEST(place_stored_slices),
        TEST(place_no_slices_of_what_is_cast_or_whole),
        TEST(place_strings),
        TEST(place_strings_in_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
