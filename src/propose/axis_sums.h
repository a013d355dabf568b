/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of the slices of a tensor along each axis: by them an axis is found in another
 * tensor, wherever it is there, and what became of its indices. */
#ifndef CKPTFS_PROPOSE_AXIS_SUMS_H
#define CKPTFS_PROPOSE_AXIS_SUMS_H

#include "plan/value.h"
#include "propose/prover.h"

enum { AXIS_SUMS_RANK_MOST = 8, AXIS_SUMS_MOST = 1 << 20 };

struct axis_sums {
    struct shape shape;
    uint64_t *of[AXIS_SUMS_RANK_MOST]; /* of each axis that is longer than 1, as many as it is long;
                                          in the prover's arena */
};

/* axis_sums_find: reads the value, of that end, once. *found is false where it has too many axes or
 * too long ones. Errors are those of render_read. */
MUST_CHECK errint axis_sums_find(struct prover *p, enum proposal_end end, const struct value *v,
                                 struct axis_sums *out, bool *found);

/* axis_sums_guess: adds to b the operations by which axes, and indices of them, may have come where
 * they are in `to`, of as many axes longer than 1. False: there are none. -ENOMEM is that, too. */
bool axis_sums_guess(struct prover *p, const struct axis_sums *from, const struct axis_sums *to,
                     struct buf *b);

#endif
