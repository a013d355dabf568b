/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic over elements of numeric types.
 *
 *   floats     are taken as float64, which holds all of them, computed with as such from left to
 *              right, and rounded once to their type, by the rules of casts (cast.h)
 *   complex    each of the two parts by itself, as floats
 *   integers   exactly; of a mean what is behind the point goes, as in a cast; what the type does
 *              not hold is -ERANGE
 *
 * Bools, quantized types and all else are not computed with. */
#ifndef CKPTFS_TENSOR_ARITHMETIC_H
#define CKPTFS_TENSOR_ARITHMETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "tensor/dtype.h"

/* A number that is no element: an integer, exact, or else a double. */
struct number {
    double real; /* of an integer, the double nearest to it */
    int64_t integer;
    bool is_integer;
};

enum arithmetic {
    ARITHMETIC_SCALE, /* the one input times the number */
    ARITHMETIC_ADD,   /* and plus it */
    ARITHMETIC_SUM,   /* of all inputs, from the first on */
    ARITHMETIC_MEAN,
    ARITHMETIC_SUB, /* the first less all others */
};

/* arithmetic_takes: whether elements of that type are computed with. */
bool arithmetic_takes(enum dtype dtype);

/* The beginning of a computation of up to ARITHMETIC_BLOCK elements: inputs are added one by one,
 * so that no more than one of them has to be in memory. In the caller's storage. */
enum { ARITHMETIC_BLOCK = 1024 };

struct arithmetic_sums {
    enum arithmetic kind;
    enum dtype dtype;
    size_t count;    /* elements */
    uint64_t inputs; /* added so far */
    union {
        double floats[2 * ARITHMETIC_BLOCK]; /* two for each complex number */
        __int128 integers[ARITHMETIC_BLOCK];
    };
};

/* arithmetic_begin: of `count` elements, at most ARITHMETIC_BLOCK, of a type that
 * arithmetic_takes. */
void arithmetic_begin(struct arithmetic_sums *s, enum arithmetic kind, enum dtype dtype,
                      size_t count);

/* arithmetic_input: the next input's elements, which need not be aligned. */
void arithmetic_input(struct arithmetic_sums *s, const void *elements);

/* arithmetic_end: the results, as elements, to `out`. `number` is that of ARITHMETIC_SCALE and
 * ARITHMETIC_ADD. -ERANGE: an integer does not fit; out then holds anything. */
MUST_CHECK errint arithmetic_end(struct arithmetic_sums *s, const struct number *number, void *out);

#endif
