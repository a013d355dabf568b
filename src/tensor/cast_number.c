/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/cast_number.h"

#include <endian.h>
#include <string.h>

/* All in one loop, so that what is known of the types is so in it. */
#define INLINE static inline __attribute__((always_inline))

#define BOOLEAN                                                                                    \
    {                                                                                              \
        .kind = CAST_BOOL, .bytes = 1, .bits = 8                                                   \
    }
#define SIGNED(n)                                                                                  \
    {                                                                                              \
        .kind = CAST_INTEGER, .bytes = ((n) + 7) / 8, .bits = (n), .is_signed = true               \
    }
#define UNSIGNED(n)                                                                                \
    {                                                                                              \
        .kind = CAST_INTEGER, .bytes = ((n) + 7) / 8, .bits = (n)                                  \
    }
#define FLOAT(n, ...)                                                                              \
    {                                                                                              \
        .kind = CAST_FLOAT, .bytes = ((n) + 7) / 8, .bits = (n), .format = {(n), __VA_ARGS__ }     \
    }

static const struct cast_real reals[DTYPE_COUNT] = {
    [DTYPE_BOOL] = BOOLEAN,
    [DTYPE_INT8] = SIGNED(8),
    [DTYPE_INT16] = SIGNED(16),
    [DTYPE_INT32] = SIGNED(32),
    [DTYPE_INT64] = SIGNED(64),
    [DTYPE_UINT8] = UNSIGNED(8),
    [DTYPE_UINT16] = UNSIGNED(16),
    [DTYPE_UINT32] = UNSIGNED(32),
    [DTYPE_UINT64] = UNSIGNED(64),
    [DTYPE_QINT8] = SIGNED(8),
    [DTYPE_QINT16] = SIGNED(16),
    [DTYPE_QINT32] = SIGNED(32),
    [DTYPE_QUINT8] = UNSIGNED(8),
    [DTYPE_QUINT16] = UNSIGNED(16),
    [DTYPE_INT4] = SIGNED(4),
    [DTYPE_INT2] = SIGNED(2),
    [DTYPE_UINT4] = UNSIGNED(4),
    [DTYPE_UINT2] = UNSIGNED(2),
    /*                       bits, exponent, mantissa, bias; infinity, fnuz, saturates; NaN,
     * largest */
    [DTYPE_FLOAT64] =
        FLOAT(64, 11, 52, 1023, true, false, false, 0x7ff8000000000000, 0x7fefffffffffffff),
    [DTYPE_FLOAT32] = FLOAT(32, 8, 23, 127, true, false, false, 0x7fc00000, 0x7f7fffff),
    [DTYPE_FLOAT16] = FLOAT(16, 5, 10, 15, true, false, false, 0x7e00, 0x7bff),
    [DTYPE_BFLOAT16] = FLOAT(16, 8, 7, 127, true, false, false, 0x7fc0, 0x7f7f),
    [DTYPE_FLOAT8_E5M2] = FLOAT(8, 5, 2, 15, true, false, false, 0x7e, 0x7b),
    [DTYPE_FLOAT8_E4M3FN] = FLOAT(8, 4, 3, 7, false, false, false, 0x7f, 0x7e),
    [DTYPE_FLOAT8_E4M3FNUZ] = FLOAT(8, 4, 3, 8, false, true, false, 0x80, 0x7f),
    [DTYPE_FLOAT8_E4M3B11FNUZ] = FLOAT(8, 4, 3, 11, false, true, false, 0x80, 0x7f),
    [DTYPE_FLOAT8_E5M2FNUZ] = FLOAT(8, 5, 2, 16, false, true, false, 0x80, 0x7f),
    [DTYPE_FLOAT4_E2M1FN] = FLOAT(4, 2, 1, 1, false, false, true, 0x8, 0x7),
};

const struct cast_real *cast_real_of(enum dtype dtype)
{
    return &reals[dtype < DTYPE_COUNT ? dtype : DTYPE_INVALID];
}

/* The lowest `n` bits set, n from 1 to 64. */
INLINE uint64_t ones(unsigned n)
{
    return UINT64_MAX >> (64 - n);
}

