/* SPDX-License-Identifier: Apache-2.0 */
/* Where the elements of a rearranged tensor were, as digits: the index of an element, in C order,
 * is a number of digits of several bases, each of which moves the element in the source by a stride
 * of its own. So it is after any transposes, reshapes and flips.
 *
 *     [4, 6] transposed, [6, 4]: digits of base 4 and stride 6, base 6 and stride 1
 */
#ifndef CKPTFS_PROPOSE_DIGITS_H
#define CKPTFS_PROPOSE_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "tensor/shape.h"

enum { DIGITS_MOST = 32, DIGITS_UNKNOWN = -1 };

struct digit {
    uint64_t base;  /* at least 2 */
    int64_t stride; /* in elements of the source; negative: the other way round */
};

/* The last digit, which changes first, first. */
struct digits {
    struct digit list[DIGITS_MOST];
    unsigned count;
};

/* digits_find: the digits of indices [0, length). `where` says where in the source an index is; it
 * is asked for 0 and divisors of the length, and may be DIGITS_UNKNOWN. They are added to *out.
 * False: there are none, or too many. Whether they hold for all indices was not looked at. */
typedef int64_t digits_where(const void *context, uint64_t index);
bool digits_find(uint64_t length, digits_where *where, const void *context, struct digits *out);

/* digits_append: adds a digit before the others. digits_add: the same; but if it goes on where the
 * one after it ends, that has a larger base instead. False: they are too many. */
bool digits_append(struct digits *d, struct digit new);
bool digits_add(struct digits *d, struct digit new);

/* digits_index: where in the source index i is, less where index 0 is. */
int64_t digits_index(const struct digits *d, uint64_t i);

/* digits_print: the operations that make the one shape of the other by these digits, to b. False:
 * they do not go over each element of the source once. */
bool digits_print(const struct digits *d, struct shape from, struct shape to, struct buf *b);

#endif
