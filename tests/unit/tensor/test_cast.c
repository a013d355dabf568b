/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of src/tensor/cast.h, by examples written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/cast.h"

/* Elements are the low bytes of the numbers. */
struct example {
    enum dtype from;
    enum dtype to;
    enum cast_mode mode;
    uint64_t source;
    uint64_t target;
};

static void check(const struct example *examples, size_t count, errint wanted)
{
    for (size_t i = 0; i < count; i++) {
        const struct example *e = &examples[i];
        uint64_t got = 0;
        assert_null(cast_refusal(e->from, e->to, e->mode));
        errint rc = cast_run(e->from, e->to, e->mode, &e->source, &got, 1);
        if (rc != wanted || (rc == 0 && got != e->target)) {
            fail_msg("example %zu: %s %llx to %s gave %d, %llx, not %llx", i, dtype_name(e->from),
                     (unsigned long long)e->source, dtype_name(e->to), rc, (unsigned long long)got,
                     (unsigned long long)e->target);
        }
    }
}

#define CHECK_RC(rc, ...)                                                                          \
    do {                                                                                           \
        const struct example examples[] = {__VA_ARGS__};                                           \
        check(examples, ARRAY_LEN(examples), rc);                                                  \
    } while (0)
#define CHECK(...)       CHECK_RC(0, __VA_ARGS__)
#define CHECK_UNFIT(...) CHECK_RC(-ERANGE, __VA_ARGS__)

#define F64       DTYPE_FLOAT64
#define F32       DTYPE_FLOAT32
#define F16       DTYPE_FLOAT16
#define BF16      DTYPE_BFLOAT16
#define E5M2      DTYPE_FLOAT8_E5M2
#define E4M3FN    DTYPE_FLOAT8_E4M3FN
#define E4M3FNUZ  DTYPE_FLOAT8_E4M3FNUZ
#define E4M3B11   DTYPE_FLOAT8_E4M3B11FNUZ
#define E5M2FNUZ  DTYPE_FLOAT8_E5M2FNUZ
#define F4        DTYPE_FLOAT4_E2M1FN
#define I8        DTYPE_INT8
#define I16       DTYPE_INT16
#define I32       DTYPE_INT32
#define I64       DTYPE_INT64
#define U8        DTYPE_UINT8
#define U16       DTYPE_UINT16
#define U32       DTYPE_UINT32
#define U64       DTYPE_UINT64
#define I4        DTYPE_INT4
#define I2        DTYPE_INT2
#define U4        DTYPE_UINT4
#define U2        DTYPE_UINT2
#define BOOL      DTYPE_BOOL
#define C64       DTYPE_COMPLEX64
#define C128      DTYPE_COMPLEX128
#define CHECKED   CAST_CHECKED
#define SATURATE  CAST_SATURATE
#define WRAP      CAST_WRAP
#define NEGATIVE  0x80000000
#define INF       0x7f800000 /* of float32 */
#define QUIET     0x7fc00000
#define THOUSANDS 0x49742400 /* 1e6 */

static void cast_to_float_rounds_to_nearest_even(void **state)
{
    (void)state;
    CHECK({F32, BF16, CHECKED, 0x3f800000, 0x3f80}, {F32, BF16, CHECKED, 0x3f807fff, 0x3f80},
          {F32, BF16, CHECKED, 0x3f808000, 0x3f80}, {F32, BF16, CHECKED, 0x3f808001, 0x3f81},
          {F32, BF16, CHECKED, 0x3f818000, 0x3f82}, {F32, BF16, CHECKED, 0xbf818000, 0xbf82},
          {F32, F16, CHECKED, 0x3f801000, 0x3c00}, {F32, F16, CHECKED, 0x3f801001, 0x3c01},
          {F32, F16, CHECKED, 0x3f803000, 0x3c02},
          {F64, F32, CHECKED, 0x3ff0000010000000, 0x3f800000},
          {F64, F32, CHECKED, 0x3ff0000010000001, 0x3f800001},
          {F64, F32, CHECKED, 0x3ff0000030000000, 0x3f800002},
          {I32, F32, CHECKED, 16777217, 0x4b800000}, {I32, F32, CHECKED, 16777219, 0x4b800002},
          {I64, F64, CHECKED, (1ull << 53) + 1, 0x4340000000000000},
          {U64, F64, CHECKED, UINT64_MAX, 0x43f0000000000000},
          {I64, F32, CHECKED, 1ull << 63, 0xdf000000}, {F32, F4, CHECKED, 0x3fa00000, 0x2},
          {F32, F4, CHECKED, 0x3fe00000, 0x4});
}

