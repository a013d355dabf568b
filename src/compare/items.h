/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a view, one after the other, as they are compared: each variable whole, however
 * the plan cut it; but where its parts do not make up the whole, each of them by itself. */
#ifndef CKPTFS_COMPARE_ITEMS_H
#define CKPTFS_COMPARE_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "view/view.h"

struct item {
    struct str variable;         /* borrows */
    int64_t part;                /* its number; -1: it is the variable */
    struct str name;             /* borrows: of the part, or the variable */
    const struct target *target; /* borrows */
};

struct item_cursor {
    struct variable_cursor at;
    struct view_variable variable; /* whose parts are given */
    uint32_t part;                 /* the next of them; part_count: there are none left */
};

/* item_first: a cursor before the first tensor of v, which has a plan. */
struct item_cursor item_first(const struct view *v);

/* item_next: the next one, in the order of item_order; false at the end. */
bool item_next(struct item_cursor *at, struct item *out);

/* item_order: by name of the variable, bytewise; the variable itself before its parts, and these by
 * number. */
int item_order(const struct item *a, const struct item *b);

#endif
