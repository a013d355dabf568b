/* SPDX-License-Identifier: Apache-2.0 */
/* Floating point types of at most 16 bits: sign, exponent, mantissa, decoded exactly.
 *
 * binary16 and bfloat16 are of IEEE 754's form. The others follow the ml_dtypes package, which
 * TensorFlow uses: in their names e5m2 is 5 bits of exponent and 2 of mantissa, fn "finite and NaN"
 * (no infinity), uz "unsigned zero" (the bits of -0 are the one NaN), b11 a bias of 11. */
#ifndef CKPTFS_TENSOR_SMALLFLOAT_H
#define CKPTFS_TENSOR_SMALLFLOAT_H

#include <stdint.h>

enum smallfloat_specials {
    SMALLFLOAT_IEEE, /* all exponent bits set: infinity or NaN */
    SMALLFLOAT_FN,   /* all bits but the sign set: NaN */
    SMALLFLOAT_FNUZ, /* the sign alone set: NaN */
    SMALLFLOAT_NONE, /* every pattern is a number */
};

struct smallfloat {
    uint8_t exponent_bits;
    uint8_t mantissa_bits;
    uint8_t bias;
    uint8_t specials; /* enum smallfloat_specials */
};

/* smallfloat_of: how elements of `dtype` are encoded; NULL if it is no such type. */
const struct smallfloat *smallfloat_of(unsigned dtype);

/* smallfloat_value: the value of the pattern; bits above those of the type are ignored. Exact. */
double smallfloat_value(const struct smallfloat *type, unsigned bits);

/* smallfloat_bounds: for a finite pattern other than zero, the reals *low and *high: every decimal
 * between them, both excluded, is nearer to the pattern's magnitude than to any other value of the
 * type. */
void smallfloat_bounds(const struct smallfloat *type, unsigned bits, double *low, double *high);

#endif
