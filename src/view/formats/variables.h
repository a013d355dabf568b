/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a view as files of other frameworks have them: each variable once, under its full
 * name, whole, also one whose targets are parts of it. Built once, then const. Variables that are
 * not partitioned are the plan's targets and cost nothing here. */
#ifndef CKPTFS_VIEW_FORMATS_VARIABLES_H
#define CKPTFS_VIEW_FORMATS_VARIABLES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "plan/plan.h"

struct view_variable {
    const struct target
        *whole; /* the variable's elements; NULL when its parts do not make up all of it */
    const struct target *parts; /* the plan's targets that are its parts, in order of number */
    uint32_t part_count;        /* 0: it is not partitioned */
};

struct view_variables {
    struct arena arena;
    const struct plan *plan;                 /* borrows */
    const struct view_variable *partitioned; /* in the order of their targets */
    uint32_t partitioned_count;
    uint32_t count; /* of all variables */
};

/* variables_build: of the targets of `p`, borrowed as long as *out. -ENOMEM. */
MUST_CHECK errint variables_build(const struct plan *p, struct view_variables *out, struct diag *d);
void variables_fini(struct view_variables *l);

/* One walk over all variables, in the bytewise order of their names. */
struct variable_cursor {
    const struct view_variables *of;
    uint32_t target;      /* index of the next one among the plan's */
    uint32_t partitioned; /* index of the next one among the partitioned */
};

static inline struct variable_cursor variable_first(const struct view_variables *l)
{
    return (struct variable_cursor){.of = l};
}

/* variable_next: the next variable; false at the end. */
bool variable_next(struct variable_cursor *at, struct view_variable *out);

/* variable_of_part: the partitioned variable of which `t`, a target of the plan, is a part; NULL if
 * it is no part. O(log n). */
const struct view_variable *variable_of_part(const struct view_variables *l,
                                             const struct target *t);

static inline struct str variable_name(const struct view_variable *l)
{
    return l->part_count ? l->parts->form->variable : target_name(l->whole);
}

/* Why a variable has no whole. */
#define VARIABLE_NOT_WHOLE "its parts do not make up the whole variable"

#endif
