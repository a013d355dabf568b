/* SPDX-License-Identifier: Apache-2.0 */
/* One real number between decoding and encoding, exact: what every cast is made of (rules: cast.h).
 *
 *   value = (-1)^negative * significand * 2^exponent
 *
 * Every finite element of every real type has that form with a significand of 64 bits: an integer
 * has exponent 0, a float has the weight of its last mantissa bit. So decoding never rounds, and
 * encoding does once. */
#ifndef CKPTFS_TENSOR_CAST_NUMBER_H
#define CKPTFS_TENSOR_CAST_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "tensor/cast.h"
#include "tensor/dtype.h"

enum cast_class { CAST_ZERO, CAST_FINITE, CAST_INFINITY, CAST_NAN };

struct cast_number {
    uint8_t class; /* enum cast_class */
    bool negative; /* zeros and NaNs have a sign too */
    int16_t exponent;
    uint64_t significand; /* not 0 in CAST_FINITE, else of no meaning */
};

enum cast_kind { CAST_NO_REAL, CAST_BOOL, CAST_INTEGER, CAST_FLOAT };

/* A float format; element = sign | exponent | mantissa from the top bit down. */
struct cast_format {
    uint8_t bits;
    uint8_t exponent_bits;
    uint8_t mantissa_bits;
    int16_t bias;
    bool has_infinity; /* all exponent bits set: infinity or NaN, as in IEEE 754 */
    bool fnuz;         /* the sign alone set is the NaN; no -0 */
    bool saturates;    /* no NaN, no infinity: what is too large takes the largest value */
    uint64_t nan; /* pattern written for a positive NaN; a negative one has the sign bit inverted,
                     but in fnuz */
    uint64_t largest; /* pattern of the largest finite value */
};

struct cast_real {
    uint8_t kind;  /* enum cast_kind */
    uint8_t bytes; /* an element's, 1, 2, 4 or 8 */
    uint8_t bits;  /* of it that count */
    bool is_signed;
    struct cast_format format; /* CAST_FLOAT */
};

/* cast_real_of: how elements of the type are encoded; of kind CAST_NO_REAL if it is no real
 * type. */
const struct cast_real *cast_real_of(enum dtype dtype);

/* cast_decode: the number at src, which need not be aligned. */
struct cast_number cast_decode(const struct cast_real *type, const void *src);

/* cast_encode: the number as an element at dst. CAST_WRAP is for an integer that came from one.
 * Returns 0, or -ERANGE when in CAST_CHECKED it does not fit an integer; dst is then unchanged. */
MUST_CHECK errint cast_encode(const struct cast_real *type, enum cast_mode mode,
                              struct cast_number number, void *dst);

/* cast_each: cast_run between real types, element by element; it defines what the loops of
 * cast_fast.h have to give. */
MUST_CHECK errint cast_each(const struct cast_real *from, const struct cast_real *to,
                            enum cast_mode mode, const void *src, void *dst, size_t count);

#endif
