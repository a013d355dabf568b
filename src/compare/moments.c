/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/moments.h"

#include <math.h>
#include <string.h>

#include "compare/lanes.h"

/* ---- blocks ---------------------------------------------------------------------------------- */

/* What the first look at a block gives. */
struct extent {
    double least, most, sum;
    uint64_t finite, zeros;
};

/* `count` is a multiple of MOMENTS_PADDING. With `all` it is taken for granted that all are finite;
 * returns whether they are, or false without `all`. */
LANES_INLINE bool look(const double *x, size_t count, bool all, struct extent *out)
{
    const lanes zero = {0};
    const lanes infinity = zero + (double)INFINITY;
    lanes least[2] = {infinity, infinity};
    lanes most[2] = {-infinity, -infinity};
    lanes sum[2] = {zero, zero};
    lanes odd[2] = {zero, zero}; /* NaN once there is one that is not finite */
    lanes_mask finite[2] = {{0}, {0}};
    lanes_mask zeros[2] = {{0}, {0}};
    for (size_t i = 0; i < count; i += 2 * LANES) {
#pragma GCC unroll 2
        for (unsigned k = 0; k < 2; k++) {
            lanes v = LANES_LOAD(x + i + k * LANES);
            lanes low = v;
            lanes high = v;
            lanes term = v;
            if (all) {
                odd[k] += v - v;
            } else {
                lanes_mask good = v - v == zero;
                low = LANES_CHOOSE(good, v, infinity);
                high = LANES_CHOOSE(good, v, -infinity);
                term = LANES_KEEP(good, v);
                finite[k] -= good;
            }
            least[k] = LANES_CHOOSE(low < least[k], low, least[k]);
            most[k] = LANES_CHOOSE(high > most[k], high, most[k]);
            sum[k] += term;
            zeros[k] -= v == zero;
        }
    }
    lanes low = LANES_CHOOSE(least[1] < least[0], least[1], least[0]);
    lanes high = LANES_CHOOSE(most[1] > most[0], most[1], most[0]);
    *out = (struct extent){(double)INFINITY, -(double)INFINITY, LANES_SUM(sum[0] + sum[1]),
                           all ? count : LANES_COUNT(finite[0] + finite[1]),
                           LANES_COUNT(zeros[0] + zeros[1])};
    for (unsigned i = 0; i < LANES; i++) {
        out->least = low[i] < out->least ? low[i] : out->least;
        out->most = high[i] > out->most ? high[i] : out->most;
    }
    return all && LANES_SUM(odd[0] + odd[1]) == 0;
}

/* The squares of the distances from `mean`, and how many numbers lie at or above each of the edges:
 * of all that are no NaN, where infinities are as large as can be. With `all`, all are finite. */
LANES_INLINE double spread(const double *x, size_t count, double mean, bool all,
                           const double edges[HISTOGRAM_BINS], uint64_t above[HISTOGRAM_BINS])
{
    const lanes zero = {0};
    lanes squares[2] = {zero, zero};
    lanes_mask counts[HISTOGRAM_BINS] = {{0}};
    for (size_t i = 0; i < count; i += 2 * LANES) {
        lanes a = LANES_LOAD(x + i);
        lanes b = LANES_LOAD(x + i + LANES);
        lanes from_a = a - mean;
        lanes from_b = b - mean;
        if (!all) {
            from_a = LANES_KEEP(a - a == zero, from_a);
            from_b = LANES_KEEP(b - b == zero, from_b);
        }
        squares[0] += from_a * from_a;
        squares[1] += from_b * from_b;
#pragma GCC unroll 8
        for (unsigned k = 1; k < HISTOGRAM_BINS; k++) {
            counts[k] -= (a >= edges[k]) + (b >= edges[k]);
        }
    }
    for (unsigned k = 1; k < HISTOGRAM_BINS; k++) {
        above[k] = LANES_COUNT(counts[k]);
    }
    return LANES_SUM(squares[0] + squares[1]);
}

LANES_INLINE bool look_finite(const double *x, size_t count, struct extent *out)
{
    return look(x, count, true, out);
}

LANES_INLINE bool look_any(const double *x, size_t count, struct extent *out)
{
    return look(x, count, false, out);
}

LANES_INLINE double spread_finite(const double *x, size_t count, double mean,
                                  const double edges[HISTOGRAM_BINS],
                                  uint64_t above[HISTOGRAM_BINS])
{
    return spread(x, count, mean, true, edges, above);
}

