/* SPDX-License-Identifier: Apache-2.0 */
/* Binary search. */
#ifndef CKPTFS_BASE_LOWER_BOUND_H
#define CKPTFS_BASE_LOWER_BOUND_H

/* LOWER_BOUND(i, first, end, before): the first number of [first, end) for which the expression
 * `before`, which has the number as `i`, is false; `end` (or `first`, where that is not below
 * `end`) if there is none. `before` is true of some
 * of the first ones and false of all after them. The numbers are of the type of `end`, unsigned.
 *
 *     uint32_t at = LOWER_BOUND(i, 0, count, str_cmp(names[i], wanted) < 0);
 */
#define LOWER_BOUND(i, first, end, before)                                                         \
    ({                                                                                             \
        __typeof__((end) + 0) _high = (end);                                                       \
        __typeof__(_high) _low = (first);                                                          \
        while (_low < _high) {                                                                     \
            const __typeof__(_high) i = _low + (_high - _low) / 2;                                 \
            if (before) {                                                                          \
                _low = i + 1;                                                                      \
            } else {                                                                               \
                _high = i;                                                                         \
            }                                                                                      \
        }                                                                                          \
        _low;                                                                                      \
    })

#endif
