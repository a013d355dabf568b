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

/* What a plain variable, or a part of one, was given so far. */
struct slot {
    const struct tensor *source; /* NULL: not assigned, unless `value` is set */
    const struct value *value;   /* what a rule computes, first of all from `source`; NULL: the
                                    tensor itself */
    uint32_t rule;
    bool whole;                 /* the part takes all of `source`, not its slice */
    const struct tensor *rival; /* another tensor that may be meant, of the variable's name or at
                                   another of its paths; `source` itself, where that has only the
                                   name in common with it; NULL: none */
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
    uint32_t
        next; /* where the checkpoint may have the next member of a scope (catalog_find_next) */
    struct str last;  /* the member of a scope that was assigned last */
    uint32_t renamed; /* variables of a scope that are found by their paths alone */
    const struct variable *first_renamed;
};

/* What a target name stands for. */
struct found {
    const struct variable *variable; /* NULL: nothing */
    int64_t part;                    /* -1: the variable as a whole */
};

/* store_parts: how many slots the variable has: one for each part, 1 where it has none. */
int64_t store_parts(const struct variable *v);

/* store_find: the variable, or the part of one, that is in the store under `name`. */
struct found store_find(const struct store *s, struct str name);

/* store_put: gives `value` to a variable (part 0) or a part, unless an earlier rule keeps it
 * (rule_overrides). The one that loses is noted as an override, called `name`; one for all parts of
 * a variable. -ENOMEM. */
MUST_CHECK errint store_put(struct store *s, const struct variable *v, int64_t part,
                            struct slot value, struct str name);

/* store_assign: gives tensor t to what was found, by rule number `index`. Only if a single variable
 * is assigned `one_to_one` is the shape checked here, as in TensorFlow: one that does not fit is an
 * error in the diag, and nothing is assigned. Returns 0 in either case, or -ENOMEM. */
MUST_CHECK errint store_assign(struct store *s, struct found f, const struct tensor *t,
                               uint32_t index, bool one_to_one);

/* store_assign_some: gives tensor t to the parts of v that rule number `index` lists, each the
 * slice that the declaration gives it. -ENOMEM. */
MUST_CHECK errint store_assign_some(struct store *s, const struct variable *v,
                                    const struct tensor *t, uint32_t index);

/* store_assign_value: gives a value, which is copied, to the variable or part of that name, by rule
 * number `index`; `first` is the first tensor that it is made of, or NULL. 0, also where that is an
 * error in the diag; -ENOMEM. store_assign_parts: the same of the parts of a partition. */
struct op_result;
MUST_CHECK errint store_assign_value(struct store *s, struct str name, const struct value *value,
                                     const struct tensor *first, uint32_t index);
MUST_CHECK errint store_assign_parts(struct store *s, struct str name,
                                     const struct op_result *values, const struct tensor *first,
                                     uint32_t index);

/* store_add_value: appends the target of a variable, or of its part, whose slot has a value. 0,
 * also where that is an error in the diag; -ENOMEM. */
MUST_CHECK errint store_add_value(struct store *s, const struct variable *v, int64_t part,
                                  const struct slot *slot);

/* store_is_filled: whether a rule has filled the slot. */
static inline bool store_is_filled(const struct slot *slot)
{
    return slot->source || slot->value;
}

/* store_part_shape: the shape of one part, in `dims` (SHAPE_RANK_MOST numbers). */
struct shape store_part_shape(const struct variable *v, int64_t part, int64_t *dims);

/* store_parts_agree: whether what the rule says of parts is what the declaration of f says; if not,
 * with an error in the diag. */
bool store_parts_agree(struct store *s, const struct rule *rule, struct found f);

/* store_fits: whether the tensor in the slot can be the variable's value, by dtype, then shape:
 * what TensorFlow finds out when the initializers run, so of the rule that won. *as is what the
 * variable's elements are. False with an error in the diag. */
bool store_fits(struct store *s, const struct variable *v, int64_t part, const struct slot *slot,
                struct conversion *as);

#endif