INLINE uint64_t load(unsigned bytes, const void *src)
{
    uint64_t raw = 0;
    switch (bytes) {
    case 1:
        memcpy(&raw, src, 1);
        break;
    case 2:
        memcpy(&raw, src, 2);
        break;
    case 4:
        memcpy(&raw, src, 4);
        break;
    default:
        memcpy(&raw, src, 8);
        break;
    }
    return le64toh(raw);
}

INLINE void store(unsigned bytes, uint64_t raw, void *dst)
{
    raw = htole64(raw);
    switch (bytes) {
    case 1:
        memcpy(dst, &raw, 1);
        break;
    case 2:
        memcpy(dst, &raw, 2);
        break;
    case 4:
        memcpy(dst, &raw, 4);
        break;
    default:
        memcpy(dst, &raw, 8);
        break;
    }
}

INLINE struct cast_number decode_integer(const struct cast_real *type, uint64_t raw)
{
    bool negative = type->is_signed && raw >> (type->bits - 1) & 1;
    uint64_t all =
        -(uint64_t)negative; /* no branch either; the magnitude is ~raw + 1 when negative */
    uint64_t magnitude = ((raw ^ all) & ones(type->bits)) + negative;
    return (struct cast_number){magnitude ? CAST_FINITE : CAST_ZERO, negative, 0, magnitude};
}

INLINE struct cast_number decode_float(const struct cast_format *f, uint64_t raw)
{
    uint64_t magnitude = raw & ones(f->bits - 1);
    unsigned exponent = (unsigned)(magnitude >> f->mantissa_bits);
    uint64_t mantissa = magnitude & ones(f->mantissa_bits);
    struct cast_number n = {.class = CAST_FINITE, .negative = raw >> (f->bits - 1) & 1};

    if (f->has_infinity && exponent == ones(f->exponent_bits)) {
        n.class = mantissa ? CAST_NAN : CAST_INFINITY;
    } else if (f->fnuz ? n.negative && magnitude == 0 : magnitude > f->largest) {
        n.class = CAST_NAN;
    } else if (magnitude == 0) {
        n.class = CAST_ZERO;
    } else {
        n.significand = mantissa | (uint64_t)(exponent != 0) << f->mantissa_bits;
        n.exponent = (int16_t)((exponent ? (int)exponent : 1) - f->bias - f->mantissa_bits);
    }
    return n;
}

INLINE struct cast_number decode(const struct cast_real *type, const void *src)
{
    uint64_t raw = load(type->bytes, src);
    switch ((enum cast_kind)type->kind) {
    case CAST_FLOAT:
        return decode_float(&type->format, raw);
    case CAST_INTEGER:
        return decode_integer(type, raw);
    case CAST_BOOL:
    case CAST_NO_REAL:
        break;
    }
    return (struct cast_number){raw ? CAST_FINITE : CAST_ZERO, false, 0, 1};
}

/* The magnitude's pattern as if the exponent had no upper end. Patterns are in the order of their
 * values, the successor of a pattern is the next larger value, also from subnormal to normal and
 * from one exponent to the next. So a mantissa rounded up may simply carry. */
INLINE uint64_t round_to_pattern(const struct cast_format *f, uint64_t significand, int exponent)
{
    unsigned lead = __builtin_clzll(significand);
    significand <<= lead;
    exponent -= (int)lead;

    int top = exponent + 63; /* 2^top is the first bit of the value */
    int lowest = 1 - f->bias;
    int drop = (top > lowest ? top : lowest) - f->mantissa_bits -
               exponent; /* bits below the last kept, >= 11 */
    if (drop > 64) {
        return 0; /* less than half of the smallest value */
    }
    uint64_t kept = drop == 64 ? 0 : significand >> drop;
    uint64_t below = significand << (64 - drop); /* their fraction of 2^64 */
    uint64_t half = UINT64_C(1) << 63;
    kept += (below > half) |
            ((below == half) & kept & 1); /* no branch: as often the one as the other */
    return top > lowest ? ((uint64_t)(top - lowest) << f->mantissa_bits) + kept : kept;
}

