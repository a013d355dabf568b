/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/numbers.h"

#include <math.h>
#include <string.h>

#include "compare/lanes.h"
#include "tensor/cast.h"

unsigned numbers_each(enum dtype dtype)
{
    switch (dtype_kind(dtype)) {
    case DTYPE_KIND_OTHER:
        return 0;
    case DTYPE_KIND_COMPLEX:
        return 2;
    default:
        return 1;
    }
}

/* A cast to float64, which fits whatever the value is. */
static void cast(enum dtype from, const void *src, size_t count, double *out)
{
    if (cast_run(from, DTYPE_FLOAT64, CAST_CHECKED, src, out, count) < 0) {
        memset(out, 0xff, count * sizeof(*out)); /* NaN: no type has such a value */
    }
}

void numbers_begin(struct numbers *n, enum dtype dtype)
{
    n->dtype = dtype;
    if (dtype_bytes(dtype) == 1) {
        uint8_t all[256];
        for (unsigned i = 0; i < sizeof(all); i++) {
            all[i] = (uint8_t)i;
        }
        cast(dtype, all, sizeof(all), n->table);
    }
}

/* Elements that need not be aligned. */
typedef int16_t any_int16 __attribute__((aligned(1)));
typedef uint16_t any_uint16 __attribute__((aligned(1)));
typedef int32_t any_int32 __attribute__((aligned(1)));
typedef uint32_t any_uint32 __attribute__((aligned(1)));
typedef int64_t any_int64 __attribute__((aligned(1)));
typedef uint64_t any_uint64 __attribute__((aligned(1)));

/* As most are. */
LANES_INLINE void widen(const void *src, size_t count, double *out)
{
    typedef float singles __attribute__((vector_size(4 * LANES)));
    const char *bytes = src;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        singles v;
        memcpy(&v, bytes + i * sizeof(float), sizeof(v));
        lanes wide = __builtin_convertvector(v, lanes);
        memcpy(out + i, &wide, sizeof(wide));
    }
    for (; i < count; i++) {
        float v;
        memcpy(&v, bytes + i * sizeof(v), sizeof(v));
        out[i] = (double)v;
    }
}

LANES_LOOP(void, widen, (const void *src, size_t count, double *out), (src, count, out))

#define CONVERT(type)                                                                              \
    for (size_t i = 0; i < count; i++) {                                                           \
        out[i] = (double)((const type *)src)[i];                                                   \
    }

/* 16-bit floats by way of float32, for which there are fast loops. */
static void read_half(enum dtype dtype, const void *src, size_t count, double *out)
{
    float wide[NUMBERS_BLOCK];
    if (cast_run(dtype, DTYPE_FLOAT32, CAST_CHECKED, src, wide, count) == 0) {
        widen_run(wide, count, out);
    }
}

void numbers_read(const struct numbers *n, const void *src, size_t count, double *out)
{
    if (dtype_bytes(n->dtype) == 1) {
        const uint8_t *bytes = src;
        for (size_t i = 0; i < count; i++) {
            out[i] = n->table[bytes[i]];
        }
        return;
    }
    switch (n->dtype) {
    case DTYPE_INT16:
    case DTYPE_QINT16:
        CONVERT(any_int16)
        return;
    case DTYPE_UINT16:
    case DTYPE_QUINT16:
        CONVERT(any_uint16)
        return;
    case DTYPE_INT32:
    case DTYPE_QINT32:
        CONVERT(any_int32)
        return;
    case DTYPE_UINT32:
        CONVERT(any_uint32)
        return;
    case DTYPE_INT64:
        CONVERT(any_int64)
        return;
    case DTYPE_UINT64:
        CONVERT(any_uint64)
        return;
    case DTYPE_FLOAT16:
    case DTYPE_BFLOAT16:
        read_half(n->dtype, src, count, out);
        return;
    case DTYPE_COMPLEX64:
        widen_run(src, 2 * count, out);
        return;
    case DTYPE_FLOAT32:
        widen_run(src, count, out);
        return;
    case DTYPE_FLOAT64:
        memcpy(out, src, count * sizeof(*out));
        return;
    case DTYPE_COMPLEX128:
        memcpy(out, src, 2 * count * sizeof(*out));
        return;
    default:
        cast(n->dtype, src, count, out);
    }
}

void numbers_magnitudes(const double *parts, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++) {
        double real = parts[2 * i];
        double imaginary = parts[2 * i + 1];
        out[i] = isnan(real) || isnan(imaginary) ? (double)NAN : hypot(real, imaginary);
    }
}
