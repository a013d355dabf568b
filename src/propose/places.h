/* SPDX-License-Identifier: Apache-2.0 */
/* Where some elements of tensors are in others, by their values: from these places the arrangement
 * of all is guessed (digits.h). An element that is there twice is nowhere. */
#ifndef CKPTFS_PROPOSE_PLACES_H
#define CKPTFS_PROPOSE_PLACES_H

#include "plan/value.h"
#include "propose/digits.h"
#include "propose/prover.h"

/* Values of one dtype and of as many elements each, which are looked at as one after the other. */
struct place_list {
    enum proposal_end end; /* whose they are */
    const struct value *const *values;
    uint32_t count;
};

/* places_of_firsts: for each of `list` where its first element is in `in`, or DIGITS_UNKNOWN: to
 * at[0 .. list->count). Reads `in` once. Errors are those of render_read. */
MUST_CHECK errint places_of_firsts(struct prover *p, const struct place_list *list,
                                   const struct place_list *in, int64_t *at);

/* places_digits: the digits of the indices of `to`, by where a few of its elements are in `from`,
 * which is read once. *found is false where they cannot be told. Errors are those of
 * render_read. */
MUST_CHECK errint places_digits(struct prover *p, const struct place_list *from,
                                const struct place_list *to, struct digits *out, bool *found);

#endif
