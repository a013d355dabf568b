/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/dtype.h"
#include "tensor/shape.h"

#define SHAPE(...)                                                                                 \
    ((struct shape){(const int64_t[]){__VA_ARGS__},                                                \
                    sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)})
#define P40 (INT64_C(1) << 40)

static const struct shape scalar = {NULL, 0};
static const struct shape unknown = {NULL, SHAPE_RANK_UNKNOWN};

static void shape_elements_products_are_right(void **state)
{
    (void)state;
    uint64_t n;
    assert_int_equal(shape_elements(scalar, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(shape_elements(SHAPE(3, 0, 5), &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(shape_elements(SHAPE(INT64_MAX), &n), 0);
    assert_true(n == INT64_MAX);
}

static void shape_elements_overflow_is_taken_from_the_left(void **state)
{
    (void)state;
    uint64_t n;
    assert_int_equal(shape_elements(SHAPE(P40, P40, 0), &n), -EOVERFLOW);
    assert_int_equal(shape_elements(SHAPE(0, P40, P40), &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(shape_elements(SHAPE(INT64_MAX, 2), &n), -EOVERFLOW);
    assert_int_equal(shape_elements(SHAPE(2, -1), &n), -EOVERFLOW);
    assert_int_equal(shape_elements(SHAPE(0, INT64_MIN), &n), -EOVERFLOW);
}

static void shape_elements_highest_rank_works(void **state)
{
    (void)state;
    int64_t dims[SHAPE_RANK_MOST];
    for (int i = 0; i < SHAPE_RANK_MOST; i++) {
        dims[i] = i == 100 ? 3 : 1;
    }
    uint64_t n;
    assert_int_equal(shape_elements((struct shape){dims, SHAPE_RANK_MOST}, &n), 0);
    assert_int_equal(n, 3);
}

static void shape_bytes_past_int64_is_overflow(void **state)
{
    (void)state;
    uint64_t n;
    assert_int_equal(shape_bytes(SHAPE(INT64_MAX / 8), DTYPE_FLOAT64, &n), 0);
    assert_true(n == INT64_MAX / 8 * 8);
    assert_int_equal(shape_bytes(SHAPE(INT64_MAX / 8 + 1), DTYPE_FLOAT64, &n), -EOVERFLOW);
    assert_int_equal(shape_bytes(SHAPE(INT64_MAX), DTYPE_UINT8, &n), 0);
    assert_int_equal(shape_bytes(SHAPE(4), DTYPE_STRING, &n), 0);
    assert_int_equal(n, 0);
}

static void shape_eq_compares_rank_and_dims(void **state)
{
    (void)state;
    assert_true(shape_eq(scalar, scalar));
    assert_true(shape_eq(SHAPE(2, 3), SHAPE(2, 3)));
    assert_false(shape_eq(SHAPE(2, 3), SHAPE(3, 2)));
    assert_false(shape_eq(SHAPE(1), scalar));
}

static void shape_compatible_unknowns_match(void **state)
{
    (void)state;
    assert_true(shape_compatible(SHAPE(-1, 3), SHAPE(7, 3)));
    assert_true(shape_compatible(SHAPE(7, 3), SHAPE(7, -1)));
    assert_false(shape_compatible(SHAPE(-1, 3), SHAPE(7, 4)));
    assert_false(shape_compatible(SHAPE(-1), SHAPE(7, 4)));
    assert_true(shape_compatible(unknown, SHAPE(7, 4)));
    assert_true(shape_compatible(scalar, unknown));
}

static void shape_text_forms_are_written(void **state)
{
    (void)state;
    assert_string_equal(shape_text(scalar).text, "[]");
    assert_string_equal(shape_text(SHAPE(100, 64)).text, "[100, 64]");
    assert_string_equal(shape_text(SHAPE(-1, 0)).text, "[?, 0]");
    assert_string_equal(shape_text(unknown).text, "[...]");
}

static void shape_text_long_one_is_cut(void **state)
{
    (void)state;
    int64_t dims[200];
    for (int i = 0; i < 200; i++) {
        dims[i] = 1000;
    }
    struct shape_text t = shape_text((struct shape){dims, 200});
    assert_int_equal(strlen(t.text), sizeof(t.text) - 1);
    assert_string_equal(t.text + sizeof(t.text) - 5, "...]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_elements_products_are_right),
        cmocka_unit_test(shape_elements_overflow_is_taken_from_the_left),
        cmocka_unit_test(shape_elements_highest_rank_works),
        cmocka_unit_test(shape_bytes_past_int64_is_overflow),
        cmocka_unit_test(shape_eq_compares_rank_and_dims),
        cmocka_unit_test(shape_compatible_unknowns_match),
        cmocka_unit_test(shape_text_forms_are_written),
        cmocka_unit_test(shape_text_long_one_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
