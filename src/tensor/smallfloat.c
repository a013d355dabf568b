/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/smallfloat.h"

#include <math.h>
#include <stddef.h>

#include "tensor/dtype.h"

static const struct smallfloat types[DTYPE_COUNT] = {
    [DTYPE_FLOAT16] = {5, 10, 15, SMALLFLOAT_IEEE},
    [DTYPE_BFLOAT16] = {8, 7, 127, SMALLFLOAT_IEEE},
    [DTYPE_FLOAT8_E5M2] = {5, 2, 15, SMALLFLOAT_IEEE},
    [DTYPE_FLOAT8_E4M3FN] = {4, 3, 7, SMALLFLOAT_FN},
    [DTYPE_FLOAT8_E4M3FNUZ] = {4, 3, 8, SMALLFLOAT_FNUZ},
    [DTYPE_FLOAT8_E4M3B11FNUZ] = {4, 3, 11, SMALLFLOAT_FNUZ},
    [DTYPE_FLOAT8_E5M2FNUZ] = {5, 2, 16, SMALLFLOAT_FNUZ},
    [DTYPE_FLOAT4_E2M1FN] = {2, 1, 1, SMALLFLOAT_NONE},
};

const struct smallfloat *smallfloat_of(unsigned dtype)
{
    return dtype < DTYPE_COUNT && types[dtype].exponent_bits ? &types[dtype] : NULL;
}

double smallfloat_value(const struct smallfloat *type, unsigned bits)
{
    unsigned sign_bit = 1u << (type->exponent_bits + type->mantissa_bits);
    unsigned mantissa_top = 1u << type->mantissa_bits;
    unsigned exponent_top = (1u << type->exponent_bits) - 1;
    unsigned magnitude = bits & (sign_bit - 1);
    unsigned exponent = magnitude >> type->mantissa_bits;
    unsigned mantissa = magnitude & (mantissa_top - 1);
    double sign = bits & sign_bit ? -1.0 : 1.0;

    if ((type->specials == SMALLFLOAT_FN && magnitude == sign_bit - 1) ||
        (type->specials == SMALLFLOAT_FNUZ && magnitude == 0 && bits & sign_bit)) {
        return NAN;
    }
    if (type->specials == SMALLFLOAT_IEEE && exponent == exponent_top) {
        return mantissa ? (double)NAN : sign * (double)INFINITY;
    }
    int scale = (exponent ? (int)exponent : 1) - type->bias - type->mantissa_bits;
    return sign * ldexp(exponent ? mantissa_top + mantissa : mantissa, scale);
}

void smallfloat_bounds(const struct smallfloat *type, unsigned bits, double *low, double *high)
{
    unsigned magnitude = bits & ((1u << (type->exponent_bits + type->mantissa_bits)) - 1);
    double value = smallfloat_value(type, magnitude);
    double below = smallfloat_value(type, magnitude - 1);
    /* Past the greatest value there is none, so the pattern is read as if the type went on. */
    struct smallfloat endless = *type;
    endless.exponent_bits++;
    endless.specials = SMALLFLOAT_NONE;
    double above = smallfloat_value(&endless, magnitude + 1);
    *low = below + (value - below) / 2;
    *high = value + (above - value) / 2;
}
