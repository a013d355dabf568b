/* SPDX-License-Identifier: Apache-2.0 */
#include "support/ref_cast.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(LDBL_MANT_DIG >= 64, "long double must hold every uint64");

/* What is above the largest finite pattern. */
enum top { TOP_IEEE, TOP_NAN, TOP_FNUZ, TOP_NONE };

/* bits: of an element; low: of its mantissa, or for an integer whether it is signed. */
static const struct ref_type {
    char kind; /* 'f', 'i', 'b' */
    unsigned bits;
    unsigned low;
    int bias;
    enum top top;
} types[DTYPE_COUNT] = {
    [DTYPE_FLOAT32] = {'f', 32, 23, 127, TOP_IEEE},
    [DTYPE_FLOAT64] = {'f', 64, 52, 1023, TOP_IEEE},
    [DTYPE_FLOAT16] = {'f', 16, 10, 15, TOP_IEEE},
    [DTYPE_BFLOAT16] = {'f', 16, 7, 127, TOP_IEEE},
    [DTYPE_FLOAT8_E5M2] = {'f', 8, 2, 15, TOP_IEEE},
    [DTYPE_FLOAT8_E4M3FN] = {'f', 8, 3, 7, TOP_NAN},
    [DTYPE_FLOAT8_E4M3FNUZ] = {'f', 8, 3, 8, TOP_FNUZ},
    [DTYPE_FLOAT8_E4M3B11FNUZ] = {'f', 8, 3, 11, TOP_FNUZ},
    [DTYPE_FLOAT8_E5M2FNUZ] = {'f', 8, 2, 16, TOP_FNUZ},
    [DTYPE_FLOAT4_E2M1FN] = {'f', 4, 1, 1, TOP_NONE},
    [DTYPE_INT2] = {'i', 2, 1, 0, 0},
    [DTYPE_INT4] = {'i', 4, 1, 0, 0},
    [DTYPE_INT8] = {'i', 8, 1, 0, 0},
    [DTYPE_INT16] = {'i', 16, 1, 0, 0},
    [DTYPE_INT32] = {'i', 32, 1, 0, 0},
    [DTYPE_INT64] = {'i', 64, 1, 0, 0},
    [DTYPE_QINT8] = {'i', 8, 1, 0, 0},
    [DTYPE_QINT16] = {'i', 16, 1, 0, 0},
    [DTYPE_QINT32] = {'i', 32, 1, 0, 0},
    [DTYPE_UINT2] = {'i', 2, 0, 0, 0},
    [DTYPE_UINT4] = {'i', 4, 0, 0, 0},
    [DTYPE_UINT8] = {'i', 8, 0, 0, 0},
    [DTYPE_UINT16] = {'i', 16, 0, 0, 0},
    [DTYPE_UINT32] = {'i', 32, 0, 0, 0},
    [DTYPE_UINT64] = {'i', 64, 0, 0, 0},
    [DTYPE_QUINT8] = {'i', 8, 0, 0, 0},
    [DTYPE_QUINT16] = {'i', 16, 0, 0, 0},
    [DTYPE_BOOL] = {'b', 8, 0, 0, 0},
};

const enum dtype ref_reals[REF_REALS] = {
    DTYPE_BOOL,
    DTYPE_INT2,
    DTYPE_INT4,
    DTYPE_INT8,
    DTYPE_INT16,
    DTYPE_INT32,
    DTYPE_INT64,
    DTYPE_UINT2,
    DTYPE_UINT4,
    DTYPE_UINT8,
    DTYPE_UINT16,
    DTYPE_UINT32,
    DTYPE_UINT64,
    DTYPE_QINT8,
    DTYPE_QINT16,
    DTYPE_QINT32,
    DTYPE_QUINT8,
    DTYPE_QUINT16,
    DTYPE_FLOAT64,
    DTYPE_FLOAT32,
    DTYPE_FLOAT16,
    DTYPE_BFLOAT16,
    DTYPE_FLOAT8_E5M2,
    DTYPE_FLOAT8_E4M3FN,
    DTYPE_FLOAT8_E4M3FNUZ,
    DTYPE_FLOAT8_E4M3B11FNUZ,
    DTYPE_FLOAT8_E5M2FNUZ,
    DTYPE_FLOAT4_E2M1FN,
};

