/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source/slices.h"
#include "source/tf/slice_key.h"
#include "support/mkckpt.h"

/* Boxes of rank 2: start and length on both axes. */
struct box {
    int64_t start[2];
    int64_t len[2];
};

static enum slices_fault check(const struct box *boxes, uint32_t count, int64_t rows,
                               int64_t columns, const char *words)
{
    struct arena a;
    arena_init(&a);
    struct stored_slice *list = calloc(count ? count : 1, sizeof(*list));
    for (uint32_t i = 0; i < count; i++) {
        list[i] = (struct stored_slice){.start = boxes[i].start, .len = boxes[i].len};
    }
    struct slices s = {.slices = list, .count = count};
    int64_t dims[] = {rows, columns};
    assert_int_equal(slices_check(&s, (struct shape){dims, 2}, &a), 0);
    if (words) {
        if (!s.what || !strstr(s.what, words)) {
            fail_msg("%s, not %s", s.what, words);
        }
    }
    enum slices_fault fault = s.fault;
    free(list);
    arena_fini(&a);
    return fault;
}

#define CHECK(rows, columns, words, ...)                                                           \
    check((const struct box[])__VA_ARGS__,                                                         \
          sizeof((const struct box[])__VA_ARGS__) / sizeof(struct box), rows, columns, words)

static void slices_check_tilings_in_any_order_are_whole(void **state)
{
    (void)state;
    assert_int_equal(CHECK(4, 6, NULL, {{{0, 0}, {4, 6}}}), SLICES_WHOLE);
    assert_int_equal(CHECK(4, 6, NULL, {{{2, 0}, {2, 6}}, {{0, 0}, {2, 6}}}), SLICES_WHOLE);
    assert_int_equal(CHECK(4, 6, NULL, {{{0, 3}, {4, 3}}, {{0, 0}, {4, 3}}}), SLICES_WHOLE);
    assert_int_equal(
        CHECK(4, 6, NULL, {{{0, 0}, {4, 2}}, {{0, 2}, {1, 4}}, {{1, 2}, {3, 4}}, {{2, 2}, {0, 4}}}),
        SLICES_WHOLE);
}

static void slices_check_gaps_and_overlaps_are_told(void **state)
{
    (void)state;
    assert_int_equal(CHECK(4, 6, "18 of its 24", {{{0, 0}, {3, 6}}}), SLICES_MISSING);
    assert_int_equal(
        CHECK(4, 6, "[0:3, 0:6] and [2:3, 0:6] overlap", {{{0, 0}, {3, 6}}, {{2, 0}, {1, 6}}}),
        SLICES_OVERLAP);
    assert_int_equal(CHECK(4, 6, "overlap", {{{0, 0}, {2, 6}}, {{1, 0}, {2, 6}}}), SLICES_OVERLAP);
    assert_int_equal(
        CHECK(4, 6, "[0:4, 0:6] and [1:2, 0:6] overlap", {{{0, 0}, {4, 6}}, {{1, 0}, {1, 6}}}),
        SLICES_OVERLAP);
}

static void slices_check_names_the_first_gap(void **state)
{
    (void)state;
    CHECK(4, 6, "; no slice has [3:4, 0:6]", {{{0, 0}, {3, 6}}});
    CHECK(4, 6, "; no slice has [0:1, 0:6]", {{{1, 0}, {3, 6}}});
    CHECK(4, 6, "; no slice has [0:4, 0:6]", {{{1, 0}, {0, 6}}});
    CHECK(4, 6, "; no slice has [2:4, 0:3]", {{{0, 0}, {2, 6}}, {{2, 3}, {2, 3}}});
    CHECK(4, 6, "; no slice has [0:4, 4:6]", {{{0, 0}, {4, 4}}});
    /* A hole in the middle; what is free behind it along the last axis goes first. */
    CHECK(4, 6, "; no slice has [1:3, 2:3]",
          {{{0, 0}, {1, 6}}, {{3, 0}, {1, 6}}, {{1, 0}, {2, 2}}, {{1, 3}, {2, 3}}});
    CHECK(4, 6, "; no slice has [1:2, 2:6]",
          {{{0, 0}, {1, 6}}, {{1, 0}, {3, 2}}, {{2, 5}, {2, 1}}});
    /* Two: the first. */
    CHECK(4, 6, "; no slice has [0:1, 5:6]",
          {{{0, 0}, {1, 5}}, {{1, 0}, {1, 6}}, {{3, 0}, {1, 6}}});
    CHECK(INT64_MAX, 1, "; no slice has [5:9223372036854775806, 0:1]",
          {{{0, 0}, {5, 1}}, {{INT64_MAX - 1, 0}, {1, 1}}});
}

