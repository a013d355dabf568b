/* SPDX-License-Identifier: Apache-2.0 */
/* How far apart two names are, to find the one that a misspelt name may have meant. */
#ifndef CKPTFS_BASE_EDIT_DISTANCE_H
#define CKPTFS_BASE_EDIT_DISTANCE_H

#include "base/str.h"

enum { EDIT_MOST = 255 };

/* edit_distance: the Levenshtein distance of a and b in bytes (insertions, deletions,
 * substitutions), or most + 1 when it is above `most`. `most` above EDIT_MOST counts as EDIT_MOST,
 * then the answer for farther ones is EDIT_MOST + 1. Takes at most (2 * most + 1) * (shorter
 * length) steps, allocates nothing. */
unsigned edit_distance(struct str a, struct str b, unsigned most);

#endif
