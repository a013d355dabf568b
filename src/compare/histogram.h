/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram of eight bins, made in one pass, whose bins follow from the least and the largest
 * number alone: so it is the same whoever counts, and in which order.
 *
 * The rule: all bins are 2^k wide, and begin at multiples of that. k is the smallest one at which
 * the least and the largest number lie at most seven bins apart; and no smaller than e - 20, where
 * 2^e is the power of two at or below the larger magnitude of the two. The least number lies in the
 * first bin; a bin has its lower end, and not its upper one.
 *
 * Bins of one k are made of two of the k below it, so a histogram grows by adding bins. */
#ifndef CKPTFS_COMPARE_HISTOGRAM_H
#define CKPTFS_COMPARE_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BINS = 8 };

/* All zero is one of no numbers. Bin i is [(first + i) * 2^exponent, (first + i + 1) * 2^exponent).
 */
struct histogram {
    bool any;
    int exponent;
    int64_t first;
    uint64_t counts[HISTOGRAM_BINS];
};

/* histogram_cover: makes the bins those of finite numbers between `least` and `most`, which has all
 * that were counted among it. */
void histogram_cover(struct histogram *h, double least, double most);

/* histogram_covers: whether both lie in bins that there are. */
bool histogram_covers(const struct histogram *h, double least, double most);

/* histogram_edge: the lower end of bin i; of bin HISTOGRAM_BINS, the upper end of the last one. */
double histogram_edge(const struct histogram *h, unsigned i);

/* histogram_merge: counts what `other` has, too. Both have been covered for all numbers of both, or
 * have none. */
void histogram_merge(struct histogram *h, const struct histogram *other);

#endif
