/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "render/text.h"
#include "tensor/dtype.h"
#include "tensor/smallfloat.h"

static void check(unsigned dtype, const void *element, const char *expected)
{
    CLEANUP_BUF struct buf b = {0};
    text_value(&b, dtype, element);
    assert_int_equal(buf_check(&b), 0);
    assert_string_equal(b.data, expected);
}

static void check_float(float value, const char *expected)
{
    check(DTYPE_FLOAT32, &value, expected);
}

static void check_double(double value, const char *expected)
{
    check(DTYPE_FLOAT64, &value, expected);
}

static void text_value_float32_is_shortest(void **state)
{
    (void)state;
    check_float(0.1f, "0.1");
    check_float(1.0f / 3, "0.33333334");
    check_float(0.0f, "0.0");
    check_float(-0.0f, "-0.0");
    check_float(-2.5f, "-2.5");
    check_float(100, "100.0");
    check_float(123456.0f, "123456.0");
    check_float(16777216.0f, "16777216.0");
    check_float(1e15f, "1000000000000000.0");
    check_float(1e16f, "1e+16");
    check_float(1.5e20f, "1.5e+20");
    check_float(0.0001f, "0.0001");
    check_float(0.00001f, "1e-05");
    check_float(0.00012345f, "0.00012345");
    check_float(3.4028235e38f, "3.4028235e+38");
    check_float(1.1754944e-38f, "1.1754944e-38");
    check_float(1e-45f, "1e-45");
    check_float(INFINITY, "inf");
    check_float(-INFINITY, "-inf");
    check_float(NAN, "nan");
    check_float(-NAN, "nan");
}

static void text_value_float64_is_shortest(void **state)
{
    (void)state;
    check_double(0.1, "0.1");
    check_double(0.1 + 0.2, "0.30000000000000004");
    check_double(1e300, "1e+300");
    check_double(1.7976931348623157e308, "1.7976931348623157e+308");
    check_double(5e-324, "5e-324");
    check_double(9007199254740993.0, "9007199254740992.0");
    check_double(123456789012345680.0, "1.2345678901234568e+17");
}

/* xorshift: bit patterns of all sizes, the same in every run */
static uint64_t next_bits(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void text_value_float32_reads_back(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        uint32_t bits = (uint32_t)next_bits(&seed);
        float value;
        memcpy(&value, &bits, 4);
        CLEANUP_BUF struct buf b = {0};
        text_value(&b, DTYPE_FLOAT32, &value);
        float back = strtof(b.data, NULL);
        assert_true(isnan(value) ? isnan(back) : memcmp(&back, &value, 4) == 0);
        if (!isnan(value) &&
            !isinf(value)) { /* %.9g is enough for any float: never more digits than that */
            assert_true(b.len <= 9 + 1 + 1 + 16);
        }
    }
}

static void text_value_float64_reads_back(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next_bits(&seed);
        double value;
        memcpy(&value, &bits, 8);
        CLEANUP_BUF struct buf b = {0};
        text_value(&b, DTYPE_FLOAT64, &value);
        double back = strtod(b.data, NULL);
        assert_true(isnan(value) ? isnan(back) : memcmp(&back, &value, 8) == 0);
    }
}

