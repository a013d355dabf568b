/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/cast.h"

#include <stdio.h>
#include <string.h>

#include "tensor/cast_fast.h"
#include "tensor/cast_number.h"

/* From how many elements of a byte on a table of all 256 pays. */
enum { TABLE_COUNT = 1024 };

/* The type of a complex type's two parts; DTYPE_INVALID if it is none. */
static enum dtype part_of(enum dtype dtype)
{
    switch (dtype) {
    case DTYPE_COMPLEX64:
        return DTYPE_FLOAT32;
    case DTYPE_COMPLEX128:
        return DTYPE_FLOAT64;
    default:
        return DTYPE_INVALID;
    }
}

static bool is_real(enum dtype dtype)
{
    return cast_real_of(dtype)->kind != CAST_NO_REAL;
}

static bool is_integer(enum dtype dtype)
{
    return cast_real_of(dtype)->kind == CAST_INTEGER;
}

/* Whether every integer of type `from` is one of type `to`. */
static bool holds_all(enum dtype from, enum dtype to)
{
    const struct cast_real *f = cast_real_of(from);
    const struct cast_real *t = cast_real_of(to);
    if (f->is_signed) {
        return t->is_signed && f->bits <= t->bits;
    }
    return f->bits <= t->bits - t->is_signed;
}

const char *cast_refusal(enum dtype from, enum dtype to, enum cast_mode mode)
{
    static _Thread_local char words[160];
    const char *source = dtype_name(from);
    const char *target = dtype_name(to);

    if (!is_real(from) && !part_of(from)) {
        snprintf(words, sizeof(words), "%s is not numeric and cannot be cast", source);
    } else if (!is_real(to) && !part_of(to)) {
        snprintf(words, sizeof(words), "nothing can be cast to %s, which is not numeric", target);
    } else if (part_of(from) && !part_of(to) && to != DTYPE_BOOL) {
        snprintf(words, sizeof(words), "%s does not fit %s, which has no imaginary part", source,
                 target);
    } else if (mode == CAST_WRAP && !(is_integer(from) && is_integer(to))) {
        snprintf(words, sizeof(words),
                 "only integers wrap, and %s to %s is no cast of integers to integers", source,
                 target);
    } else if (mode == CAST_CHECKED && is_integer(from) && is_integer(to) && !holds_all(from, to)) {
        snprintf(words, sizeof(words),
                 "%s does not fit %s; say `| cast %s saturate` or `| cast %s wrap`", source, target,
                 target, target);
    } else {
        return NULL;
    }
    return words;
}

uint64_t cast_integers_held(enum dtype from, enum dtype to)
{
    const struct cast_real *f = cast_real_of(from);
    const struct cast_real *t = cast_real_of(part_of(to) ? part_of(to) : to);
    if (f->kind != CAST_INTEGER || t->kind != CAST_FLOAT) {
        return 0;
    }
    /* In every type the exponents reach as far as the bits of a significand. */
    int significand = t->format.mantissa_bits + 1;
    return f->bits - f->is_signed > significand ? UINT64_C(1) << significand : 0;
}

/* The real part is cast, the imaginary one +0, whose bytes are all zero. */
static errint real_to_complex(enum dtype from, enum dtype to, enum cast_mode mode,
                              const uint8_t *src, uint8_t *dst, size_t count)
{
    const struct cast_real *source = cast_real_of(from);
    const struct cast_real *part = cast_real_of(part_of(to));
    for (size_t i = 0; i < count; i++, src += source->bytes, dst += 2 * part->bytes) {
        errint rc = cast_encode(part, mode, cast_decode(source, src), dst);
        if (rc) {
            return rc;
        }
        memset(dst + part->bytes, 0, part->bytes);
    }
    return 0;
}

static void complex_to_bool(enum dtype from, const uint8_t *src, uint8_t *dst, size_t count)
{
    const struct cast_real *part = cast_real_of(part_of(from));
    for (size_t i = 0; i < count; i++, src += 2 * part->bytes) {
        dst[i] = cast_decode(part, src).class != CAST_ZERO ||
                 cast_decode(part, src + part->bytes).class != CAST_ZERO;
    }
}

/* From a real type, element by element. */
static errint cast_elements(enum dtype from, enum dtype to, enum cast_mode mode, const void *src,
                            void *dst, size_t count)
{
    if (part_of(to)) {
        return real_to_complex(from, to, mode, src, dst, count);
    }
    return cast_each(cast_real_of(from), cast_real_of(to), mode, src, dst, count);
}

static errint by_table(enum dtype from, enum dtype to, enum cast_mode mode, const void *src,
                       void *dst, size_t count)
{
    struct cast_bytes table = {.width = dtype_bytes(to)};
    for (unsigned i = 0; i < 256; i++) {
        uint8_t element = (uint8_t)i;
        bool unfit = cast_elements(from, to, mode, &element, table.to + i * table.width, 1) != 0;
        table.unfit[i] = unfit;
        table.any_unfit |= unfit;
    }
    return cast_bytes_run(&table, src, dst, count);
}

errint cast_run(enum dtype from, enum dtype to, enum cast_mode mode, const void *src, void *dst,
                size_t count)
{
    if (count == 0) {
        return 0;
    }
    if (from == to) {
        memcpy(dst, src, count * dtype_bytes(from));
        return 0;
    }
    if (part_of(from) && to == DTYPE_BOOL) {
        complex_to_bool(from, src, dst, count);
        return 0;
    }
    if (part_of(from)) { /* to the other complex type, which is twice as many parts */
        from = part_of(from);
        to = part_of(to);
        count *= 2;
    }
    if (cast_fast(from, to, mode, src, dst, count)) {
        return 0;
    }
    if (dtype_bytes(from) == 1 && count >= TABLE_COUNT) {
        return by_table(from, to, mode, src, dst, count);
    }
    return cast_elements(from, to, mode, src, dst, count);
}
