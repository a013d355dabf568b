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
    int64_t at = 0;
    for (unsigned k = 0; k < d->count; k++) {
        at += (int64_t)(i % d->list[k].base) * d->list[k].stride;
        i /= d->list[k].base;
    }
    return at;
}

/* Whether the stride of a digit holds for `m` units, or that is unknown. */
static bool holds(uint64_t m, uint64_t unit, digits_where *where, const void *context)
{
    int64_t first = where(context, 0);
    int64_t at = where(context, m * unit);
    return at == DIGITS_UNKNOWN || at == first + (int64_t)m * (where(context, unit) - first);
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

bool digits_print(const struct digits *d, struct shape from, struct shape to, struct buf *b)
{
    uint8_t order[DIGITS_MOST];
    uint8_t axes[DIGITS_MOST];
    int64_t dims[DIGITS_MOST];
    int64_t turned[DIGITS_MOST];
    bool moved = false;
    if (!sort_digits(d, order)) {
        return false;
    }
    for (unsigned k = 0; k < d->count; k++) {
        dims[k] = (int64_t)d->list[order[k]].base;
        axes[k] = (uint8_t)axis_of(d, order, d->count - 1 - k);
        turned[k] = (int64_t)d->list[d->count - 1 - k].base;
        moved = moved || axes[k] != k;
    }
    bool turns = false;
    for (unsigned k = 0; k < d->count; k++) {
        turns = turns || d->list[k].stride < 0;
    }
    if (!moved && !turns) {
        print_reshape(from, to, b);
        return true;
    }
    print_reshape(from, (struct shape){dims, (uint8_t)d->count}, b);
    if (moved) {
        print_pipe(b);
        rearrangement_transpose(axes, d->count, b);
    }
    for (unsigned k = 0; k < d->count; k++) {
        if (d->list[d->count - 1 - k].stride < 0) {
            print_pipe(b);
            buf_printf(b, "flip %u", k);
        }
    }
    print_reshape((struct shape){turned, (uint8_t)d->count}, to, b);
    return true;
}
