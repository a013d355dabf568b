/* SPDX-License-Identifier: Apache-2.0 */
/* Elements as numbers to compute with: float64, which holds all types but 64-bit integers and their
 * like exactly; those are rounded to the nearest.
 *
 * A complex element is two numbers, real and imaginary part. A bool is 0 or 1; quantized types are
 * the integers that they store. Of 4- and 2-bit types the bits above are ignored (tensor/cast.h).
 */
#ifndef CKPTFS_COMPARE_NUMBERS_H
#define CKPTFS_COMPARE_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "tensor/dtype.h"

enum {
    NUMBERS_BLOCK = 1024, /* elements that are computed with at once: few enough for the cache */
};

/* numbers_each: how many numbers an element of the type is: 1; 2 of complex types; 0 for strings
 * and what else has none. */
unsigned numbers_each(enum dtype dtype);

/* How elements of one type are read. In the caller's storage. */
struct numbers {
    enum dtype dtype;
    double table[256]; /* of types of one byte: each of them */
};

/* numbers_begin: of a type with numbers_each() of 1 or 2. */
void numbers_begin(struct numbers *n, enum dtype dtype);

/* numbers_read: `count` elements at src, little-endian, of any alignment, at most NUMBERS_BLOCK, as
 * numbers_each() times as many numbers at `out`. */
void numbers_read(const struct numbers *n, const void *src, size_t count, double *out);

/* numbers_magnitudes: of `count` complex elements, which are two numbers each at `parts`, the
 * magnitudes to `out`, which may be `parts`. NaN where a part is NaN, else infinite where one is.
 */
void numbers_magnitudes(const double *parts, size_t count, double *out);

#endif
