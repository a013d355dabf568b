/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of two graphs of objects are the same object, as TensorFlow's Checkpoint.restore has
 * it: both are walked from their roots along edges of the same names.
 *
 * What is one object in one graph may be several in the other: a layer that is shared here, say,
 * and was not when the checkpoint was saved. So the walk goes over pairs of nodes, each once. */
#ifndef CKPTFS_SOURCE_TF_V2_OBJECT_PAIRS_H
#define CKPTFS_SOURCE_TF_V2_OBJECT_PAIRS_H

#include "source/tf_v2/object_tree.h"

enum { OBJECT_PAIRS_MORE = 1 << 18 };

struct object_pair {
    uint32_t a; /* nodes */
    uint32_t b;
    uint32_t next; /* the next pair with the same a, or OBJECT_NONE */
};

struct object_pairs {
    struct object_pair *items; /* owns; of two with the same a, that of the shorter path is first,
                                  then the first by name; slots stand last */
    uint32_t count;
};

/* object_pairs_find: all pairs of nodes of `a` and `b` that are reached alike, from the pair of
 * their roots. Slots are paired by optimizer, variable and name. -EOVERFLOW for more than
 * object_pairs_most(a), or more than four times as many steps: no more than these are kept, and
 * none of them is to be used. -ENOMEM. object_pairs_fini is to be called in any case. */
MUST_CHECK errint object_pairs_find(const struct object_tree *a, const struct object_tree *b,
                                    struct object_pairs *out);
void object_pairs_fini(struct object_pairs *p);

/* object_pairs_most: the limit: two for each edge and slot of `a`, and OBJECT_PAIRS_MORE. */
uint32_t object_pairs_most(const struct object_tree *a);

#endif