/* 1 + 2^-8 + 2^-40 is above the middle of two bfloat16, but float32 takes it for the middle. */
static void cast_to_float_rounds_once(void **state)
{
    (void)state;
    CHECK({F64, BF16, CHECKED, 0x3ff0100000001000, 0x3f81},
          {F64, F16, CHECKED, 0x3ff0020000000001, 0x3c01},
          {F64, E5M2, CHECKED, 0x3ff2000000000001, 0x3d},
          {F64, E4M3FN, CHECKED, 0x3ff1000000000001, 0x39},
          {F64, F4, CHECKED, 0x3ff4000000000001, 0x3}, {I32, BF16, CHECKED, 0x40400001, 0x4e81},
          {I64, BF16, CHECKED, 0x4040000000000001, 0x5e81},
          {U64, F32, CHECKED, 0x8000008000000001, 0x5f000001});
}

static void cast_to_float_keeps_subnormals_and_signs_of_zero(void **state)
{
    (void)state;
    CHECK({F32, BF16, CHECKED, 0x00010000, 0x0001}, {F32, BF16, CHECKED, 0x80008001, 0x8001},
          {F32, BF16, CHECKED, 0x00008000, 0x0000}, {F32, F16, CHECKED, 0x33800000, 0x0001},
          {F32, F16, CHECKED, 0x33000000, 0x0000}, {F32, F16, CHECKED, 0x33000001, 0x0001},
          {F32, F16, CHECKED, 0x387fffff, 0x0400}, {F32, F16, CHECKED, NEGATIVE, 0x8000},
          {F16, F32, CHECKED, 0x0001, 0x33800000}, {F16, F32, CHECKED, 0x83ff, 0xb87fc000},
          {F16, F32, CHECKED, 0x8000, 0x80000000}, {BF16, F32, CHECKED, 0x8001, 0x80010000},
          {F64, F32, CHECKED, 0x36a0000000000000, 0x00000001},
          {F64, F32, CHECKED, 0x3690000000000000, 0}, {F64, F32, CHECKED, 0x3690000000000001, 1},
          {F64, F32, CHECKED, 1ull << 63, NEGATIVE},
          {F32, F64, CHECKED, 0x00000001, 0x36a0000000000000},
          {F32, E4M3FN, CHECKED, 0x3b000000, 0x01}, {F32, E4M3FN, CHECKED, NEGATIVE, 0x80},
          {F32, F4, CHECKED, NEGATIVE, 0x8});
}

static void cast_to_fnuz_has_no_negative_zero(void **state)
{
    (void)state;
    CHECK({F32, E4M3FNUZ, CHECKED, NEGATIVE, 0}, {F32, E4M3B11, CHECKED, NEGATIVE, 0},
          {F32, E5M2FNUZ, CHECKED, NEGATIVE, 0}, {F32, E4M3FNUZ, CHECKED, 0x80000001, 0},
          {F32, E4M3FNUZ, SATURATE, 0x80000001, 0}, {F32, E4M3FNUZ, CHECKED, 0xbf800000, 0xc0});
}