static void text_value_small_floats(void **state)
{
    (void)state;
    check(DTYPE_FLOAT16, "\x66\x2e", "0.1");
    check(DTYPE_FLOAT16, "\xff\x7b", "65504.0"); /* not 65500, which reads back as it too */
    check(DTYPE_FLOAT16, "\x01\x00", "6e-08");   /* 2^-24 */
    check(DTYPE_FLOAT16, "\x00\x7c", "inf");
    check(DTYPE_FLOAT16, "\x00\xfc", "-inf");
    check(DTYPE_FLOAT16, "\x01\x7c", "nan");
    check(DTYPE_FLOAT16, "\x00\x80", "-0.0");
    check(DTYPE_BFLOAT16, "\xcd\x3d", "0.1");
    check(DTYPE_BFLOAT16, "\x80\x3f", "1.0");
    check(DTYPE_BFLOAT16, "\x74\x49", "1000000.0"); /* 999424 */
    check(DTYPE_BFLOAT16, "\x80\x7f", "inf");
    check(DTYPE_FLOAT8_E4M3FN, "\x7e", "448.0");
    check(DTYPE_FLOAT8_E4M3FN, "\x7f", "nan");
    check(DTYPE_FLOAT8_E4M3FN, "\xff", "nan");
    check(DTYPE_FLOAT8_E4M3FN, "\x80", "-0.0");
    check(DTYPE_FLOAT8_E4M3FNUZ, "\x80", "nan");
    check(DTYPE_FLOAT8_E5M2, "\x7c", "inf");
    check(DTYPE_FLOAT8_E5M2FNUZ, "\x80", "nan");
    check(DTYPE_FLOAT4_E2M1FN, "\x07", "6.0");
    check(DTYPE_FLOAT4_E2M1FN, "\x0f", "-6.0");
    check(DTYPE_FLOAT4_E2M1FN, "\xf1", "0.5"); /* only the low four bits count */
}

/* Every pattern of every type: the text is nearer to its value than to that of any other
 * pattern. */
static void check_all_patterns(enum dtype dtype, unsigned bits)
{
    const struct smallfloat *type = smallfloat_of(dtype);
    assert_non_null(type);
    for (uint32_t i = 0; i < 1u << bits; i++) {
        double value = smallfloat_value(type, i);
        CLEANUP_BUF struct buf b = {0};
        text_value(&b, dtype, &i);
        double text = strtod(b.data, NULL);
        if (isnan(value) || isinf(value) || value == 0) {
            assert_true(isnan(value) ? isnan(text)
                                     : text == value && signbit(text) == signbit(value));
            continue;
        }
        double off = fabs(text - value);
        for (int step = -1; step <= 1;
             step += 2) { /* neighbours in magnitude; one may be of the other sign: zero */
            uint32_t other = i + (uint32_t)step;
            double neighbour = smallfloat_value(type, other);
            if (other >> (bits - 1) == i >> (bits - 1) && !isnan(neighbour) && !isinf(neighbour)) {
                assert_true(off < fabs(text - neighbour));
            }
        }
    }
}

static void text_value_small_floats_are_told_apart(void **state)
{
    (void)state;
    check_all_patterns(DTYPE_FLOAT16, 16);
    check_all_patterns(DTYPE_BFLOAT16, 16);
    check_all_patterns(DTYPE_FLOAT8_E5M2, 8);
    check_all_patterns(DTYPE_FLOAT8_E4M3FN, 8);
    check_all_patterns(DTYPE_FLOAT8_E4M3FNUZ, 8);
    check_all_patterns(DTYPE_FLOAT8_E4M3B11FNUZ, 8);
    check_all_patterns(DTYPE_FLOAT8_E5M2FNUZ, 8);
    check_all_patterns(DTYPE_FLOAT4_E2M1FN, 4);
}

static void text_value_integers(void **state)
{
    (void)state;
    check(DTYPE_INT8, "\x80", "-128");
    check(DTYPE_QINT8, "\xff", "-1");
    check(DTYPE_UINT8, "\xff", "255");
    check(DTYPE_QUINT8, "\x80", "128");
    check(DTYPE_INT16, "\x00\x80", "-32768");
    check(DTYPE_UINT16, "\xff\xff", "65535");
    check(DTYPE_QINT32, "\x00\x00\x00\x80", "-2147483648");
    check(DTYPE_UINT32, "\xff\xff\xff\xff", "4294967295");
    check(DTYPE_INT64, "\x00\x00\x00\x00\x00\x00\x00\x80", "-9223372036854775808");
    check(DTYPE_UINT64, "\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615");
    check(DTYPE_INT4, "\xfe", "-2");
    check(DTYPE_INT4, "\xf2", "2"); /* TensorFlow masks on reading */
    check(DTYPE_INT4, "\x08", "-8");
    check(DTYPE_UINT4, "\xff", "15");
    check(DTYPE_INT2, "\x02", "-2");
    check(DTYPE_UINT2, "\xfe", "2");
    check(DTYPE_BOOL, "\x00", "False");
    check(DTYPE_BOOL, "\x01", "True");
    check(DTYPE_BOOL, "\x02", "True");
    check(DTYPE_STRING, "", "?");
}

