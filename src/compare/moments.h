/* SPDX-License-Identifier: Apache-2.0 */
/* What numbers a tensor has, in one pass: how many are zero, NaN or infinite; of the finite ones
 * the least and the largest, mean, standard deviation, norm, and a histogram.
 *
 * Numbers are taken in blocks of NUMBERS_BLOCK, which begin at multiples of that. Of each block the
 * mean and the squares of the distances from it are summed up in float64, in a fixed order, and
 * blocks are put together by the formula of Chan, Golub and LeVeque, which loses nothing where the
 * mean is large. So results do not depend on who computes what, if spans of blocks are merged in
 * their order. */
#ifndef CKPTFS_COMPARE_MOMENTS_H
#define CKPTFS_COMPARE_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "compare/histogram.h"

/* All zero is of no numbers. */
struct moments {
    uint64_t count; /* of all numbers */
    uint64_t finite;
    uint64_t zeros;
    uint64_t nans;
    uint64_t infinities;
    uint64_t first_bad; /* which is the first one that is not finite; where there is one */
    double least;       /* of the finite ones, as all below; where there are any */
    double most;
    double mean;
    double squares; /* sum of the squares of their distances from the mean */
    struct histogram histogram;
};

/* moments_add: the next `count` numbers, at most NUMBERS_BLOCK; at x there is room for
 * MOMENTS_PADDING more, which are overwritten. */
enum { MOMENTS_PADDING = 8 };
void moments_add(struct moments *m, double *x, size_t count);

/* moments_merge: those of the numbers of `next`, which follow. */
void moments_merge(struct moments *m, const struct moments *next);

/* moments_deviation: the standard deviation of all finite numbers, as numpy.std. moments_norm: the
 * square root of the sum of their squares. NaN where there are none. */
double moments_deviation(const struct moments *m);
double moments_norm(const struct moments *m);

#endif