/* Against looking at each element. */
static void slices_check_gaps_of_any_tilings(void **state)
{
    (void)state;
    enum { N = 6, PIECES = 12 };
    uint32_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        struct box boxes[PIECES];
        uint8_t owner[N][N] = {0};
        uint32_t count = 0;
        for (int tries = 0; tries < PIECES; tries++) {
            struct box b;
            for (int axis = 0; axis < 2; axis++) {
                seed = seed * 1664525 + 1013904223;
                b.start[axis] = (seed >> 16) % N;
                seed = seed * 1664525 + 1013904223;
                b.len[axis] = 1 + (seed >> 16) % (N - b.start[axis]);
            }
            bool free_there = true;
            for (int64_t i = b.start[0]; i < b.start[0] + b.len[0]; i++) {
                for (int64_t k = b.start[1]; k < b.start[1] + b.len[1]; k++) {
                    free_there = free_there && !owner[i][k];
                }
            }
            for (int64_t i = b.start[0]; free_there && i < b.start[0] + b.len[0]; i++) {
                memset(&owner[i][b.start[1]], 1, (size_t)b.len[1]);
            }
            if (free_there) {
                boxes[count++] = b;
            }
        }
        int first = 0;
        while (first < N * N && owner[first / N][first % N]) {
            first++;
        }
        if (first == N * N) {
            assert_int_equal(check(boxes, count, N, N, NULL), SLICES_WHOLE);
            continue;
        }
        int row = first / N;
        int column = first % N;
        int columns = column;
        while (columns < N && !owner[row][columns]) {
            columns++;
        }
        int rows = row;
        for (bool free_there = true; free_there && rows < N; rows += free_there) {
            free_there = !memchr(&owner[rows][column], 1, (size_t)(columns - column));
        }
        char words[64];
        snprintf(words, sizeof(words), "; no slice has [%d:%d, %d:%d]", row, rows, column, columns);
        assert_int_equal(check(boxes, count, N, N, words), SLICES_MISSING);
    }
}

static void slices_check_many_along_either_axis_is_quick(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    struct box *boxes = calloc(MANY, sizeof(*boxes));
    for (int along = 0; along < 2; along++) {
        for (int64_t i = 0; i < MANY; i++) {
            boxes[i] = (struct box){{0, 0}, {1, 1}};
            boxes[i].start[along] = (i * 7919) % MANY;
        }
        assert_int_equal(check(boxes, MANY, along ? 1 : MANY, along ? MANY : 1, NULL),
                         SLICES_WHOLE);
        assert_int_equal(
            check(boxes, MANY - 1, along ? 1 : MANY, along ? MANY : 1, "; no slice has "),
            SLICES_MISSING);
    }
    free(boxes);
}

static void slice_key_encode_equals_the_reference(void **state)
{
    (void)state;
    struct buf b = {0};
    slice_key_encode(&b, STR("v"), (const int64_t[]){20, 0}, (const int64_t[]){20, 100}, 2);
    assert_int_equal(b.len, 11);
    assert_memory_equal(b.data, "\x00v\x00\x01\x01\x02\x94\x94\x80\xc0\x64", 11);
    buf_fini(&b);
}

static void slice_key_encode_numbers_of_every_length(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *bytes;
        size_t len;
    } cases[] = {{0, "\x80", 1},
                 {63, "\xbf", 1},
                 {64, "\xc0\x40", 2},
                 {8191, "\xdf\xff", 2},
                 {8192, "\xe0\x20\x00", 3},
                 {-1, "\x7f", 1},
                 {-64, "\x40", 1},
                 {-65, "\x3f\xbf", 2},
                 {1ll << 55, "\xff\x80\x80\x00\x00\x00\x00\x00\x00", 9},
                 {INT64_MAX, "\xff\xc0\x7f\xff\xff\xff\xff\xff\xff\xff", 10}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = {0};
        slice_key_encode(&b, STR(""), &cases[i].number, &(int64_t){0}, 1);
        assert_int_equal(b.len, 5 + cases[i].len + 1);
        assert_memory_equal(b.data + 5, cases[i].bytes, cases[i].len);
        assert_true(slice_key_valid(buf_view(&b)));
        buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_check_tilings_in_any_order_are_whole),
        cmocka_unit_test(slices_check_gaps_and_overlaps_are_told),
        cmocka_unit_test(slices_check_names_the_first_gap),
        cmocka_unit_test(slices_check_gaps_of_any_tilings),
        cmocka_unit_test(slices_check_many_along_either_axis_is_quick),
        cmocka_unit_test(slice_key_encode_equals_the_reference),
        cmocka_unit_test(slice_key_encode_numbers_of_every_length),
    };
    return cmocka_run_group_tests_name("slices", tests, NULL, NULL);
}
