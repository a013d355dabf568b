/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/cast_fast.h"

#include <string.h>

/* One element each, without branches and with comparisons of signed numbers of the element's size:
 * baseline x86-64 has vector code for no others. `limit` is the pattern that takes the place of all
 * larger ones: infinity, or the largest finite value when the cast saturates. */
#define ELEMENT static inline __attribute__((always_inline))

ELEMENT float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

ELEMENT uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

ELEMENT int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* a < b ? yes : no, of a and b not negative. By masks: with ?: gcc makes branches around floating
 * point operations, which may trap, and then no vector code. */
ELEMENT int32_t if_less(int32_t a, int32_t b, int32_t yes, int32_t no)
{
    int32_t mask = (a - b) >> 31;
    return (yes & mask) | (no & ~mask);
}

ELEMENT uint16_t float32_to_bfloat16(uint32_t x, int32_t limit)
{
    uint32_t m = x & 0x7fffffff;
    int32_t r = (int32_t)((m + 0x7fff + (m >> 16 & 1)) >> 16);
    r = (int32_t)m > 0x7f800000 ? 0x7fc0 : least(r, limit);
    return (uint16_t)((x >> 16 & 0x8000) | (uint32_t)r);
}

ELEMENT uint32_t bfloat16_to_float32(uint16_t x, int32_t limit)
{
    uint32_t wide = (uint32_t)x << 16;
    int32_t m = (int32_t)(wide & 0x7fffffff);
    m = m > 0x7f800000 ? 0x7fc00000 : least(m, limit);
    return (wide & 0x80000000) | (uint32_t)m;
}

/* Subnormals by the adder: the last bit of 0.5f has the weight of the last bit of a subnormal
 * float16. */
ELEMENT uint16_t float32_to_float16(uint32_t x, int32_t limit)
{
    uint32_t m = x & 0x7fffffff;
    int32_t normal = (int32_t)((m - ((127 - 15) << 23) + 0xfff + (m >> 13 & 1)) >> 13);
    int32_t subnormal = (int32_t)(bits_of(float_of(m) + 0.5f) - bits_of(0.5f));
    int32_t r = if_less((int32_t)m, (127 - 14) << 23, subnormal, normal);
    r = if_less(0x7f800000, (int32_t)m, 0x7e00, if_less(limit, r, limit, r));
    return (uint16_t)((x >> 16 & 0x8000) | (uint32_t)r);
}

ELEMENT uint32_t float16_to_float32(uint16_t x, int32_t limit)
{
    const uint32_t smallest = (127 - 14) << 23; /* the normal float16, 2^-14 */
    uint32_t wide = (uint32_t)(x & 0x7fff) << 13;
    int32_t m = (int32_t)wide;
    int32_t normal = (int32_t)(wide + ((127 - 15) << 23));
    int32_t subnormal = (int32_t)bits_of(float_of(wide + smallest) - float_of(smallest));
    int32_t r = if_less(m, 1 << 23, subnormal, normal);
    r = if_less(m, 31 << 23, r, limit);
    r = if_less(31 << 23, m, 0x7fc00000, r);
    return (uint32_t)(x & 0x8000) << 16 | (uint32_t)r;
}

ELEMENT uint32_t float64_to_float32(uint64_t x, int32_t limit)
{
    double value;
    memcpy(&value, &x, sizeof(value));
    int32_t m = (int32_t)(bits_of((float)value) & 0x7fffffff);
    m = m > 0x7f800000 ? 0x7fc00000 : least(m, limit);
    return ((uint32_t)(x >> 32) & 0x80000000) | (uint32_t)m;
}

/* Whether the value is a NaN or an infinity is seen in the 32 bits of the source. What replaces it
 * differs from it in the high half of the target; the largest value differs in the low half too,
 * which is all ones. */
ELEMENT uint64_t float32_to_float64(uint32_t x, int64_t limit)
{
    double value = (double)float_of(x);
    uint64_t wide;
    memcpy(&wide, &value, sizeof(wide));
    int32_t m = (int32_t)(x & 0x7fffffff);
    /* Sign-extended masks: no comparison of 64 bits. */
    uint64_t is_nan = (uint64_t)(int64_t) - (int32_t)(m > 0x7f800000);
    uint64_t is_infinite = (uint64_t)(int64_t) - (int32_t)(m == 0x7f800000);
    uint64_t r = wide & 0x7fffffffffffffff & ~(is_nan | is_infinite);
    r |= (is_nan & 0x7ff8000000000000) | (is_infinite & (uint64_t)limit);
    return (uint64_t)(x & 0x80000000) << 32 | r;
}

ELEMENT uint32_t int64_to_int32_wrap(uint64_t x, int32_t limit)
{
    (void)limit;
    return (uint32_t)x;
}

ELEMENT uint32_t int64_to_int32_saturate(uint64_t x, int32_t limit)
{
    int32_t high = (int32_t)(x >> 32);
    int32_t low = (int32_t)x;
    return (uint32_t)(high == low >> 31 ? low : (high >> 31) ^ limit);
}

