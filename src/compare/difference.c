/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/difference.h"

#include <math.h>
#include <string.h>

#include "compare/lanes.h"

void difference_begin(struct difference_room *r, enum dtype dtype, struct tolerance tolerance)
{
    r->tolerance = tolerance;
    r->numeric = numbers_each(dtype) > 0;
    numbers_begin(&r->numbers, dtype);
}

/* ---- bits ------------------------------------------------------------------------------------ */

static void compare_bits(struct difference *d, const char *a, const char *b, size_t count,
                         size_t size)
{
    if (memcmp(a, b, count * size) == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (memcmp(a + i * size, b + i * size, size) != 0) {
            d->first = d->unequal++ ? d->first : d->count + i;
        }
    }
}

/* ---- loops ----------------------------------------------------------------------------------- */

/* Sums over the numbers of both sides. */
struct products {
    double aa, bb, ab;
};

LANES_INLINE void multiply(const double *a, const double *b, size_t count, struct products *out)
{
    lanes aa[2] = {{0}};
    lanes bb[2] = {{0}};
    lanes ab[2] = {{0}};
    size_t i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
#pragma GCC unroll 2
        for (unsigned k = 0; k < 2; k++) {
            lanes x = LANES_LOAD(a + i + k * LANES);
            lanes y = LANES_LOAD(b + i + k * LANES);
            aa[k] += x * x;
            bb[k] += y * y;
            ab[k] += x * y;
        }
    }
    *out = (struct products){LANES_SUM(aa[0] + aa[1]), LANES_SUM(bb[0] + bb[1]),
                             LANES_SUM(ab[0] + ab[1])};
    for (; i < count; i++) {
        out->aa += a[i] * a[i];
        out->bb += b[i] * b[i];
        out->ab += a[i] * b[i];
    }
}

/* |a - b| and |b| of real numbers; whether all are finite. */
LANES_INLINE bool subtract(const double *a, const double *b, size_t count, double *apart,
                           double *size)
{
    const lanes_mask magnitude = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    lanes odd = {0}; /* NaN once there is one that is not finite */
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        lanes x = LANES_LOAD(a + i);
        lanes y = LANES_LOAD(b + i);
        lanes gap = LANES_KEEP(magnitude, x - y);
        lanes large = LANES_KEEP(magnitude, y);
        odd += (x - x) + (y - y);
        memcpy(apart + i, &gap, sizeof(gap));
        memcpy(size + i, &large, sizeof(large));
    }
    double rest = LANES_SUM(odd);
    for (; i < count; i++) {
        apart[i] = fabs(a[i] - b[i]);
        size[i] = fabs(b[i]);
        rest += (a[i] - a[i]) + (b[i] - b[i]);
    }
    return rest == 0;
}

/* What there is to say of differences. */
struct extremes {
    double absolute, relative, squares;
    uint64_t outside;
};

LANES_INLINE void look(const double *apart, const double *size, size_t count,
                       const struct tolerance *t, struct extremes *out)
{
    const lanes zero = {0};
    lanes absolute = zero;
    lanes relative = zero;
    lanes squares = zero;
    lanes_mask outside = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        lanes gap = LANES_LOAD(apart + i);
        lanes large = LANES_LOAD(size + i);
        lanes share = LANES_KEEP(large > zero, gap / large);
        absolute = LANES_CHOOSE(gap > absolute, gap, absolute);
        relative = LANES_CHOOSE(share > relative, share, relative);
        squares += gap * gap;
        outside -= gap > t->atol + t->rtol * large;
    }
    *out = (struct extremes){0, 0, LANES_SUM(squares), LANES_COUNT(outside)};
    for (unsigned k = 0; k < LANES; k++) {
        out->absolute = absolute[k] > out->absolute ? absolute[k] : out->absolute;
        out->relative = relative[k] > out->relative ? relative[k] : out->relative;
    }
    for (; i < count; i++) {
        double share = size[i] > 0 ? apart[i] / size[i] : 0;
        out->absolute = apart[i] > out->absolute ? apart[i] : out->absolute;
        out->relative = share > out->relative ? share : out->relative;
        out->squares += apart[i] * apart[i];
        out->outside += apart[i] > t->atol + t->rtol * size[i];
    }
}

LANES_LOOP(void, multiply, (const double *a, const double *b, size_t count, struct products *out),
           (a, b, count, out))
LANES_LOOP(bool, subtract,
           (const double *a, const double *b, size_t count, double *apart, double *size),
           (a, b, count, apart, size))
LANES_LOOP(void, look,
           (const double *apart, const double *size, size_t count, const struct tolerance *t,
            struct extremes *out),
           (apart, size, count, t, out))

/* ---- special numbers ------------------------------------------------------------------------- */

/* Differences of 64-bit integers, rounded once. */
static void subtract_integers(const void *a, const void *b, size_t count, bool has_sign,
                              double *apart)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t x;
        uint64_t y;
        memcpy(&x, (const char *)a + i * sizeof(x), sizeof(x));
        memcpy(&y, (const char *)b + i * sizeof(y), sizeof(y));
        bool less = has_sign ? (int64_t)x < (int64_t)y : x < y;
        apart[i] = (double)(less ? y - x : x - y);
    }
}

