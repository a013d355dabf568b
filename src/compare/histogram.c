/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/histogram.h"

#include <math.h>

enum {
    FINEST = 20, /* bits of a number's position in bins, at most; so all edges are exact */
    LEAST_EXPONENT = -1074 /* of the smallest number */
};

double histogram_edge(const struct histogram *h, unsigned i)
{
    return ldexp((double)(h->first + (int64_t)i), h->exponent);
}

/* The number of the bin of 2^k that x lies in. What is divided may vanish, but for its sign. */
static int64_t bin_of(double x, int k)
{
    double place = floor(ldexp(x, -k));
    return place == 0 && x < 0 ? -1 : (int64_t)place;
}

static int lowest_exponent(double least, double most)
{
    double magnitude = fmax(fabs(least), fabs(most));
    int lowest = magnitude > 0 ? ilogb(magnitude) - FINEST : LEAST_EXPONENT;
    return lowest < LEAST_EXPONENT ? LEAST_EXPONENT : lowest;
}

/* k of the rule. */
static int width_of(double least, double most)
{
    int k = lowest_exponent(least, most);
    double half = most / 2 - least / 2; /* the range itself may be too large */
    if (half > 0 && ilogb(half) - 3 > k) {
        k = ilogb(half) - 3; /* in bins of this, they lie more than seven apart, or just so */
    }
    while (bin_of(most, k) - bin_of(least, k) >= HISTOGRAM_BINS) {
        k++;
    }
    return k;
}

bool histogram_covers(const struct histogram *h, double least, double most)
{
    return h->any && least >= histogram_edge(h, 0) && most < histogram_edge(h, HISTOGRAM_BINS);
}

void histogram_cover(struct histogram *h, double least, double most)
{
    int k = width_of(least, most);
    int shift = h->any && k - h->exponent < 63 ? k - h->exponent : 63;
    struct histogram wider = {.any = true, .exponent = k, .first = bin_of(least, k)};
    for (unsigned i = 0; h->any && i < HISTOGRAM_BINS; i++) {
        if (h->counts[i]) {
            int64_t bin = (h->first + (int64_t)i) >> shift; /* rounds down */
            wider.counts[bin - wider.first] += h->counts[i];
        }
    }
    *h = wider;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
    for (unsigned i = 0; other->any && i < HISTOGRAM_BINS; i++) {
        h->counts[i] += other->counts[i];
    }
}
