/* SPDX-License-Identifier: Apache-2.0 */
/* Where slices leave a tensor uncovered. Private to slices.c. */
#ifndef CKPTFS_SOURCE_SLICES_GAP_H
#define CKPTFS_SOURCE_SLICES_GAP_H

#include <stdint.h>

#include "base/errint.h"
#include "source/slices.h"

/* slices_gap: a box that no slice reaches into, as start and len, which have shape.rank numbers
 * each: the first element in C order that is missing, and from there as far as it is free along the
 * last axis, then along the one before, and so on. The slices are not empty, lie within the shape,
 * do not overlap, and have fewer elements than it. `list`, of `count`, is reordered. -ENOMEM. Takes
 * time for n slices as sorting them once an axis. */
MUST_CHECK errint slices_gap(const struct stored_slice **list, uint32_t count, struct shape shape,
                             int64_t *start, int64_t *len);

#endif