static void cast_to_float_overflow_is_infinity_nan_or_the_largest(void **state)
{
    (void)state;
    CHECK({F32, F16, CHECKED, 0x477fefff, 0x7bff}, {F32, F16, CHECKED, 0x477ff000, 0x7c00},
          {F32, F16, CHECKED, 0xc77ff000, 0xfc00}, {F32, BF16, CHECKED, 0x7f7f7fff, 0x7f7f},
          {F32, BF16, CHECKED, 0x7f7f8000, 0x7f80},
          {F64, F32, CHECKED, 0x47efffffefffffff, 0x7f7fffff},
          {F64, F32, CHECKED, 0x47effffff0000000, 0x7f800000},
          {F32, E5M2, CHECKED, 0x476fffff, 0x7b}, {F32, E5M2, CHECKED, 0x47700000, 0x7c},
          {F32, E4M3FN, CHECKED, 0x43e80000, 0x7e}, {F32, E4M3FN, CHECKED, 0x43e80001, 0x7f},
          {F32, E4M3FN, CHECKED, 0xc3e80001, 0xff}, {F32, E4M3FN, CHECKED, 0xff800000, 0xff},
          {F32, E4M3FNUZ, CHECKED, 0x4377ffff, 0x7f}, {F32, E4M3FNUZ, CHECKED, 0x43780000, 0x80},
          {F32, E4M3FNUZ, CHECKED, INF, 0x80}, {F32, E4M3B11, CHECKED, 0x41f80000, 0x80},
          {F32, E5M2FNUZ, CHECKED, 0x47700000, 0x80}, {F32, F4, CHECKED, THOUSANDS, 0x7},
          {F32, F4, CHECKED, 0xff800000, 0xf}, {I32, F16, CHECKED, 65519, 0x7bff},
          {I32, F16, CHECKED, 65520, 0x7c00}, {U64, F4, CHECKED, UINT64_MAX, 0x7});
}

static void cast_to_float_saturate_leaves_only_nans_nan(void **state)
{
    (void)state;
    CHECK({F32, F16, SATURATE, THOUSANDS, 0x7bff}, {F32, F16, SATURATE, 0xff800000, 0xfbff},
          {F32, BF16, SATURATE, INF, 0x7f7f}, {F64, F32, SATURATE, 0xfff0000000000000, 0xff7fffff},
          {F32, F64, SATURATE, INF, 0x7fefffffffffffff}, {F16, F32, SATURATE, 0xfc00, 0xff7fffff},
          {F32, E5M2, SATURATE, INF, 0x7b}, {F32, E4M3FN, SATURATE, THOUSANDS, 0x7e},
          {F32, E4M3FN, SATURATE, 0xff800000, 0xfe}, {F32, E4M3FNUZ, SATURATE, INF, 0x7f},
          {F32, E5M2FNUZ, SATURATE, 0xff800000, 0xff}, {F32, F4, SATURATE, INF, 0x7},
          {F32, F16, SATURATE, QUIET, 0x7e00}, {F32, E4M3FN, SATURATE, QUIET, 0x7f},
          {F32, E4M3FNUZ, SATURATE, QUIET, 0x80}, {U64, F16, SATURATE, UINT64_MAX, 0x7bff});
}

static void cast_of_nan_is_canonical_with_the_sign(void **state)
{
    (void)state;
    CHECK({F32, BF16, CHECKED, 0x7f800001, 0x7fc0}, {F32, BF16, CHECKED, 0xffffffff, 0xffc0},
          {F32, F16, CHECKED, 0x7f800001, 0x7e00}, {F32, F16, CHECKED, 0xff923456, 0xfe00},
          {F16, F32, CHECKED, 0x7c01, 0x7fc00000}, {F16, F32, CHECKED, 0xffff, 0xffc00000},
          {BF16, F32, CHECKED, 0xff81, 0xffc00000},
          {F64, F32, CHECKED, 0x7ff0000000000001, 0x7fc00000},
          {F64, F32, CHECKED, 0xfff8123456789abc, 0xffc00000},
          {F32, F64, CHECKED, 0xff800001, 0xfff8000000000000},
          {F32, E5M2, CHECKED, 0xff800001, 0xfe}, {F32, E4M3FN, CHECKED, 0xff800001, 0xff},
          {F32, E4M3FNUZ, CHECKED, 0xff800001, 0x80}, {F32, E4M3FNUZ, CHECKED, QUIET, 0x80},
          {E4M3FNUZ, F32, CHECKED, 0x80, 0xffc00000}, {E5M2FNUZ, E4M3FN, CHECKED, 0x80, 0xff},
          {F32, F4, CHECKED, QUIET, 0x8}, {F32, F4, CHECKED, 0xffc00000, 0x0},
          {E4M3B11, F4, CHECKED, 0x80, 0x0}, {F32, F4, SATURATE, QUIET, 0x8});
}

