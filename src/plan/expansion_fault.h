/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a rule whose wildcards do not fit the checkpoint. Private to src/plan. */
#ifndef CKPTFS_PLAN_EXPANSION_FAULT_H
#define CKPTFS_PLAN_EXPANSION_FAULT_H

#include "map/expand.h"
#include "plan/member_names.h"
#include "plan/resolve.h"

/* resolve_complain_expansion: the error of a rule with an expression that expand refused; none
 * where it is optional and nothing matches it. `names` are those of each of its sources. */
void resolve_complain_expansion(struct resolve *r, const struct rule *rule,
                                const struct member_names *names, const struct expand_fault *f);

/* resolve_complain_capture: the error of a target that takes capture `number`, from 1, of sources
 * that have fewer. */
void resolve_complain_capture(struct resolve *r, const struct rule *rule, uint64_t number);

#endif
