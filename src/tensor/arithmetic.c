/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/arithmetic.h"

#include <string.h>

#include "tensor/cast.h"

bool arithmetic_takes(enum dtype dtype)
{
    enum dtype_kind kind = dtype_kind(dtype);
    return kind == DTYPE_KIND_FLOAT || kind == DTYPE_KIND_INTEGER || kind == DTYPE_KIND_COMPLEX;
}

static bool of_integers(const struct arithmetic_sums *s)
{
    return dtype_kind(s->dtype) == DTYPE_KIND_INTEGER;
}

/* The type of the parts that are computed with, and how many there are. */
static enum dtype part_dtype(const struct arithmetic_sums *s, size_t *count)
{
    *count = s->count;
    if (dtype_kind(s->dtype) != DTYPE_KIND_COMPLEX) {
        return s->dtype;
    }
    *count *= 2;
    return s->dtype == DTYPE_COMPLEX64 ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
}

void arithmetic_begin(struct arithmetic_sums *s, enum arithmetic kind, enum dtype dtype,
                      size_t count)
{
    s->kind = kind;
    s->dtype = dtype;
    s->count = count;
    s->inputs = 0;
}

/* ---- floats ---------------------------------------------------------------------------------- */

/* Elements as float64: every float type fits. */
static void widen(enum dtype dtype, const void *elements, double *out, size_t count)
{
    if (dtype == DTYPE_FLOAT32) {
        const char *from = elements;
        for (size_t i = 0; i < count; i++) {
            float x;
            memcpy(&x, from + i * sizeof(x), sizeof(x));
            out[i] = x;
        }
    } else if (cast_run(dtype, DTYPE_FLOAT64, CAST_CHECKED, elements, out, count) < 0) {
        memset(out, 0xff, count * sizeof(*out)); /* never: no float is out of its range */
    }
}

static void add_floats(struct arithmetic_sums *s, const void *elements)
{
    double more[2 * ARITHMETIC_BLOCK];
    size_t count;
    enum dtype dtype = part_dtype(s, &count);
    if (s->inputs == 0) {
        widen(dtype, elements, s->floats, count);
        return;
    }
    widen(dtype, elements, more, count);
    if (s->kind == ARITHMETIC_SUB) {
        for (size_t i = 0; i < count; i++) {
            s->floats[i] -= more[i];
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            s->floats[i] += more[i];
        }
    }
}

static errint end_floats(struct arithmetic_sums *s, const struct number *number, void *out)
{
    size_t count;
    enum dtype dtype = part_dtype(s, &count);
    size_t step = dtype == s->dtype ? 1 : 2; /* a number that is added has no imaginary part */
    if (s->kind == ARITHMETIC_SCALE) {
        for (size_t i = 0; i < count; i++) {
            s->floats[i] *= number->real;
        }
    } else if (s->kind == ARITHMETIC_ADD) {
        for (size_t i = 0; i < count; i += step) {
            s->floats[i] += number->real;
        }
    } else if (s->kind == ARITHMETIC_MEAN) {
        for (size_t i = 0; i < count; i++) {
            s->floats[i] /= (double)s->inputs;
        }
    }
    return cast_run(DTYPE_FLOAT64, dtype, CAST_CHECKED, s->floats, out, count);
}

/* ---- integers -------------------------------------------------------------------------------- */

static void add_integers(struct arithmetic_sums *s, const void *elements)
{
    uint64_t wide[ARITHMETIC_BLOCK];
    bool is_u64 = s->dtype == DTYPE_UINT64;
    if (cast_run(s->dtype, is_u64 ? DTYPE_UINT64 : DTYPE_INT64, CAST_CHECKED, elements, wide,
                 s->count) < 0) {
        memset(wide, 0, sizeof(wide)); /* never: all of them fit */
    }
    for (size_t i = 0; i < s->count; i++) {
        __int128 x = is_u64 ? (__int128)wide[i] : (__int128)(int64_t)wide[i];
        if (s->inputs == 0) {
            s->integers[i] = x;
        } else {
            s->integers[i] += s->kind == ARITHMETIC_SUB ? -x : x;
        }
    }
}

static __int128 finish_integer(const struct arithmetic_sums *s, const struct number *number,
                               __int128 x)
{
    switch (s->kind) {
    case ARITHMETIC_SCALE:
        return x * number->integer;
    case ARITHMETIC_ADD:
        return x + number->integer;
    case ARITHMETIC_MEAN:
        return x / s->inputs;
    case ARITHMETIC_SUM:
    case ARITHMETIC_SUB:
        break;
    }
    return x;
}

static errint end_integers(struct arithmetic_sums *s, const struct number *number, void *out)
{
    uint64_t wide[ARITHMETIC_BLOCK];
    bool is_u64 = s->dtype == DTYPE_UINT64;
    __int128 least = is_u64 ? 0 : (__int128)INT64_MIN;
    __int128 most = is_u64 ? (__int128)UINT64_MAX : (__int128)INT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        __int128 x = finish_integer(s, number, s->integers[i]);
        if (x < least || x > most) {
            return -ERANGE;
        }
        wide[i] = (uint64_t)x;
    }
    return cast_run(is_u64 ? DTYPE_UINT64 : DTYPE_INT64, s->dtype, CAST_CHECKED, wide, out,
                    s->count);
}

void arithmetic_input(struct arithmetic_sums *s, const void *elements)
{
    if (of_integers(s)) {
        add_integers(s, elements);
    } else {
        add_floats(s, elements);
    }
    s->inputs++;
}

errint arithmetic_end(struct arithmetic_sums *s, const struct number *number, void *out)
{
    return of_integers(s) ? end_integers(s, number, out) : end_floats(s, number, out);
}