static void cast_to_integer_truncates(void **state)
{
    (void)state;
    CHECK({F32, I32, CHECKED, 0x3fffffff, 1}, {F32, I32, CHECKED, 0xbfffffff, 0xffffffff},
          {F32, U8, CHECKED, 0xbf7fffff, 0}, {F32, U8, CHECKED, 0x437fffff, 255},
          {F32, I8, CHECKED, 0xc300ffff, 0x80}, {F32, I8, CHECKED, 0x42ffffff, 127},
          {F64, I64, CHECKED, 0xc3e0000000000000, 1ull << 63},
          {F32, DTYPE_QINT8, CHECKED, 0xc0200000, 0xfe}, {F32, I4, CHECKED, 0xc0200000, 0x0e},
          {F32, I2, CHECKED, 0xbfc00000, 0x03},
          {F64, U64, CHECKED, 0x43efffffffffffff, 0xfffffffffffff800},
          {F32, I64, CHECKED, 0x00000001, 0}, {E4M3FN, I16, CHECKED, 0xfe, 0xfe40});
}

static void cast_to_integer_what_does_not_fit_is_erange(void **state)
{
    (void)state;
    CHECK_UNFIT({F32, I8, CHECKED, 0x43000000, 0}, {F32, I8, CHECKED, 0xc3010000, 0},
                {F32, U8, CHECKED, 0xbf800000, 0}, {F32, U8, CHECKED, 0x43800000, 0},
                {F32, I32, CHECKED, QUIET, 0}, {F32, I32, CHECKED, INF, 0},
                {F32, I64, CHECKED, 0x5f000000, 0}, {F64, I64, CHECKED, 0xc3e0000000000001, 0},
                {F64, U64, CHECKED, 0x43f0000000000000, 0},
                {F64, I64, CHECKED, 0x7fefffffffffffff, 0}, {F16, I4, CHECKED, 0x4800, 0},
                {F4, U2, CHECKED, 0x6, 0}, {E4M3FNUZ, I8, CHECKED, 0x80, 0});
}

static void cast_to_integer_saturate_takes_the_nearest_end(void **state)
{
    (void)state;
    CHECK({F32, I8, SATURATE, 0x43000000, 127}, {F32, I8, SATURATE, 0xff800000, 0x80},
          {F32, I8, SATURATE, QUIET, 0}, {F32, I8, SATURATE, 0xffc00000, 0},
          {F32, U16, SATURATE, 0xc7000000, 0}, {F64, I64, SATURATE, 0x7ff0000000000000, INT64_MAX},
          {F64, U64, SATURATE, 0x7fefffffffffffff, UINT64_MAX},
          {F32, I4, SATURATE, 0xc1800000, 0x08}, {I64, I32, SATURATE, 1ull << 31, INT32_MAX},
          {I64, I32, SATURATE, -(1ull << 31), 0x80000000},
          {I64, I32, SATURATE, -(1ull << 40), 0x80000000}, {I8, U8, SATURATE, 0xff, 0},
          {U8, I8, SATURATE, 0xff, 127}, {U64, I64, SATURATE, UINT64_MAX, INT64_MAX},
          {I32, I2, SATURATE, 5, 1});
}

