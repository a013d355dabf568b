/* SPDX-License-Identifier: Apache-2.0 */
/* Arrangements made at random, and read off where a few elements are. */
#include "propose/digits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANK_MOST = 5, CASES = 2000 };

/* An array of which each element is its place in the source. */
struct array {
    unsigned rank;
    int64_t dims[RANK_MOST];
    int64_t places[5 * 5 * 5 * 5 * 5];
    uint64_t count;
};

static unsigned any(unsigned below)
{
    return (unsigned)rand() % below;
}

static int64_t place_of(const void *context, uint64_t index)
{
    return ((const struct array *)context)->places[index];
}

/* A source of random shape, its axes in another order, some the other way round. */
static void make(struct array *a, int64_t *from_dims)
{
    unsigned axes[RANK_MOST];
    int64_t strides[RANK_MOST];
    int64_t stride = 1;
    a->rank = 1 + any(RANK_MOST);
    for (unsigned k = 0; k < a->rank; k++) {
        unsigned other = any(k + 1);
        axes[k] = axes[other];
        axes[other] = k;
        from_dims[k] = 1 + any(5);
    }
    for (unsigned k = a->rank; k-- > 0;) {
        strides[k] = stride;
        stride *= from_dims[k];
    }
    a->count = (uint64_t)stride;
    int64_t first = 0;
    for (unsigned k = 0; k < a->rank; k++) {
        a->dims[k] = from_dims[axes[k]];
        if (any(3) == 0) {
            first += (a->dims[k] - 1) * strides[axes[k]];
            strides[axes[k]] = -strides[axes[k]];
        }
    }
    for (uint64_t i = 0; i < a->count; i++) {
        uint64_t rest = i;
        a->places[i] = first;
        for (unsigned k = a->rank; k-- > 0;) {
            a->places[i] += (int64_t)(rest % (uint64_t)a->dims[k]) * strides[axes[k]];
            rest /= (uint64_t)a->dims[k];
        }
    }
}

static void every_arrangement_is_read(void **state)
{
    (void)state;
    static struct array a;
    srand(1);
    for (unsigned i = 0; i < CASES; i++) {
        int64_t dims[RANK_MOST];
        struct digits d = {.count = 0};
        CLEANUP_BUF struct buf text = {0};
        make(&a, dims);
        assert_true(digits_find(a.count, place_of, &a, &d));
        for (uint64_t k = 0; k < a.count; k++) {
            assert_int_equal(digits_index(&d, k), a.places[k] - a.places[0]);
        }
        assert_true(digits_print(&d, (struct shape){dims, (uint8_t)a.rank},
                                 (struct shape){a.dims, (uint8_t)a.rank}, &text));
    }
}

static struct array in_rows(const int64_t *places, uint64_t count)
{
    struct array a = {.count = count};
    memcpy(a.places, places, count * sizeof(*places));
    return a;
}

static void as_operations(void **state)
{
    (void)state;
    static const int64_t transposed[] = {0, 3, 1, 4, 2, 5};
    static const int64_t two_three[] = {2, 3};
    static const int64_t three_two[] = {3, 2};
    static const int64_t six[] = {6};
    struct array a = in_rows(transposed, 6);
    struct digits d = {.count = 0};
    CLEANUP_BUF struct buf text = {0};
    assert_true(digits_find(6, place_of, &a, &d));
    assert_true(
        digits_print(&d, (struct shape){two_three, 2}, (struct shape){three_two, 2}, &text));
    assert_string_equal(text.data, "transpose");
    text.len = 0;
    assert_true(digits_print(&d, (struct shape){six, 1}, (struct shape){six, 1}, &text));
    assert_string_equal(text.data, "reshape -1,3 | transpose | reshape -1");
}

/* Places that are not those of digits, or are not known. */
static void what_is_none(void **state)
{
    (void)state;
    static const int64_t twice[] = {0, 0, 1, 1};
    static const int64_t gaps[] = {0, 2, 4, 6};
    static const int64_t unknown[] = {0, DIGITS_UNKNOWN, 2, 3};
    static const int64_t four[] = {4};
    const struct shape shape = {four, 1};
    struct digits d = {.count = 0};
    CLEANUP_BUF struct buf text = {0};
    struct array a = in_rows(twice, 4);
    assert_false(digits_find(4, place_of, &a, &d));
    a = in_rows(unknown, 4);
    d.count = 0;
    assert_false(digits_find(4, place_of, &a, &d));
    a = in_rows(gaps, 4);
    d.count = 0;
    assert_true(digits_find(4, place_of, &a, &d));
    assert_false(digits_print(&d, shape, shape, &text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_arrangement_is_read),
        cmocka_unit_test(as_operations),
        cmocka_unit_test(what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
