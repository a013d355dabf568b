/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of two views, side by side, and what names, dtypes, shapes and stored checksums say
 * of them. No data are read. */
#ifndef CKPTFS_COMPARE_PAIRS_H
#define CKPTFS_COMPARE_PAIRS_H

#include <stdbool.h>
#include <stdint.h>

#include "compare/items.h"

enum pair_state {
    PAIR_ONLY_A,
    PAIR_ONLY_B,
    PAIR_DTYPE,      /* of two dtypes, and maybe shapes */
    PAIR_SHAPE,      /* of two shapes */
    PAIR_SAME_SUM,   /* equal, as both stored checksums say */
    PAIR_OTHER_SUM,  /* different, as these say */
    PAIR_UNREAD,     /* has to be read */
    PAIR_EQUAL,      /* read, and bits are equal; or without elements */
    PAIR_WITHIN,     /* read, and within the tolerance, but not equal */
    PAIR_DIFFERENT,  /* read */
    PAIR_UNREADABLE, /* one of the sides could not be read */
    PAIR_STATE_COUNT,
};

struct pair {
    const struct target *a; /* borrows; NULL: it is in B alone */
    const struct target *b;
    uint8_t state; /* enum pair_state */
};

struct pairs {
    struct pair *pairs; /* owns; by item_order */
    uint32_t count;
};

/* pairs_find: of two open views, borrowed. With `values`, checksums are not asked: what goes
 * together is PAIR_UNREAD. -ENOMEM. To be given to pairs_fini in either case. */
MUST_CHECK errint pairs_find(const struct view *a, const struct view *b, bool values,
                             struct pairs *out);
void pairs_fini(struct pairs *p);

static inline struct str pair_name(const struct pair *p)
{
    return target_name(p->a ? p->a : p->b);
}

#endif