static void cast_wrap_keeps_the_low_bits(void **state)
{
    (void)state;
    CHECK({I64, I32, WRAP, 0x123456789abcdef0, 0x9abcdef0},
          {I8, U64, WRAP, 0xfe, 0xfffffffffffffffe}, {U8, I64, WRAP, 0xfe, 0xfe},
          {I32, I4, WRAP, 0x12345678, 0x08}, {I32, U2, WRAP, 0xffffffff, 0x03},
          {DTYPE_QINT32, DTYPE_QUINT8, WRAP, 0x12345678, 0x78}, {I4, U8, WRAP, 0x08, 0xf8});
}

static void cast_of_small_integers_reads_the_low_bits_alone(void **state)
{
    (void)state;
    CHECK({I4, I8, CHECKED, 0xfe, 0xfe}, {I4, I8, CHECKED, 0x0e, 0xfe}, {I4, I8, CHECKED, 0xf7, 7},
          {U4, I8, CHECKED, 0xff, 15}, {I2, F32, CHECKED, 0xfe, 0xc0000000},
          {U2, F32, CHECKED, 0xfe, 0x40000000}, {F4, F32, CHECKED, 0xff, 0xc0c00000},
          {F4, F32, CHECKED, 0x01, 0x3f000000}, {I4, BOOL, CHECKED, 0xf0, 0},
          {I2, I4, CHECKED, 0x02, 0x0e});
}

static void cast_of_bool_is_0_or_1(void **state)
{
    (void)state;
    CHECK({BOOL, I32, CHECKED, 0, 0}, {BOOL, I32, CHECKED, 1, 1}, {BOOL, I32, CHECKED, 0x80, 1},
          {BOOL, F32, CHECKED, 0xff, 0x3f800000}, {BOOL, I2, CHECKED, 2, 1},
          {BOOL, C64, CHECKED, 1, 0x3f800000});
}

static void cast_to_bool_is_not_zero(void **state)
{
    (void)state;
    CHECK({F32, BOOL, CHECKED, 0, 0}, {F32, BOOL, CHECKED, NEGATIVE, 0}, {F32, BOOL, CHECKED, 1, 1},
          {F32, BOOL, CHECKED, QUIET, 1}, {F32, BOOL, CHECKED, INF, 1},
          {I64, BOOL, CHECKED, 1ull << 32, 1}, {E4M3FNUZ, BOOL, CHECKED, 0x80, 1},
          {C64, BOOL, CHECKED, 0, 0}, {C64, BOOL, CHECKED, 0x8000000080000000, 0},
          {C64, BOOL, CHECKED, 0x0000000100000000, 1}, {C64, BOOL, CHECKED, 0x0000000000000001, 1},
          {C64, BOOL, SATURATE, 0x7fc0000000000000, 1});
}

static void cast_to_complex_has_imaginary_0(void **state)
{
    const double real = -2.5;
    uint64_t parts[2];
    (void)state;
    CHECK({F64, C64, CHECKED, 0xc004000000000000, 0xc0200000}, {I8, C64, CHECKED, 0xff, 0xbf800000},
          {F64, C64, CHECKED, 0x7fefffffffffffff, 0x7f800000},
          {F64, C64, SATURATE, 0x7fefffffffffffff, 0x7f7fffff});
    memset(parts, 0xff, sizeof(parts));
    assert_int_equal(cast_run(F64, C128, CHECKED, &real, parts, 1), 0);
    assert_int_equal(parts[0], 0xc004000000000000);
    assert_int_equal(parts[1], 0);
}

