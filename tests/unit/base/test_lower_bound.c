/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lower_bound.h"

static void lower_bound_is_the_first_that_is_not_before(void **state)
{
    (void)state;
    const uint32_t sorted[] = {1, 3, 3, 3, 7};
    const uint32_t count = 5;
    const struct {
        uint32_t wanted, at;
    } cases[] = {{0, 0}, {1, 0}, {2, 1}, {3, 1}, {4, 4}, {7, 4}, {8, 5}};
    for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
        uint32_t at = LOWER_BOUND(i, 0, count, sorted[i] < cases[k].wanted);
        assert_int_equal(at, cases[k].at);
    }
}

static void lower_bound_of_any_length_agrees_with_a_walk(void **state)
{
    (void)state;
    for (size_t first = 0; first < 3; first++) {
        for (size_t end = first; end < 40; end++) {
            for (size_t bound = first; bound <= end; bound++) {
                assert_int_equal(LOWER_BOUND(i, first, end, i < bound), bound);
            }
        }
    }
}

static void lower_bound_asks_of_numbers_in_the_range_only(void **state)
{
    (void)state;
    unsigned asked = 0;
    const uint64_t most = UINT64_MAX; /* the sum of two such numbers does not fit */
    assert_int_equal(LOWER_BOUND(i, most - 3, most, (asked++, i < most - 1)), most - 1);
    assert_true(asked <= 2);
    assert_int_equal(LOWER_BOUND(i, 5u, 4u, (asked++, i != 0)), 5);
    assert_true(asked <= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lower_bound_is_the_first_that_is_not_before),
        cmocka_unit_test(lower_bound_of_any_length_agrees_with_a_walk),
        cmocka_unit_test(lower_bound_asks_of_numbers_in_the_range_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
