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
    struct step *list; /* owns; in the order in which they were given */
    size_t count;
    size_t cap;
    size_t settled;   /* how many of them are of rules before the one at hand */
    uint32_t *sorted; /* owns; of those, the numbers of each name's first one, sorted by name */
    size_t known;     /* how many these are */
    size_t sorted_cap;
};

void steps_fini(struct steps *s);

/* steps_add: a step of the rule at hand, which no rule sees before steps_settle. -ENOMEM. */
MUST_CHECK errint steps_add(struct steps *s, struct step step);

/* steps_settle: at the end of a rule: its steps are known from now on. One that has the name of
 * another is not, and *twice is the first such; else NULL. -ENOMEM. */
MUST_CHECK errint steps_settle(struct steps *s, const struct step **twice);

/* steps_at: the known step number `i`, in the order of names. */
struct step *steps_at(const struct steps *s, size_t i);

/* steps_find: the known step of that name, or NULL. */
struct step *steps_find(const struct steps *s, struct str name);

#endif
