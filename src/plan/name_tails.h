/* SPDX-License-Identifier: Apache-2.0 */
/* How the names of a checkpoint's tensors end, in one array: a rule that begins with a wildcard,
 * such as `{a,b}/kernel`, looks at 8 bytes of each name in a row, not at the names all over the
 * memory. */
#ifndef CKPTFS_PLAN_NAME_TAILS_H
#define CKPTFS_PLAN_NAME_TAILS_H

#include <stdint.h>

#include "base/errint.h"
#include "source/catalog.h"

/* Zeroed, there are none. */
struct name_tails {
    uint64_t *words; /* owns; of each tensor; the last byte of its name is the highest */
    uint32_t count;
};

/* name_tails_make: those of all tensors of c, unless t has them. -ENOMEM. */
MUST_CHECK errint name_tails_make(struct name_tails *t, const struct catalog *c);
void name_tails_fini(struct name_tails *t);

/* name_tails_find: the first tensor, from number `from` on, whose name may end in `suffix`: the
 * last 8 bytes do, or all of them. t->count: there is none. */
uint32_t name_tails_find(const struct name_tails *t, struct str suffix, uint32_t from);

#endif
