/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/digits.h"

#include "propose/rearrangement.h"

bool digits_append(struct digits *d, struct digit new)
{
    if (d->count == DIGITS_MOST) {
        return false;
    }
    d->list[d->count++] = new;
    return true;
}

bool digits_add(struct digits *d, struct digit new)
{
    struct digit *last = d->count ? &d->list[d->count - 1] : NULL;
    if (last && new.stride == last->stride *(int64_t)last->base) {
        last->base *= new.base;
        return true;
    }
    return digits_append(d, new);
}

int64_t digits_index(const struct digits *d, uint64_t i)
{
    uint64_t at = 0;
    for (unsigned k = 0; k < d->count; k++) {
        at += i % d->list[k].base * (uint64_t)d->list[k].stride;
        i /= d->list[k].base;
    }
    return (int64_t)at;
}

/* Whether the stride of a digit holds for `m` units, or that is unknown. */
static bool holds(uint64_t m, uint64_t unit, digits_where *where, const void *context)
{
    int64_t first = where(context, 0);
    int64_t at = where(context, m * unit);
    uint64_t stride = (uint64_t)(where(context, unit) - first);
    return at == DIGITS_UNKNOWN || (uint64_t)at == (uint64_t)first + m * stride;
}

/* The base of the digit that begins at `unit`, of `left` units: the smallest divisor of these for
 * which its stride does not hold. */
static uint64_t base_of(uint64_t left, uint64_t unit, digits_where *where, const void *context)
{
    uint64_t m = 2;
    for (; m * m <= left; m++) {
        if (left % m == 0 && !holds(m, unit, where, context)) {
            return m;
        }
    }
    for (m--; m > 1; m--) {
        if (left % m == 0 && !holds(left / m, unit, where, context)) {
            return left / m;
        }
    }
    return left;
}

bool digits_find(uint64_t length, digits_where *where, const void *context, struct digits *out)
{
    for (uint64_t unit = 1; unit < length;) {
        int64_t first = where(context, 0);
        int64_t second = where(context, unit);
        if (first == DIGITS_UNKNOWN || second == DIGITS_UNKNOWN || first == second) {
            return false;
        }
        uint64_t base = base_of(length / unit, unit, where, context);
        if (!digits_add(out, (struct digit){base, second - first})) {
            return false;
        }
        unit *= base;
    }
    return true;
}

/* ---- in words -------------------------------------------------------------------------------- */

static uint64_t width(const struct digit *d)
{
    return d->stride < 0 ? -(uint64_t)d->stride : (uint64_t)d->stride;
}

/* The numbers of the digits by their strides in the source, the largest first. False: they are not
 * the axes of one array. */
static bool sort_digits(const struct digits *d, uint8_t *order)
{
    for (unsigned i = 0; i < d->count; i++) {
        unsigned at = i;
        for (; at > 0 && width(&d->list[order[at - 1]]) < width(&d->list[i]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t)i;
    }
    uint64_t expected = 1;
    for (unsigned k = d->count; k-- > 0;) {
        const struct digit *digit = &d->list[order[k]];
        if (width(digit) != expected) {
            return false;
        }
        expected *= digit->base;
    }
    return true;
}

static void print_pipe(struct buf *b)
{
    if (b->len) {
        buf_text(b, " | ");
    }
}

static void print_reshape(struct shape from, struct shape to, struct buf *b)
{
    if (!shape_eq(from, to)) {
        print_pipe(b);
        rearrangement_reshape(from, to, b);
    }
}

/* The axis of the array that digit i, the last one first, is of. */
static unsigned axis_of(const struct digits *d, const uint8_t *order, unsigned i)
{
    unsigned axis = 0;
    while (axis < d->count && order[axis] != i) {
        axis++;
    }
    return axis;
}

/* The source as an array with an axis for each digit, and those axes in the order of the result. */
struct turning {
    uint8_t axes[DIGITS_MOST];
    int64_t before[DIGITS_MOST];
    int64_t after[DIGITS_MOST];
    bool moves;
    bool flips;
};

/* Digit number k, the first one first. */
static const struct digit *digit_at(const struct digits *d, unsigned k)
{
    return &d->list[d->count - 1 - k];
}

static struct turning turning_of(const struct digits *d, const uint8_t *order)
{
    struct turning t = {.moves = false};
    for (unsigned k = 0; k < d->count; k++) {
        t.axes[k] = (uint8_t)axis_of(d, order, d->count - 1 - k);
        t.before[k] = (int64_t)d->list[order[k]].base;
        t.after[k] = (int64_t)digit_at(d, k)->base;
        t.moves = t.moves || t.axes[k] != k;
        t.flips = t.flips || d->list[k].stride < 0;
    }
    return t;
}

static void print_turning(const struct digits *d, const struct turning *t, struct buf *b)
{
    if (t->moves) {
        print_pipe(b);
        rearrangement_transpose(t->axes, d->count, b);
    }
    for (unsigned k = 0; k < d->count; k++) {
        if (digit_at(d, k)->stride < 0) {
            print_pipe(b);
            buf_printf(b, "flip %u", k);
        }
    }
}

bool digits_print(const struct digits *d, struct shape from, struct shape to, struct buf *b)
{
    uint8_t order[DIGITS_MOST];
    if (!sort_digits(d, order)) {
        return false;
    }
    struct turning t = turning_of(d, order);
    if (!t.moves && !t.flips) {
        print_reshape(from, to, b);
        return true;
    }
    print_reshape(from, (struct shape){t.before, (uint8_t)d->count}, b);
    print_turning(d, &t, b);
    print_reshape((struct shape){t.after, (uint8_t)d->count}, to, b);
    return true;
}
