/* SPDX-License-Identifier: Apache-2.0 */
/* By which operations a tensor of one shape can become one of another with the same elements in
 * another order: all that is worth a look, shortest first.
 *
 * These are the order as it is, of other axes (squeeze, expand, reshape), each order of the axes
 * (transpose), and one after the other, either first. What else there is (flips, blocks) is found
 * by what the tensors hold (axis_sums.h). */
#ifndef CKPTFS_PROPOSE_REARRANGEMENT_H
#define CKPTFS_PROPOSE_REARRANGEMENT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/errint.h"
#include "tensor/shape.h"

/* Axes that are permuted; of tensors with more, only `transpose` alone is among the guesses. */
enum { REARRANGEMENT_AXES_MOST = 5 };

struct rearrangements {
    struct arena *arena;
    const char **texts; /* in the arena: "", "transpose 1,0,2", "reshape 12,64 | transpose" */
    size_t count;
    size_t cap;
};

/* rearrangements_find: *out, of shapes without unknown dimensions. None where they have not as many
 * elements. -ENOMEM. */
MUST_CHECK errint rearrangements_find(struct shape from, struct shape to, struct arena *a,
                                      struct rearrangements *out);

/* rearrangement_reshape: adds to b the operation that gives a tensor another shape, its elements in
 * their order: "" where the shapes are equal. */
void rearrangement_reshape(struct shape from, struct shape to, struct buf *b);

/* rearrangement_transpose: adds the operation that puts the axes into that order. */
void rearrangement_transpose(const uint8_t *axes, unsigned rank, struct buf *b);

#endif
