/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errint.h"
#include "tensor/dtype.h"

static void dtype_known_only_the_table_is(void **state)
{
    (void)state;
    assert_false(dtype_known(0));
    assert_true(dtype_known(1));
    assert_true(dtype_known(33));
    assert_false(dtype_known(34));
    assert_false(dtype_known(77));
    assert_false(dtype_known(101)); /* float_ref */
    assert_false(dtype_known(UINT64_MAX));
    assert_false(dtype_known(UINT64_C(1) << 32 | 1));
}

static void dtype_bytes_agree_with_tensorflow(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 4,  8, 4, 1, 2, 1, 0, 8, 8, 1, 1, 1, 4, 2, 2, 2,
                                    2, 16, 2, 0, 0, 4, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(dtype_bytes(i), bytes[i]);
    }
    assert_int_equal(dtype_bytes(1000), 0);
}

static void dtype_parse_reads_every_name_back(void **state)
{
    (void)state;
    for (unsigned i = 1; i < DTYPE_COUNT; i++) {
        assert_int_equal(dtype_parse(str_from(dtype_name(i))), i);
    }
    assert_string_equal(dtype_name(0), "invalid");
    assert_string_equal(dtype_name(99), "invalid");
}

static void dtype_parse_other_names_are_known(void **state)
{
    (void)state;
    assert_int_equal(dtype_parse(STR("DT_HALF")), DTYPE_FLOAT16);
    assert_int_equal(dtype_parse(STR("DT_BFLOAT16")), DTYPE_BFLOAT16);
    assert_int_equal(dtype_parse(STR("half")), DTYPE_FLOAT16);
    assert_int_equal(dtype_parse(STR("float")), DTYPE_FLOAT32);
    assert_int_equal(dtype_parse(STR("double")), DTYPE_FLOAT64);
    static const struct {
        const char *name;
        enum dtype dtype;
    } short_names[] = {
        {"bf16", DTYPE_BFLOAT16}, {"f16", DTYPE_FLOAT16},  {"fp16", DTYPE_FLOAT16},
        {"f32", DTYPE_FLOAT32},   {"fp32", DTYPE_FLOAT32}, {"f64", DTYPE_FLOAT64},
        {"fp64", DTYPE_FLOAT64},
    };
    for (size_t i = 0; i < ARRAY_LEN(short_names); i++) {
        assert_int_equal(dtype_parse(str_from(short_names[i].name)), short_names[i].dtype);
    }
}

static void dtype_parse_no_name_is_invalid(void **state)
{
    (void)state;
    assert_int_equal(dtype_parse(STR("")), DTYPE_INVALID);
    assert_int_equal(dtype_parse(STR("float3")), DTYPE_INVALID);
    assert_int_equal(dtype_parse(STR("Float32")), DTYPE_INVALID);
    assert_int_equal(dtype_parse(STR("DT_")), DTYPE_INVALID);
    assert_int_equal(dtype_parse(STR("DT_FLOAT\0")), DTYPE_INVALID);
    assert_int_equal(dtype_parse(STR("invalid")), DTYPE_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dtype_known_only_the_table_is),
        cmocka_unit_test(dtype_bytes_agree_with_tensorflow),
        cmocka_unit_test(dtype_parse_reads_every_name_back),
        cmocka_unit_test(dtype_parse_other_names_are_known),
        cmocka_unit_test(dtype_parse_no_name_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
