/* SPDX-License-Identifier: Apache-2.0 */
/* Steps: the values that rules have given a name with `~`, for rules after them. Private to
 * src/plan. */
#ifndef CKPTFS_PLAN_STEPS_H
#define CKPTFS_PLAN_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "base/str.h"
#include "plan/value.h"

struct step {
    struct str name; /* without the `~`; borrowed */
    struct value value;
    const struct tensor *first; /* of the tensors that it is made of; NULL: there is none */
    uint32_t rule;              /* that gave it */
    bool used;
};

/* Zeroed, there are none. */
struct steps {
    struct step *list; /* owns; those of rules before the one at hand are sorted by name */
    size_t count;
    size_t cap;
    size_t known; /* how many are sorted */
};

void steps_fini(struct steps *s);

/* steps_add: a step of the rule at hand, which no rule sees before steps_settle. -ENOMEM. */
MUST_CHECK errint steps_add(struct steps *s, struct step step);

/* steps_settle: at the end of a rule: its steps are known from now on. Returns NULL, or a step that
 * has the name of another one. */
const struct step *steps_settle(struct steps *s);

/* steps_find: the known step of that name, or NULL. */
struct step *steps_find(const struct steps *s, struct str name);

#endif
