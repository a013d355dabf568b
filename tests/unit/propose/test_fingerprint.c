/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ELEMENTS = 1000 };

static const unsigned widths[] = {1, 2, 4, 8, 16};

static char *made(unsigned width)
{
    static char bytes[ELEMENTS * 16];
    uint64_t x = width;
    for (size_t i = 0; i < ELEMENTS * width; i++) {
        x = x * 6364136223846793005 + 1442695040888963407;
        bytes[i] = (char)(x >> 56);
    }
    return bytes;
}

static void parts_add_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
        unsigned width = widths[i];
        const char *bytes = made(width);
        uint64_t all = fingerprint_sum(bytes, width, ELEMENTS);
        uint64_t parts = 0;
        for (size_t at = 0, len = 1; at < ELEMENTS; at += len, len = len % 97 + 1) {
            len = len < ELEMENTS - at ? len : ELEMENTS - at;
            parts += fingerprint_sum(bytes + at * width, width, len);
        }
        assert_true(parts == all);
        assert_true(fingerprint_sum(bytes, width, 0) == 0);
    }
}

static void order_does_not_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
        unsigned width = widths[i];
        char turned[ELEMENTS * 16];
        const char *bytes = made(width);
        for (size_t k = 0; k < ELEMENTS; k++) {
            memcpy(turned + (ELEMENTS - 1 - k) * width, bytes + k * width, width);
        }
        assert_true(fingerprint_sum(turned, width, ELEMENTS) ==
                    fingerprint_sum(bytes, width, ELEMENTS));
        turned[0] ^= 1;
        assert_true(fingerprint_sum(turned, width, ELEMENTS) !=
                    fingerprint_sum(bytes, width, ELEMENTS));
    }
}

/* Numbers whose sums, or sums of squares, or bits taken together, are equal. */
static void other_elements_differ(void **state)
{
    (void)state;
    const uint32_t one_four[] = {1, 4, 0, 0};
    const uint32_t two_three[] = {2, 3, 0, 0};
    const uint32_t squares[] = {1, 8, 0, 0};
    const uint32_t other_squares[] = {4, 7, 0, 0};
    const uint64_t pair[] = {1, 2};
    const uint64_t turned[] = {2, 1};
    assert_true(fingerprint_sum(one_four, 4, 2) != fingerprint_sum(two_three, 4, 2));
    assert_true(fingerprint_sum(squares, 4, 2) != fingerprint_sum(other_squares, 4, 2));
    assert_true(fingerprint_sum(pair, 16, 1) != fingerprint_sum(turned, 16, 1));
    assert_true(fingerprint_sum(one_four, 4, 2) != fingerprint_sum(one_four, 4, 3));
    const float zeros[] = {0.0f, -0.0f};
    assert_true(fingerprint_sum(&zeros[0], 4, 1) != fingerprint_sum(&zeros[1], 4, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_add_up),
        cmocka_unit_test(order_does_not_count),
        cmocka_unit_test(other_elements_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
