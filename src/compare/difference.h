/* SPDX-License-Identifier: Apache-2.0 */
/* How far two tensors of one dtype and shape are apart.
 *
 * Elements are held against each other bit by bit, and as numbers (compare/numbers.h):
 *
 *   - A NaN on both sides is no difference, nor is one infinity on both sides; a NaN or an infinity
 *     on one side alone, or another infinity, is a difference of its own kind: it lies outside
 * every     tolerance, and is in no sum and no maximum.
 *   - The relative difference is |a - b| / |b|, where b is not 0.
 *   - |a - b| <= atol + rtol * |b| is within the tolerance, as numpy.allclose has it.
 *   - Of complex elements |.| is the magnitude; cosine and norms take them as two numbers each.
 *   - Differences of 64-bit integers are exact before they are rounded.
 *
 * Sums are float64, compensated (Neumaier), and taken in order: spans of blocks that are merged in
 * order give the same result whoever computes them. */
#ifndef CKPTFS_COMPARE_DIFFERENCE_H
#define CKPTFS_COMPARE_DIFFERENCE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/numbers.h"

/* A sum, and what was lost of it. */
struct sum {
    double sum;
    double lost;
};

/* The largest one of some numbers, and where it is first. */
struct largest {
    double value;
    uint64_t at;
};

/* All zero is of no elements. */
struct difference {
    uint64_t count;   /* of elements */
    uint64_t unequal; /* whose bits differ */
    uint64_t first;   /* the first one of them */
    uint64_t outside; /* of the tolerance */
    uint64_t
        unpaired; /* NaN or infinite on one side, or infinities of two signs: among `outside` */
    struct largest absolute; /* of the numbers that are finite on both sides, as all below */
    struct largest relative;
    struct sum aa; /* a * a */
    struct sum bb;
    struct sum ab;
    struct sum dd; /* (a - b) * (a - b) */
};

struct tolerance {
    double atol;
    double rtol;
};

/* Where blocks are computed with. In the caller's storage, some 80 KiB; one thread. */
struct difference_room {
    struct numbers numbers;
    bool numeric; /* there are numbers: not of types that have none */
    struct tolerance tolerance;
    double a[2 * NUMBERS_BLOCK];
    double b[2 * NUMBERS_BLOCK];
    double apart[NUMBERS_BLOCK]; /* |a - b| */
    double size[NUMBERS_BLOCK];  /* |b| */
};

/* difference_begin: for elements of `dtype`, which have a fixed size. */
void difference_begin(struct difference_room *r, enum dtype dtype, struct tolerance tolerance);

/* difference_add: the next `count` elements of both sides, at most NUMBERS_BLOCK. */
void difference_add(struct difference *d, struct difference_room *r, const void *a, const void *b,
                    size_t count);

/* difference_merge: that of the elements of `next`, which follow. */
void difference_merge(struct difference *d, const struct difference *next);

/* difference_norm: of a - b. difference_cosine: of the angle between both; NaN where one of them is
 * zero. */
double difference_norm(const struct difference *d);
double difference_cosine(const struct difference *d);

/* sum_value: infinite where it overflowed. */
static inline double sum_value(const struct sum *s)
{
    return isfinite(s->lost) ? s->sum + s->lost : s->sum;
}

#endif