LANES_INLINE double spread_any(const double *x, size_t count, double mean,
                               const double edges[HISTOGRAM_BINS], uint64_t above[HISTOGRAM_BINS])
{
    return spread(x, count, mean, false, edges, above);
}

#define LOOK_PARAMETERS (const double *x, size_t count, struct extent *out)
#define SPREAD_PARAMETERS                                                                          \
    (const double *x, size_t count, double mean, const double edges[HISTOGRAM_BINS],               \
     uint64_t above[HISTOGRAM_BINS])

LANES_LOOP(bool, look_finite, LOOK_PARAMETERS, (x, count, out))
LANES_LOOP(bool, look_any, LOOK_PARAMETERS, (x, count, out))
LANES_LOOP(double, spread_finite, SPREAD_PARAMETERS, (x, count, mean, edges, above))
LANES_LOOP(double, spread_any, SPREAD_PARAMETERS, (x, count, mean, edges, above))

/* What is not finite, one by one; returns how many numbers are plus infinity. */
static uint64_t count_bad(struct moments *m, const double *x, size_t count)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(x[i])) {
            continue;
        }
        if (m->nans + m->infinities == 0) {
            m->first_bad = m->count + i;
        }
        ++*(isnan(x[i]) ? &m->nans : &m->infinities);
        highest += x[i] > 0;
    }
    return highest;
}

/* Makes the histogram ready for numbers between two more. */
static void widen(struct moments *m, double least, double most)
{
    m->least = m->finite && m->least < least ? m->least : least;
    m->most = m->finite && m->most > most ? m->most : most;
    if (!histogram_covers(&m->histogram, m->least, m->most)) {
        histogram_cover(&m->histogram, m->least, m->most);
    }
}

/* Puts `finite` more numbers with that mean and squares to those that m has. */
static void join(struct moments *m, uint64_t finite, double mean, double squares)
{
    double all = (double)(m->finite + finite);
    double share = (double)finite / all;
    double apart = mean - m->mean;
    m->mean += apart * share;
    m->squares += squares + apart * apart * share * (double)m->finite;
    m->finite += finite;
}

void moments_add(struct moments *m, double *x, size_t count)
{
    struct extent e;
    size_t padded = count;
    while (padded % MOMENTS_PADDING) {
        x[padded++] = (double)NAN;
    }
    bool all = look_finite_run(x, padded, &e); /* as nearly always */
    if (!all) {
        look_any_run(x, padded, &e);
    }
    uint64_t highest = e.finite < count ? count_bad(m, x, count) : 0;
    m->count += count;
    m->zeros += e.zeros;
    if (e.finite == 0) {
        return;
    }
    widen(m, e.least, e.most);
    double edges[HISTOGRAM_BINS];
    uint64_t above[HISTOGRAM_BINS];
    for (unsigned k = 0; k < HISTOGRAM_BINS; k++) {
        edges[k] = histogram_edge(&m->histogram, k);
    }
    double mean = e.sum / (double)e.finite;
    double squares = all ? spread_finite_run(x, padded, mean, edges, above)
                         : spread_any_run(x, padded, mean, edges, above);
    above[0] = e.finite;
    for (unsigned k = 0; k < HISTOGRAM_BINS; k++) {
        uint64_t next = k + 1 < HISTOGRAM_BINS ? above[k + 1] - highest : 0;
        m->histogram.counts[k] += (k ? above[k] - highest : above[k]) - next;
    }
    join(m, e.finite, mean, squares);
}

void moments_merge(struct moments *m, const struct moments *next)
{
    if (next->nans + next->infinities && m->nans + m->infinities == 0) {
        m->first_bad = m->count + next->first_bad;
    }
    m->count += next->count;
    m->zeros += next->zeros;
    m->nans += next->nans;
    m->infinities += next->infinities;
    if (next->finite == 0) {
        return;
    }
    struct histogram more = next->histogram;
    widen(m, next->least, next->most);
    histogram_cover(&m->histogram, m->least, m->most);
    histogram_cover(&more, m->least, m->most);
    histogram_merge(&m->histogram, &more);
    join(m, next->finite, next->mean, next->squares);
}

double moments_deviation(const struct moments *m)
{
    return m->finite ? sqrt(m->squares / (double)m->finite) : (double)NAN;
}

double moments_norm(const struct moments *m)
{
    return m->finite ? sqrt(m->squares + (double)m->finite * m->mean * m->mean) : (double)NAN;
}
