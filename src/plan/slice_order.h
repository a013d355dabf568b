/* SPDX-License-Identifier: Apache-2.0 */
/* The slices that a tensor is stored in, in the order in which they begin along one axis: a part
 * that is cut along it finds its own by search. Private to src/plan. */
#ifndef CKPTFS_PLAN_SLICE_ORDER_H
#define CKPTFS_PLAN_SLICE_ORDER_H

#include <stdint.h>

#include "base/errint.h"
#include "source/slices.h"

/* Zeroed, it is of no tensor. */
struct slice_order {
    const struct slices *of; /* borrows */
    unsigned axis;
    const struct stored_slice **slices; /* owns */
    int64_t *starts;                    /* owns; by slice: its first index */
    int64_t *ends; /* owns; by slice: the greatest index behind it, or behind one before it */
};

/* slice_order_make: makes *o the order of `s`, of a tensor of rank `rank`, along `axis`; does
 * nothing where it is that already. Returns 0 or -ENOMEM, and *o is then of no tensor. */
MUST_CHECK errint slice_order_make(struct slice_order *o, const struct slices *s, unsigned rank,
                                   unsigned axis);
void slice_order_fini(struct slice_order *o);

/* slice_order_between: the run of o->slices in which all those are that have an index in
 * [low, high) of the axis; others may be among them. Returns its length; *first is its beginning.
 * A scalar counts as an axis of one element. */
uint32_t slice_order_between(const struct slice_order *o, int64_t low, int64_t high,
                             uint32_t *first);

#endif
