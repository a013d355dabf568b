/* SPDX-License-Identifier: Apache-2.0 */
/* Moments and histograms that are put together are those of all at once. NumPy is asked in
 * tests/parity. */
#include "compare/moments.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare/numbers.h"

enum { COUNT = 10 * NUMBERS_BLOCK + 77 };

/* Numbers of very different sizes, a few of them not finite. */
static double number_at(size_t i)
{
    uint32_t x = (uint32_t)i * 2654435761u;
    if (x % 997 == 5) {
        return (double)NAN;
    }
    if (x % 1009 == 7) {
        return x % 2 ? (double)INFINITY : -(double)INFINITY;
    }
    return ldexp((double)(x % 20011) - 9000, (int)(i / NUMBERS_BLOCK % 7) - 3);
}

static void add_range(struct moments *m, size_t from, size_t to)
{
    double x[NUMBERS_BLOCK + MOMENTS_PADDING];
    for (size_t at = from; at < to; at += NUMBERS_BLOCK) {
        size_t count = to - at < NUMBERS_BLOCK ? to - at : NUMBERS_BLOCK;
        for (size_t i = 0; i < count; i++) {
            x[i] = number_at(at + i);
        }
        moments_add(m, x, count);
    }
}

static void assert_counts(const struct moments *m)
{
    struct histogram want = m->histogram;
    uint64_t nans = 0;
    uint64_t infinities = 0;
    uint64_t first_bad = UINT64_MAX;
    memset(want.counts, 0, sizeof(want.counts));
    for (size_t i = 0; i < COUNT; i++) {
        double x = number_at(i);
        nans += isnan(x) != 0;
        infinities += isinf(x) != 0;
        first_bad = !isfinite(x) && first_bad == UINT64_MAX ? i : first_bad;
        for (unsigned bin = 0; isfinite(x) && bin < HISTOGRAM_BINS; bin++) {
            want.counts[bin] +=
                x >= histogram_edge(&want, bin) && x < histogram_edge(&want, bin + 1);
        }
    }
    assert_int_equal(m->count, COUNT);
    assert_int_equal(m->nans, nans);
    assert_int_equal(m->infinities, infinities);
    assert_int_equal(m->finite, COUNT - nans - infinities);
    assert_int_equal(m->first_bad, first_bad);
    assert_memory_equal(m->histogram.counts, want.counts, sizeof(want.counts));
}

static void merged_is_as_at_once(void **state)
{
    (void)state;
    struct moments whole = {0};
    add_range(&whole, 0, COUNT);
    assert_counts(&whole);
    for (size_t cut = 0; cut <= COUNT; cut += NUMBERS_BLOCK) {
        struct moments left = {0};
        struct moments right = {0};
        add_range(&left, 0, cut);
        add_range(&right, cut, COUNT);
        moments_merge(&left, &right);
        assert_counts(&left);
        assert_true(left.least == whole.least && left.most == whole.most);
        assert_int_equal(left.histogram.exponent, whole.histogram.exponent);
        assert_int_equal(left.histogram.first, whole.histogram.first);
        assert_true(fabs(left.mean - whole.mean) <= 1e-13 * moments_deviation(&whole));
        assert_true(fabs(left.squares - whole.squares) <= 1e-13 * whole.squares);
    }
}

static void no_numbers_have_no_moments(void **state)
{
    (void)state;
    struct moments m = {0};
    double x[3 + MOMENTS_PADDING] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    moments_add(&m, x, 3);
    assert_true(m.count == 3 && m.nans == 1 && m.infinities == 2 && m.finite == 0);
    assert_true(isnan(moments_norm(&m)) && isnan(moments_deviation(&m)));
    assert_false(m.histogram.any);
}

/* The bins of the rule, for ranges at the ends of what a double is. */
static void bins_hold_all_between(void **state)
{
    (void)state;
    static const double ranges[][2] = {{0, 0},
                                       {1, 1},
                                       {-1, -1},
                                       {0, 5e-324},
                                       {-5e-324, 5e-324},
                                       {-1.7e308, 1.7e308},
                                       {1.7e308, 1.7e308},
                                       {-1e-320, 3},
                                       {7.999, 8},
                                       {-8, 7.999},
                                       {1e15, 1e15 + 1},
                                       {-0x1p-1074, 0x1p1023}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct histogram h = {0};
        double least = ranges[i][0];
        double most = ranges[i][1];
        histogram_cover(&h, least, most);
        assert_true(least >= histogram_edge(&h, 0) && least < histogram_edge(&h, 1));
        assert_true(histogram_covers(&h, least, most));
        h.counts[0] = 3;
        histogram_cover(&h, least, most);
        assert_int_equal(h.counts[0], 3);
        histogram_cover(&h, -1.7e308, 1.7e308);
        uint64_t all = 0;
        for (unsigned bin = 0; bin < HISTOGRAM_BINS; bin++) {
            all += h.counts[bin];
        }
        assert_int_equal(all, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merged_is_as_at_once),
        cmocka_unit_test(no_numbers_have_no_moments),
        cmocka_unit_test(bins_hold_all_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
