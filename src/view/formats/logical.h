/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a view as files of other frameworks have them: each variable once, under its full
 * name, whole, also one whose targets are parts of it. Built once, then const. Variables that are
 * not partitioned are the plan's targets and cost nothing here. */
#ifndef CKPTFS_VIEW_FORMATS_LOGICAL_H
#define CKPTFS_VIEW_FORMATS_LOGICAL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "plan/plan.h"

struct logical {
    const struct target
        *whole; /* the variable's elements; NULL when its parts do not make up all of it */
    const struct target *parts; /* the plan's targets that are its parts, in order of number */
    uint32_t part_count;        /* 0: it is not partitioned */
};

struct logicals {
    struct arena arena;
    const struct plan *plan;           /* borrows */
    const struct logical *partitioned; /* in the order of their targets */
    uint32_t partitioned_count;
    uint32_t count; /* of all variables */
};

/* logicals_build: of the targets of `p`, borrowed as long as *out. -ENOMEM. */
MUST_CHECK errint logicals_build(const struct plan *p, struct logicals *out, struct diag *d);
void logicals_fini(struct logicals *l);

/* One walk over all variables, in the bytewise order of their names. */
struct logical_cursor {
    const struct logicals *of;
    uint32_t target;      /* index of the next one among the plan's */
    uint32_t partitioned; /* likewise among the partitioned */
};

static inline struct logical_cursor logical_first(const struct logicals *l)
{
    return (struct logical_cursor){.of = l};
}

/* logical_next: the next variable; false at the end. */
bool logical_next(struct logical_cursor *at, struct logical *out);

/* logical_of_part: the partitioned variable of which `t`, a target of the plan, is a part; NULL if
 * it is no part. O(log n). */
const struct logical *logical_of_part(const struct logicals *l, const struct target *t);

static inline struct str logical_name(const struct logical *l)
{
    return l->part_count ? l->parts->form->variable : target_name(l->whole);
}

/* Why a variable has no whole. */
#define LOGICAL_NOT_WHOLE "its parts do not make up the whole variable"

#endif