bool ref_is_float(enum dtype type)
{
    return types[type].kind == 'f';
}

bool ref_is_integer(enum dtype type)
{
    return types[type].kind == 'i';
}

unsigned ref_bits(enum dtype type)
{
    return types[type].bits;
}

unsigned ref_bytes(enum dtype type)
{
    return types[type].bits < 8 ? 1 : types[type].bits / 8;
}

/* 2^e for all that occur, made by ldexp once: a search looks at many. */
static long double power(int e)
{
    enum { LEAST = -1100, COUNT = 2200 };
    static long double powers[COUNT];
    long double *p = &powers[e - LEAST];
    if (*p == 0) {
        *p = ldexpl(1, e);
    }
    return *p;
}

/* The value of a pattern without a sign, taken as a number whatever it is. */
static long double magnitude_of(const struct ref_type *t, uint64_t pattern)
{
    uint64_t unit = UINT64_C(1) << t->low;
    int exponent = (int)(pattern / unit);
    uint64_t mantissa = pattern % unit;
    if (exponent == 0) {
        return (long double)mantissa * power(1 - t->bias - (int)t->low);
    }
    return (long double)(unit + mantissa) * power(exponent - t->bias - (int)t->low);
}

uint64_t ref_largest(enum dtype type)
{
    const struct ref_type *t = &types[type];
    uint64_t sign = UINT64_C(1) << (t->bits - 1);
    switch (t->top) {
    case TOP_IEEE:
        return sign - 1 -
               (UINT64_C(1) << t->low); /* all exponent bits but the last, all of the mantissa */
    case TOP_NAN:
        return sign - 2;
    default:
        return sign - 1;
    }
}

long double ref_decode(enum dtype type, uint64_t bits)
{
    const struct ref_type *t = &types[type];
    uint64_t span = t->bits == 64 ? 0 : UINT64_C(1) << t->bits;
    uint64_t sign = UINT64_C(1) << (t->bits - 1);
    if (t->kind == 'b') {
        return bits != 0;
    }
    if (span) {
        bits %= span;
    }
    if (t->kind == 'i') {
        long double whole = t->bits == 64 ? 18446744073709551616.0L : (long double)span;
        return t->low && bits >= sign ? (long double)bits - whole : (long double)bits;
    }
    long double factor = bits >= sign ? -1 : 1;
    uint64_t pattern = bits % sign;
    if (t->top == TOP_FNUZ && bits == sign) {
        return -(long double)NAN;
    }
    if (t->top == TOP_IEEE && pattern == ref_largest(type) + 1) {
        return factor * (long double)INFINITY;
    }
    if (pattern > ref_largest(type)) {
        return copysignl((long double)NAN, factor);
    }
    return factor * magnitude_of(t, pattern);
}

/* Half the way between a pattern and the next: the type with one more mantissa bit has that
 * value. */
static long double middle_after(const struct ref_type *t, uint64_t pattern)
{
    struct ref_type finer = *t;
    finer.low++;
    return magnitude_of(&finer, 2 * pattern + 1);
}

