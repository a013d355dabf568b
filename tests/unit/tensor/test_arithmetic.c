/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic of integers is exact, and what does not fit is an error (src/tensor/arithmetic.h).
 * That of floats is held against NumPy by tests/parity/operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/arithmetic.h"

static const struct {
    enum dtype dtype;
    int64_t least;
    uint64_t most;
} integers[] = {
    {DTYPE_INT8, INT8_MIN, INT8_MAX},
    {DTYPE_INT16, INT16_MIN, INT16_MAX},
    {DTYPE_INT32, INT32_MIN, INT32_MAX},
    {DTYPE_INT64, INT64_MIN, INT64_MAX},
    {DTYPE_UINT8, 0, UINT8_MAX},
    {DTYPE_UINT16, 0, UINT16_MAX},
    {DTYPE_UINT32, 0, UINT32_MAX},
    {DTYPE_UINT64, 0, UINT64_MAX},
    {DTYPE_INT4, -8, 7},
    {DTYPE_UINT4, 0, 15},
};

enum { COUNT = 100 };

/* What comes of COUNT elements that all are `element`, by one number; they are equal afterwards,
 * too: *made. */
static errint compute(enum arithmetic kind, enum dtype dtype, uint64_t element, int64_t number,
                      uint64_t *made)
{
    static struct arithmetic_sums sums;
    const struct number n = {.is_integer = true, .integer = number, .real = (double)number};
    unsigned bytes = dtype_bytes(dtype);
    char in[COUNT * 8];
    char out[COUNT * 8];
    for (unsigned i = 0; i < COUNT; i++) {
        memcpy(in + i * bytes, &element, bytes);
    }
    arithmetic_begin(&sums, kind, dtype, COUNT);
    arithmetic_input(&sums, in);
    errint rc = arithmetic_end(&sums, &n, out);
    for (unsigned i = 1; rc == 0 && i < COUNT; i++) {
        assert_memory_equal(out, out + i * bytes, bytes);
    }
    *made = 0;
    memcpy(made, out, bytes);
    return rc;
}

static void test_the_ends_of_integers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(integers) / sizeof(*integers); i++) {
        enum dtype dtype = integers[i].dtype;
        uint64_t mask =
            dtype_bytes(dtype) == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * dtype_bytes(dtype)) - 1;
        uint64_t most = integers[i].most;
        uint64_t least = (uint64_t)integers[i].least & mask;
        uint64_t got;
        assert_int_equal(compute(ARITHMETIC_ADD, dtype, most - 1, 1, &got), 0);
        assert_true(got == most);
        assert_int_equal(compute(ARITHMETIC_ADD, dtype, most, 1, &got), -ERANGE);
        assert_int_equal(compute(ARITHMETIC_ADD, dtype, least, -1, &got), -ERANGE);
        assert_int_equal(compute(ARITHMETIC_SCALE, dtype, most, 2, &got), -ERANGE);
        assert_int_equal(compute(ARITHMETIC_SCALE, dtype, most, INT64_MAX, &got), -ERANGE);
        assert_int_equal(compute(ARITHMETIC_SCALE, dtype, 3, 2, &got), 0);
        assert_true(got == 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ends_of_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