static void text_value_complex(void **state)
{
    (void)state;
    check(DTYPE_COMPLEX64, (const float[]){-1, 0.25f}, "-1.0+0.25j");
    check(DTYPE_COMPLEX64, (const float[]){0, -0.0f}, "0.0-0.0j");
    check(DTYPE_COMPLEX128, (const double[]){0.1, -1e-7}, "0.1-1e-07j");
    check(DTYPE_COMPLEX64, (const float[]){NAN, INFINITY}, "nan+infj");
    check(DTYPE_COMPLEX64, (const float[]){-INFINITY, -NAN}, "-inf+nanj");
}

/* The int8 values 0, 1, 2 ... of that shape, fed `chunk` bytes at a time. */
static void check_print(unsigned rank, const int64_t *dims, uint64_t limit, size_t chunk,
                        const char *expected)
{
    CLEANUP_BUF struct buf b = {0};
    struct text_printer p;
    struct shape shape = {dims, (uint8_t)rank};
    uint64_t elements;
    unsigned char bytes[128];
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)i;
    }
    assert_int_equal(shape_elements(shape, &elements), 0);
    text_begin(&p, DTYPE_INT8, shape, limit, &b);
    for (uint64_t at = 0; at < elements; at += chunk) {
        size_t len = elements - at < chunk ? (size_t)(elements - at) : chunk;
        if (!text_add(&p, bytes + at, len, &b)) {
            break;
        }
    }
    text_end(&p, &b);
    assert_string_equal(b.data, expected);
}

static void text_printer_nests_as_numpy(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk < 9; chunk++) {
        check_print(0, NULL, UINT64_MAX, chunk, "0\n");
        check_print(1, (const int64_t[]){3}, UINT64_MAX, chunk, "[0 1 2]\n");
        check_print(2, (const int64_t[]){2, 3}, UINT64_MAX, chunk, "[[0 1 2]\n [3 4 5]]\n");
        check_print(3, (const int64_t[]){2, 2, 2}, UINT64_MAX, chunk,
                    "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]\n");
        check_print(3, (const int64_t[]){1, 1, 1}, UINT64_MAX, chunk, "[[[0]]]\n");
        check_print(2, (const int64_t[]){3, 1}, UINT64_MAX, chunk, "[[0]\n [1]\n [2]]\n");
    }
}

static void text_printer_without_elements(void **state)
{
    (void)state;
    check_print(1, (const int64_t[]){0}, UINT64_MAX, 1, "[]\n");
    check_print(3, (const int64_t[]){2, 0, 3}, UINT64_MAX, 1, "[]\n");
    check_print(2, (const int64_t[]){0, 5}, 0, 1, "[]\n");
}

static void text_printer_stops_at_the_limit(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk < 9; chunk++) {
        check_print(2, (const int64_t[]){2, 3}, 0, chunk, "[[...]]\n");
        check_print(2, (const int64_t[]){2, 3}, 2, chunk, "[[0 1 ...]]\n");
        check_print(2, (const int64_t[]){2, 3}, 3, chunk, "[[0 1 2]\n [...]]\n");
        check_print(2, (const int64_t[]){2, 3}, 5, chunk, "[[0 1 2]\n [3 4 ...]]\n");
        check_print(2, (const int64_t[]){2, 3}, 6, chunk, "[[0 1 2]\n [3 4 5]]\n");
        check_print(0, NULL, 0, chunk, "...\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_value_float32_is_shortest),
        cmocka_unit_test(text_value_float64_is_shortest),
        cmocka_unit_test(text_value_float32_reads_back),
        cmocka_unit_test(text_value_float64_reads_back),
        cmocka_unit_test(text_value_small_floats),
        cmocka_unit_test(text_value_small_floats_are_told_apart),
        cmocka_unit_test(text_value_integers),
        cmocka_unit_test(text_value_complex),
        cmocka_unit_test(text_printer_nests_as_numpy),
        cmocka_unit_test(text_printer_without_elements),
        cmocka_unit_test(text_printer_stops_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
