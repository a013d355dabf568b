/* SPDX-License-Identifier: Apache-2.0 */
/* `prefer = ema` of [view]: moving averages take the places of the weights that they are of. */
#ifndef CKPTFS_PLAN_SHADOWS_H
#define CKPTFS_PLAN_SHADOWS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "source/catalog.h"

/* A tensor that is shown under the name of a weight. */
struct shadow {
    struct str name; /* of the weight */
    struct str from; /* its own; both as tensors were known */
};

/* Zeroed, nothing was looked for. */
struct shadows {
    const struct shadow *list; /* by name; in an arena */
    uint32_t count;
    const struct str
        *unaveraged; /* names of the tensors, but optimizers' own, that have no shadow */
    uint32_t unaveraged_count;
};

/* shadows_prefer: looks for moving averages among the tensors of c, and gives each the name of its
 * weight, with whichever names that has. What is left over, weights and what belongs to averages,
 * gets its bit (number / 64, number % 64) set in `bits`, which has one for each tensor. Lists are
 * allocated in `a`. Before anything has pointers to tensors.
 *
 * A checkpoint without averages is a warning at `at`. -EINVAL, and the error is in d: a weight has
 * several. -ENOMEM. */
MUST_CHECK errint shadows_prefer(struct catalog *c, struct position at, struct arena *a,
                                 uint64_t *bits, struct shadows *out, struct diag *d);

#endif
