/* SPDX-License-Identifier: Apache-2.0 */
/* A whole and its parts: whether the parts, each rearranged alike, stand one after the other on an
 * axis of the whole (concat, split), or each at an index of it (stack, unstack); which axis that
 * is, and in which order they stand. */
#ifndef CKPTFS_PROPOSE_PARTING_H
#define CKPTFS_PROPOSE_PARTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "propose/proof.h"

enum { PARTING_PARTS_MOST = 4096 };

struct parting {
    bool joins; /* the parts are of `from`, and joined to the whole; else the whole is, and is
                   split */
    const struct value *whole;
    const struct value *const *parts; /* of one dtype; all have elements, together as many as the
                                         whole */
    uint32_t count;                   /* 2 to PARTING_PARTS_MOST */

    /* What was found: */
    uint32_t *order;       /* the caller's room for `count` numbers: of the parts, as they stand */
    struct buf operations; /* owns; as a map says them */
    bool proved;
};

/* parting_prove: *p with what was found and proved. Errors are those of render_read. */
MUST_CHECK errint parting_prove(struct prover *prover, struct parting *p);

#endif