/* Elements that need not be aligned. */
typedef uint16_t any16 __attribute__((aligned(1)));
typedef uint32_t any32 __attribute__((aligned(1)));
typedef uint64_t any64 __attribute__((aligned(1)));

/* Blocks of a constant count, since gcc's -O2 makes vector code of no others. */
enum { BLOCK = 64 };

#define BODY(from, to, limit_type, element)                                                        \
    (const void *restrict src, void *restrict dst, size_t count, limit_type limit)                 \
    {                                                                                              \
        const from *restrict in = src;                                                             \
        to *restrict out = dst;                                                                    \
        for (; count >= BLOCK; count -= BLOCK, in += BLOCK, out += BLOCK) {                        \
            for (size_t i = 0; i < BLOCK; i++) {                                                   \
                out[i] = element(in[i], limit);                                                    \
            }                                                                                      \
        }                                                                                          \
        for (size_t i = 0; i < count; i++) {                                                       \
            out[i] = element(in[i], limit);                                                        \
        }                                                                                          \
    }

/* For x86-64 a second time with AVX2, chosen when run. */
#if defined(__x86_64__)
#define LOOP(name, from, to, limit_type)                                                           \
    static void name##_base BODY(from, to, limit_type, name)                                       \
        __attribute__((target("avx2"))) static void name##_avx2                                    \
        BODY(from, to, limit_type, name)
#define RUN(name, limit)                                                                           \
    (__builtin_cpu_supports("avx2") ? name##_avx2 : name##_base)(src, dst, count, limit)
#else
#define LOOP(name, from, to, limit_type) static void name##_base BODY(from, to, limit_type, name)
#define RUN(name, limit)                 name##_base(src, dst, count, limit)
#endif

/* clang-format off */
LOOP(float32_to_bfloat16, any32, any16, int32_t)
LOOP(bfloat16_to_float32, any16, any32, int32_t)
LOOP(float32_to_float16, any32, any16, int32_t)
LOOP(float16_to_float32, any16, any32, int32_t)
LOOP(float64_to_float32, any64, any32, int32_t)
LOOP(float32_to_float64, any32, any64, int64_t)
LOOP(int64_to_int32_wrap, any64, any32, int32_t)
LOOP(int64_to_int32_saturate, any64, any32, int32_t)
/* clang-format on */

#define PAIR(from, to) ((unsigned)(from)*DTYPE_COUNT + (unsigned)(to))

bool cast_fast(enum dtype from, enum dtype to, enum cast_mode mode, const void *src, void *dst,
               size_t count)
{
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
        return false;
    }
    int saturate =
        mode == CAST_SATURATE; /* the largest finite pattern is the one before infinity */
    switch (PAIR(from, to)) {
    case PAIR(DTYPE_FLOAT32, DTYPE_BFLOAT16):
        RUN(float32_to_bfloat16, 0x7f80 - saturate);
        return true;
    case PAIR(DTYPE_BFLOAT16, DTYPE_FLOAT32):
        RUN(bfloat16_to_float32, 0x7f800000 - saturate);
        return true;
    case PAIR(DTYPE_FLOAT32, DTYPE_FLOAT16):
        RUN(float32_to_float16, 0x7c00 - saturate);
        return true;
    case PAIR(DTYPE_FLOAT16, DTYPE_FLOAT32):
        RUN(float16_to_float32, 0x7f800000 - saturate);
        return true;
    case PAIR(DTYPE_FLOAT64, DTYPE_FLOAT32):
        RUN(float64_to_float32, 0x7f800000 - saturate);
        return true;
    case PAIR(DTYPE_FLOAT32, DTYPE_FLOAT64):
        RUN(float32_to_float64, 0x7ff0000000000000 - saturate);
        return true;
    case PAIR(DTYPE_INT64, DTYPE_INT32):
        if (saturate) {
            RUN(int64_to_int32_saturate, INT32_MAX);
        } else if (mode == CAST_WRAP) {
            RUN(int64_to_int32_wrap, 0);
        }
        return mode != CAST_CHECKED;
    default:
        return false;
    }
}

/* `width` is a constant where it is called, so that the copy is a move. */
ELEMENT void look_up(const struct cast_bytes *table, size_t width, const uint8_t *src, uint8_t *dst,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(dst + i * width, table->to + src[i] * width, width);
    }
}

errint cast_bytes_run(const struct cast_bytes *table, const void *src, void *dst, size_t count)
{
    const uint8_t *in = src;
    unsigned unfit = 0;
    for (size_t i = 0; table->any_unfit && i < count; i++) {
        unfit |= table->unfit[in[i]];
    }
    if (unfit) {
        return -ERANGE;
    }
    switch (table->width) {
    case 1:
        look_up(table, 1, in, dst, count);
        break;
    case 2:
        look_up(table, 2, in, dst, count);
        break;
    case 4:
        look_up(table, 4, in, dst, count);
        break;
    case 8:
        look_up(table, 8, in, dst, count);
        break;
    default:
        look_up(table, 16, in, dst, count);
        break;
    }
    return 0;
}