static void cast_between_complex_casts_each_part(void **state)
{
    const uint64_t wide[4] = {0x3ff0000010000001, 0x7fefffffffffffff, 0x7ff0000000000001,
                              1ull << 63};
    const uint32_t narrow[4] = {0x3f800001, 0x7f800000, 0x7fc00000, 0x80000000};
    const uint32_t largest[4] = {0x3f800001, 0x7f7fffff, 0x7fc00000, 0x80000000};
    const uint64_t back[4] = {0x3ff0000020000000, 0x7ff0000000000000, 0x7ff8000000000000,
                              1ull << 63};
    uint32_t got[4];
    uint64_t again[4];
    (void)state;
    assert_int_equal(cast_run(C128, C64, CHECKED, wide, got, 2), 0);
    assert_memory_equal(got, narrow, sizeof(got));
    assert_int_equal(cast_run(C64, C128, CHECKED, got, again, 2), 0);
    assert_memory_equal(again, back, sizeof(again));
    assert_int_equal(cast_run(C128, C64, SATURATE, wide, got, 2), 0);
    assert_memory_equal(got, largest, sizeof(got));
}

static void cast_between_equal_types_copies(void **state)
{
    (void)state;
    CHECK({F32, F32, CHECKED, 0xff812345, 0xff812345}, {F32, F32, SATURATE, INF, INF},
          {I4, I4, WRAP, 0xfe, 0xfe}, {BOOL, BOOL, CHECKED, 0x80, 0x80},
          {C64, C64, CHECKED, 0x7f8000017f800001, 0x7f8000017f800001});
}

static void cast_refusal_says_what_to_say(void **state)
{
    (void)state;
    assert_string_equal(
        cast_refusal(I64, I32, CHECKED),
        "int64 does not fit int32; say `| cast int32 saturate` or `| cast int32 wrap`");
    assert_string_equal(cast_refusal(C64, F32, CHECKED),
                        "complex64 does not fit float32, which has no imaginary part");
    assert_string_equal(
        cast_refusal(F32, I8, WRAP),
        "only integers wrap, and float32 to int8 is no cast of integers to integers");
    assert_string_equal(cast_refusal(DTYPE_STRING, F32, CHECKED),
                        "string is not numeric and cannot be cast");
    assert_string_equal(cast_refusal(F32, DTYPE_STRING, CHECKED),
                        "nothing can be cast to string, which is not numeric");
    assert_non_null(cast_refusal(DTYPE_VARIANT, DTYPE_VARIANT, SATURATE));
    assert_non_null(cast_refusal(DTYPE_INVALID, F32, CHECKED));
    assert_non_null(cast_refusal(F32, DTYPE_COUNT, CHECKED));
    assert_non_null(cast_refusal(C128, I64, SATURATE));
}

static void cast_refusal_of_integers_is_by_range(void **state)
{
    (void)state;
    assert_null(cast_refusal(I32, I64, CHECKED));
    assert_null(cast_refusal(U32, I64, CHECKED));
    assert_null(cast_refusal(U8, I16, CHECKED));
    assert_null(cast_refusal(DTYPE_QINT32, I32, CHECKED));
    assert_null(cast_refusal(U2, I4, CHECKED));
    assert_non_null(cast_refusal(I8, U64, CHECKED));
    assert_non_null(cast_refusal(U8, I8, CHECKED));
    assert_non_null(cast_refusal(U4, I4, CHECKED));
    assert_null(cast_refusal(I8, U64, SATURATE));
    assert_null(cast_refusal(I8, U64, WRAP));
    assert_null(cast_refusal(U64, F4, CHECKED));
    assert_null(cast_refusal(F64, I2, CHECKED));
    assert_non_null(cast_refusal(F32, F16, WRAP));
    assert_non_null(cast_refusal(BOOL, I8, WRAP));
    assert_non_null(cast_refusal(I8, BOOL, WRAP));
}

/* Every count about the block of the loops and the table, at odd addresses, with nothing written
 * outside. */