static void subtract_complex(const double *a, const double *b, size_t count, double *apart,
                             double *size)
{
    double parts[2 * NUMBERS_BLOCK];
    for (size_t i = 0; i < 2 * count; i++) {
        parts[i] = a[i] - b[i];
    }
    numbers_magnitudes(parts, count, apart);
    numbers_magnitudes(b, count, size);
}

static bool is_finite(const double *x, unsigned each)
{
    return isfinite(x[0]) && (each == 1 || isfinite(x[1]));
}

static bool is_nan(const double *x, unsigned each)
{
    return isnan(x[0]) || (each == 2 && isnan(x[1]));
}

/* Takes the elements that are not finite on both sides out of what is summed up: they become zeros,
 * and those that do not go with each other are counted; whether all numbers were finite. */
static void take_out(struct difference *d, struct difference_room *r, size_t count, unsigned each)
{
    for (size_t i = 0; i < count; i++) {
        double *a = r->a + i * each;
        double *b = r->b + i * each;
        if (is_finite(a, each) && is_finite(b, each)) {
            continue;
        }
        bool same = memcmp(a, b, each * sizeof(*a)) == 0 || (is_nan(a, each) && is_nan(b, each));
        d->unpaired += !same;
        d->outside += !same;
        memset(a, 0, each * sizeof(*a));
        memset(b, 0, each * sizeof(*b));
        r->apart[i] = 0;
        r->size[i] = 0;
    }
}

static bool has_odd(const double *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i])) {
            return true;
        }
    }
    return false;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void add(struct sum *s, double x)
{
    double next = s->sum + x;
    s->lost += fabs(s->sum) >= fabs(x) ? (s->sum - next) + x : (x - next) + s->sum;
    s->sum = next;
}

static void merge_sum(struct sum *s, const struct sum *next)
{
    add(s, next->sum);
    s->lost += next->lost;
}

/* Fills the room's numbers of both sides, and how far they are apart. */
static void fill(struct difference *d, struct difference_room *r, const void *a, const void *b,
                 size_t count)
{
    enum dtype dtype = r->numbers.dtype;
    unsigned each = numbers_each(dtype);
    bool odd;
    numbers_read(&r->numbers, a, count, r->a);
    numbers_read(&r->numbers, b, count, r->b);
    if (each == 2) {
        odd = has_odd(r->a, 2 * count) || has_odd(r->b, 2 * count);
        subtract_complex(r->a, r->b, count, r->apart, r->size);
    } else {
        odd = !subtract_run(r->a, r->b, count, r->apart, r->size);
    }
    if (dtype == DTYPE_INT64 || dtype == DTYPE_UINT64) {
        subtract_integers(a, b, count, dtype == DTYPE_INT64, r->apart);
    }
    if (odd) {
        take_out(d, r, count, each);
    }
}

static size_t find_absolute(const struct difference_room *r, double value)
{
    size_t i = 0;
    while (r->apart[i] != value) {
        i++;
    }
    return i;
}

static size_t find_relative(const struct difference_room *r, double value)
{
    size_t i = 0;
    while (r->size[i] == 0 || r->apart[i] / r->size[i] != value) {
        i++;
    }
    return i;
}

void difference_add(struct difference *d, struct difference_room *r, const void *a, const void *b,
                    size_t count)
{
    struct products p;
    struct extremes e;
    compare_bits(d, a, b, count, dtype_bytes(r->numbers.dtype));
    if (r->numeric) {
        fill(d, r, a, b, count);
        multiply_run(r->a, r->b, count * numbers_each(r->numbers.dtype), &p);
        look_run(r->apart, r->size, count, &r->tolerance, &e);
        if (e.absolute > d->absolute.value) {
            d->absolute = (struct largest){e.absolute, d->count + find_absolute(r, e.absolute)};
        }
        if (e.relative > d->relative.value) {
            d->relative = (struct largest){e.relative, d->count + find_relative(r, e.relative)};
        }
        d->outside += e.outside;
        add(&d->aa, p.aa);
        add(&d->bb, p.bb);
        add(&d->ab, p.ab);
        add(&d->dd, e.squares);
    }
    d->count += count;
}

static void merge_largest(struct largest *l, const struct largest *next, uint64_t before)
{
    if (next->value > l->value) {
        *l = (struct largest){next->value, before + next->at};
    }
}

void difference_merge(struct difference *d, const struct difference *next)
{
    if (next->unequal && !d->unequal) {
        d->first = d->count + next->first;
    }
    merge_largest(&d->absolute, &next->absolute, d->count);
    merge_largest(&d->relative, &next->relative, d->count);
    d->count += next->count;
    d->unequal += next->unequal;
    d->outside += next->outside;
    d->unpaired += next->unpaired;
    merge_sum(&d->aa, &next->aa);
    merge_sum(&d->bb, &next->bb);
    merge_sum(&d->ab, &next->ab);
    merge_sum(&d->dd, &next->dd);
}

double difference_norm(const struct difference *d)
{
    return sqrt(sum_value(&d->dd));
}

double difference_cosine(const struct difference *d)
{
    double ab = sum_value(&d->ab);
    double shares = ab / sum_value(&d->aa) * (ab / sum_value(&d->bb)); /* of equal ones, just 1 */
    double cosine = shares > 1 ? 1 : sqrt(shares);
    return ab < 0 ? -cosine : cosine;
}
