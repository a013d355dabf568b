/* SPDX-License-Identifier: Apache-2.0 */
/* What a variable is in a V2 checkpoint of the view: one record, or, where only slices serve, one
 * for each slice and one for their owner.
 *
 *   stored in slices that TensorFlow can assemble        the same slices, where they are
 *   partitioned, and of a type that TensorFlow           a slice for each part, so that a Saver of
 *                                                        the target graph restores
 *   cannot cut (save_restore_tensor.cc, GetSliceValue)   them; it cannot be read whole
 *   anything else                                        one record, under the full name
 *
 * Variants are no variables of a view. As long as all of the checkpoint is in the view they are in
 * its checkpoint, too, as they are: TensorFlow alone can do anything with them, and it wants them
 * where it wants the object graph. */
#ifndef CKPTFS_VIEW_FORMATS_TF_ITEMS_H
#define CKPTFS_VIEW_FORMATS_TF_ITEMS_H

#include <stdbool.h>

#include "base/errint.h"
#include "source/catalog.h"
#include "view/formats/in_place.h"
#include "view/formats/variables.h"

/* A run of bytes that has a record. */
struct tf_item {
    struct str name; /* of the variable */
    unsigned dtype;
    struct shape full;    /* of the variable */
    struct shape shape;   /* of the run: of the variable, or of a slice of it */
    const int64_t *start; /* where the slice begins in it; NULL: the run is the whole variable */
    bool placed;          /* the bytes stand in a data file of the checkpoint, at `place` */
    struct in_place place;
    const struct target *target; /* whose bytes they are, if not placed */
};

typedef errint tf_item_visit(void *context, const struct tf_item *item);

/* tf_refusal: why the variable cannot be in a checkpoint that TensorFlow reads; NULL if it can.
 * `stale`, if not NULL, is the target that is an object graph which does not hold in the view. */
const char *tf_refusal(const struct view_variable *l, const struct target *stale);

/* tf_items: calls `visit` for each run of bytes of a variable that has no tf_refusal. An item
 * lives as long as the call. Returns 0, or at once the first negative that `visit` returns. */
MUST_CHECK errint tf_items(const struct catalog *c, const struct view_variable *l,
                           tf_item_visit *visit, void *context);

/* tf_kept: whether `t`, a tensor of `c` that is hidden, can stand in TensorFlow's files as it is: a
 * variant in a little-endian bundle. Then *item is its run, under its key. */
bool tf_kept(const struct catalog *c, const struct tensor *t, struct tf_item *item);

#endif