static void cast_run_any_count_and_address(void **state)
{
    const enum dtype pairs[][2] = {{F32, BF16}, {BF16, F32}, {F32, F16},  {F16, F32},
                                   {F64, F32},  {F32, F64},  {BF16, F16}, {E5M2, F64},
                                   {I8, C128},  {F4, I8},    {U8, I32},   {I64, I32}};
    static uint8_t source[1 + 1100 * 8];
    static uint8_t all[1 + 1100 * 16];
    static uint8_t one[16];
    const size_t counts[] = {0, 1, 7, 63, 64, 65, 127, 129, 1023, 1024, 1025, 1100};
    (void)state;
    for (size_t i = 0; i < sizeof(source); i++) {
        source[i] = (uint8_t)(i * i * 31 + i / 7);
    }
    for (size_t p = 0; p < ARRAY_LEN(pairs); p++) {
        size_t from = dtype_bytes(pairs[p][0]);
        size_t to = dtype_bytes(pairs[p][1]);
        for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
            memset(all, 0xa5, sizeof(all));
            assert_int_equal(
                cast_run(pairs[p][0], pairs[p][1], SATURATE, source + 1, all + 1, counts[c]), 0);
            for (size_t i = 0; i < counts[c]; i++) {
                assert_int_equal(
                    cast_run(pairs[p][0], pairs[p][1], SATURATE, source + 1 + i * from, one, 1), 0);
                assert_memory_equal(all + 1 + i * to, one, to);
            }
            assert_int_equal(all[0], 0xa5);
            for (size_t i = 1 + counts[c] * to; i < sizeof(all); i++) {
                assert_int_equal(all[i], 0xa5);
            }
        }
    }
}

static void cast_run_finds_the_one_that_does_not_fit(void **state)
{
    static uint8_t small[3000];
    static float wide[3000];
    static uint8_t out[3000 * 4];
    const size_t places[] = {0, 63, 1500, 2999};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        assert_int_equal(cast_run(E5M2, I8, CHECKED, small, out, 3000), 0);
        assert_int_equal(cast_run(F32, I8, CHECKED, wide, out, 3000), 0);
        small[places[i]] = 0x7c;
        wide[places[i]] = 128;
        assert_int_equal(cast_run(E5M2, I8, CHECKED, small, out, 3000), -ERANGE);
        assert_int_equal(cast_run(E5M2, I8, SATURATE, small, out, 3000), 0);
        assert_int_equal(out[places[i]], 127);
        assert_int_equal(cast_run(F32, I8, CHECKED, wide, out, 3000), -ERANGE);
        small[places[i]] = 0;
        wide[places[i]] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cast_to_float_rounds_to_nearest_even),
        cmocka_unit_test(cast_to_float_rounds_once),
        cmocka_unit_test(cast_to_float_keeps_subnormals_and_signs_of_zero),
        cmocka_unit_test(cast_to_fnuz_has_no_negative_zero),
        cmocka_unit_test(cast_to_float_overflow_is_infinity_nan_or_the_largest),
        cmocka_unit_test(cast_to_float_saturate_leaves_only_nans_nan),
        cmocka_unit_test(cast_of_nan_is_canonical_with_the_sign),
        cmocka_unit_test(cast_to_integer_truncates),
        cmocka_unit_test(cast_to_integer_what_does_not_fit_is_erange),
        cmocka_unit_test(cast_to_integer_saturate_takes_the_nearest_end),
        cmocka_unit_test(cast_wrap_keeps_the_low_bits),
        cmocka_unit_test(cast_of_small_integers_reads_the_low_bits_alone),
        cmocka_unit_test(cast_of_bool_is_0_or_1),
        cmocka_unit_test(cast_to_bool_is_not_zero),
        cmocka_unit_test(cast_to_complex_has_imaginary_0),
        cmocka_unit_test(cast_between_complex_casts_each_part),
        cmocka_unit_test(cast_between_equal_types_copies),
        cmocka_unit_test(cast_refusal_says_what_to_say),
        cmocka_unit_test(cast_refusal_of_integers_is_by_range),
        cmocka_unit_test(cast_run_any_count_and_address),
        cmocka_unit_test(cast_run_finds_the_one_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