INLINE uint64_t encode_float(const struct cast_format *f, bool saturate, struct cast_number n)
{
    uint64_t sign = (uint64_t)n.negative << (f->bits - 1);
    if (n.class == CAST_NAN) {
        return f->fnuz ? f->nan : f->nan ^ sign;
    }
    uint64_t magnitude = UINT64_MAX;
    if (n.class == CAST_ZERO) {
        magnitude = 0;
    } else if (n.class == CAST_FINITE) {
        magnitude = round_to_pattern(f, n.significand, n.exponent);
    }
    if (magnitude > f->largest) {
        if (saturate || f->saturates) {
            magnitude = f->largest;
        } else if (f->has_infinity) {
            magnitude = f->largest + 1;
        } else {
            return f->fnuz ? f->nan : f->nan ^ sign;
        }
    }
    return f->fnuz && magnitude == 0 ? 0 : magnitude | sign;
}

INLINE errint encode_integer(const struct cast_real *type, enum cast_mode mode,
                             struct cast_number n, uint64_t *raw)
{
    uint64_t most = ones(type->bits - type->is_signed);
    uint64_t least = type->is_signed ? most + 1 : 0; /* magnitude of the lower end */
    uint64_t limit = n.negative ? least : most;
    uint64_t magnitude = 0;
    bool fits = true;

    if (n.class == CAST_FINITE && n.exponent <= 0) {
        magnitude = n.exponent > -64 ? n.significand >> -n.exponent : 0;
    } else if (n.class == CAST_FINITE) {
        fits = n.exponent <= (int)__builtin_clzll(n.significand);
        magnitude = fits ? n.significand << n.exponent : 0;
    } else if (n.class != CAST_ZERO) {
        fits = false;
    }
    if (mode != CAST_WRAP && (!fits || magnitude > limit)) {
        if (mode == CAST_CHECKED) {
            return -ERANGE;
        }
        magnitude = n.class == CAST_NAN ? 0 : limit;
    }
    *raw = (n.negative ? -magnitude : magnitude) & ones(type->bits);
    return 0;
}

INLINE errint encode(const struct cast_real *type, enum cast_mode mode, struct cast_number n,
                     void *dst)
{
    uint64_t raw = n.class != CAST_ZERO;
    if (type->kind == CAST_FLOAT) {
        raw = encode_float(&type->format, mode == CAST_SATURATE, n);
    } else if (type->kind == CAST_INTEGER) {
        errint rc = encode_integer(type, mode, n, &raw);
        if (rc) {
            return rc;
        }
    }
    store(type->bytes, raw, dst);
    return 0;
}

struct cast_number cast_decode(const struct cast_real *type, const void *src)
{
    return decode(type, src);
}

errint cast_encode(const struct cast_real *type, enum cast_mode mode, struct cast_number number,
                   void *dst)
{
    return encode(type, mode, number, dst);
}

INLINE errint each(const struct cast_real *from, const struct cast_real *to, enum cast_mode mode,
                   const void *src, void *dst, size_t count)
{
    const uint8_t *in = src;
    uint8_t *out = dst;
    for (size_t i = 0; i < count; i++, in += from->bytes, out += to->bytes) {
        errint rc = encode(to, mode, decode(from, in), out);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

errint cast_each(const struct cast_real *from, const struct cast_real *to, enum cast_mode mode,
                 const void *src, void *dst, size_t count)
{
    const struct cast_real target =
        *to; /* a copy, so that the compiler knows that stores leave it alone */
    /* Loops of their own for the sources of most bytes, in which their format is constant. */
    if (from == &reals[DTYPE_FLOAT32]) {
        return each(&reals[DTYPE_FLOAT32], &target, mode, src, dst, count);
    }
    if (from == &reals[DTYPE_BFLOAT16]) {
        return each(&reals[DTYPE_BFLOAT16], &target, mode, src, dst, count);
    }
    if (from == &reals[DTYPE_FLOAT16]) {
        return each(&reals[DTYPE_FLOAT16], &target, mode, src, dst, count);
    }
    const struct cast_real source = *from;
    return each(&source, &target, mode, src, dst, count);
}
