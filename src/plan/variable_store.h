/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow's variable store (tensorflow/python/training/checkpoint_utils.py): what the target
 * graph's variables are given by rules. Private to src/plan.
 *
 * It holds plain variables under their name, and partitioned ones as NAME/part_0, NAME/part_1,
 * ... */
#ifndef CKPTFS_PLAN_VARIABLE_STORE_H
#define CKPTFS_PLAN_VARIABLE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"
#include "plan/resolve.h"

/* What a name of the store holds so far: one slot per plain variable or part. */
struct slot {
    const struct tensor *source; /* NULL: not assigned */
    uint32_t rule;
    bool whole;                 /* the part takes all of `source`, not its slice */
    const struct tensor *rival; /* of the variable's name, where `source` is of its path, or is
                                   both; or of another of its paths; NULL: none */
};

struct store {
    struct resolve *r;
    const struct graph *graph;
    struct slot *slots;   /* owns */
    uint32_t *first_slot; /* owns; per variable */
    bool *by_path;        /* owns; per tensor: whether it is at the path of objects of a variable */
    uint32_t missing;     /* variables that a rule's scope has, and not the checkpoint, and that are
                             left out */
    struct str missed;    /* the first of them */
    struct str last;      /* the member of a scope that was assigned last */
    uint32_t renamed;     /* variables of a scope that are found by their paths alone */
    const struct variable *first_renamed;
};

/* What a target name stands for. */
struct found {
    const struct variable *variable; /* NULL: nothing */
    int64_t part;                    /* -1: the variable as a whole */
};

/* store_parts: how many slots the variable has: one for each part, 1 where it has none. */
int64_t store_parts(const struct variable *v);

/* store_find: what stands in the store under `name`: a variable, or a part of one; or nothing. */
struct found store_find(const struct store *s, struct str name);

/* store_put: fills the slot of a variable (part 0) or part, unless the rule that has filled it
 * keeps it. A variable of a thousand parts that is assigned again is one override, called `name`.
 * -ENOMEM. */
MUST_CHECK errint store_put(struct store *s, const struct variable *v, int64_t part,
                            struct slot value, struct str name);

/* store_assign: gives tensor t to what was found, by rule number `index`. TensorFlow checks the
 * shape at once only of a single variable that is assigned one to one. 0, also where that is an
 * error in the diag; -ENOMEM. */
MUST_CHECK errint store_assign(struct store *s, struct found f, const struct tensor *t,
                               uint32_t index, bool one_to_one);

/* store_parts_agree: whether what the rule says of parts is what the declaration of f says; if not,
 * with an error in the diag. */
bool store_parts_agree(struct store *s, const struct rule *rule, struct found f);

/* store_fits: what TensorFlow says only when the initializers run, so of the rule that won: first
 * the dtype, then the shape. *as is what the variable's elements are. False with an error in the
 * diag. */
bool store_fits(struct store *s, const struct variable *v, int64_t part, const struct slot *slot,
                struct conversion *as);

#endif
