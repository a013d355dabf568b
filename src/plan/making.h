/* SPDX-License-Identifier: Apache-2.0 */
/* An assignment of a rule that computes, in the making: its sources have become values. Private to
 * src/plan. */
#ifndef CKPTFS_PLAN_MAKING_H
#define CKPTFS_PLAN_MAKING_H

#include "plan/explained.h"
#include "plan/ops/op_type.h"
#include "plan/resolve.h"
#include "plan/variable_store.h"

struct making {
    struct resolve *r;
    struct store *store; /* of the graph's variables; NULL: there is no graph */
    uint32_t index;      /* of the rule */
    const struct rule *rule;
    const struct expression *expression;
    struct op_result values;
    struct explaining explaining;
    struct buf name;              /* owns; of the target at hand */
    const struct tensor *first;   /* of the sources; NULL: there is none */
    const struct tensor *renamed; /* the only source, where there are no operations: no value is
                                     made of it */
    bool alone;                   /* there is one source */
    bool hidden;                  /* one of the sources cannot be shown */
};

/* making_add_targets: makes the values of m what its targets say: steps, targets of the plan, or
 * variables of the graph. `values` are what its sources have captured; `free_number` is the number
 * that counts the values (expand.h), or its ptr is NULL. What does not go together is an error in
 * the diag. Returns 0, or a failure that ends the work. */
MUST_CHECK errint making_add_targets(struct making *m, const struct template_values *values,
                                     struct str free_number);

#endif