static void encode_float(enum dtype type, bool saturate, long double value, uint64_t *bits)
{
    const struct ref_type *t = &types[type];
    uint64_t sign = signbit(value) ? UINT64_C(1) << (t->bits - 1) : 0;
    uint64_t largest = ref_largest(type);
    uint64_t exponent_bits = ((UINT64_C(1) << (t->bits - 1 - t->low)) - 1) << t->low;
    uint64_t nan = 0;
    switch (t->top) {
    case TOP_IEEE:
        nan = sign | exponent_bits | UINT64_C(1) << (t->low - 1);
        break;
    case TOP_NAN:
        nan = sign | (largest + 1);
        break;
    case TOP_FNUZ:
        nan = UINT64_C(1) << (t->bits - 1);
        break;
    case TOP_NONE:
        nan = sign ? 0 : 8;
        break;
    }
    if (isnan(value)) {
        *bits = nan;
        return;
    }
    long double magnitude = fabsl(value);
    long double edge = middle_after(t, largest);
    bool largest_is_odd = largest & 1;
    if (magnitude > edge || (magnitude == edge && largest_is_odd)) {
        uint64_t over = t->top == TOP_IEEE ? sign | (largest + 1) : nan;
        *bits = saturate || t->top == TOP_NONE ? sign | largest : over;
        return;
    }
    uint64_t low = 0; /* the largest pattern whose value is not above: in [low, high] */
    uint64_t high = largest;
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        if (magnitude_of(t, middle) <= magnitude) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    long double half = middle_after(t, low);
    if (low < largest && (magnitude > half || (magnitude == half && low & 1))) {
        low++;
    }
    *bits = t->top == TOP_FNUZ && low == 0 ? 0 : sign | low;
}

static void ends_of(const struct ref_type *t, long double *least, long double *most)
{
    *least = t->low ? -power((int)t->bits - 1) : 0;
    *most = power((int)t->bits - (int)t->low) - 1;
}

static bool encode_integer(enum dtype type, enum cast_mode mode, long double value, uint64_t *bits)
{
    const struct ref_type *t = &types[type];
    long double least;
    long double most;
    ends_of(t, &least, &most);
    uint64_t mask = t->bits == 64 ? UINT64_MAX : (UINT64_C(1) << t->bits) - 1;

    long double whole = truncl(value);
    if (mode == CAST_WRAP) {
        long double span = power((int)t->bits);
        whole -= floorl(whole / span) *
                 span; /* exact: a division by a power of two, a difference below 2^64 */
        *bits = (uint64_t)whole & mask;
        return true;
    }
    if (isnan(whole) || whole < least || whole > most) {
        if (mode == CAST_CHECKED) {
            return false;
        }
        whole = isnan(whole) ? 0 : whole < least ? least : most;
    }
    *bits = (whole < 0 ? (uint64_t)(int64_t)whole : (uint64_t)whole) & mask;
    return true;
}

bool ref_encode(enum dtype type, enum cast_mode mode, long double value, uint64_t *bits)
{
    switch (types[type].kind) {
    case 'f':
        encode_float(type, mode == CAST_SATURATE, value, bits);
        return true;
    case 'i':
        return encode_integer(type, mode, value, bits);
    case 'b':
        *bits = !(value == 0);
        return true;
    default:
        abort();
    }
}

bool ref_plannable(enum dtype from, enum dtype to, enum cast_mode mode)
{
    if (mode == CAST_WRAP) {
        return ref_is_integer(from) && ref_is_integer(to);
    }
    if (mode == CAST_CHECKED && ref_is_integer(from) && ref_is_integer(to)) {
        long double ends[4];
        ends_of(&types[from], &ends[0], &ends[1]);
        ends_of(&types[to], &ends[2], &ends[3]);
        return ends[0] >= ends[2] && ends[1] <= ends[3];
    }
    return true;
}

uint64_t ref_load(enum dtype type, const void *at)
{
    const uint8_t *bytes = at;
    uint64_t bits = 0;
    for (unsigned i = 0; i < ref_bytes(type); i++) {
        bits |= (uint64_t)bytes[i] << 8 * i;
    }
    return bits;
}

void ref_store(enum dtype type, uint64_t bits, void *at)
{
    uint8_t *bytes = at;
    for (unsigned i = 0; i < ref_bytes(type); i++) {
        bytes[i] = (uint8_t)(bits >> 8 * i);
    }
}
