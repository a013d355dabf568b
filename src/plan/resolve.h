/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that build a plan share. Private to src/plan. */
#ifndef CKPTFS_PLAN_RESOLVE_H
#define CKPTFS_PLAN_RESOLVE_H

#include "plan/name_tails.h"
#include "plan/nearest_name.h"
#include "plan/plan.h"
#include "plan/slice_order.h"
#include "plan/steps.h"
#include "plan/value.h"

/* A plan in the making. Targets are appended in the order of the rules; finishing sorts them and
 * lets the later rule win. */
struct resolve {
    struct catalog *catalog;
    const struct map *map;
    const struct graph *graph;
    struct diag *diag;
    struct arena *arena; /* of the plan */
    struct plan *plan;
    struct target *targets; /* owns (malloc) until handed to the plan */
    uint32_t count;
    size_t cap;
    struct override *overrides; /* owns (malloc) */
    uint32_t override_count;
    size_t override_cap;
    uint32_t *empty; /* owns; rules whose scopes have nothing in them */
    size_t empty_count;
    size_t empty_cap;
    uint32_t skipped; /* declared variables that `missing = skip` left out */
    struct str first_skipped;
    uint32_t skipped_rule;    /* whose scope has that */
    struct slice_order order; /* of the tensor that was cut last */
    struct nearest_budget budget;
    uint64_t kept; /* bytes of means (value_mean_row) */
    struct steps steps;
    struct name_tails tails[NAMED_CHECKPOINTS_MOST + 1]; /* by number of the checkpoint */
    bool explains; /* what rules make is explained (explained.h) */
    uint64_t most; /* targets, parts and sources of them, of each, that the map may ask for */
    uint64_t asked_targets;
    uint64_t asked_parts;
    uint64_t asked_sources;
};

/* Targets for each tensor of the checkpoint (or variable of the graph, if that has more), and that
 * many more. */
enum { RESOLVE_TARGETS_EACH = 4, RESOLVE_TARGETS_MORE = 1 << 20 };

/* What wildcards match in several sources of one rule is kept: so many captures for each target
 * that the map may ask for. */
enum { RESOLVE_KEPT_EACH = 4 };

/* resolve_with_graph: assigns to the declared variables, as init_from_checkpoint does; with `[view]
 * undeclared = infer` what is not declared is inferred. resolve_without_graph: infers the targets
 * from the checkpoint by the same rules read backwards.
 *
 * Both append targets. Errors of the map go to the diag, and they go on. They return a negative
 * errno only where memory or a limit ends the work. */
MUST_CHECK errint resolve_with_graph(struct resolve *r);
MUST_CHECK errint resolve_without_graph(struct resolve *r);

/* resolve_source: the tensor `name` for a rule, or NULL with an error that says what is near
 * (absent), or why it cannot be shown (hidden). resolve_source_of: of that member of the
 * catalog. */
const struct tensor *resolve_source(struct resolve *r, const struct rule *rule, struct str name);
const struct tensor *resolve_source_of(struct resolve *r, const struct catalog *member,
                                       const struct rule *rule, struct str name);

/* resolve_known: as resolve_source, where t is the tensor of exactly that name. */
const struct tensor *resolve_known(struct resolve *r, const struct rule *rule, struct str name,
                                   const struct tensor *t);

/* resolve_checkpoint: words for messages: "the checkpoint", or of a member with a name "checkpoint
 * 'a'". */
const char *resolve_checkpoint(struct resolve *r, const struct catalog *member);

/* resolve_is_left_out: whether a rule without an expression is optional, and the checkpoint has
 * nothing that its source names. */
bool resolve_is_left_out(const struct resolve *r, const struct rule *rule);

/* resolve_complain_absent: the error of a tensor that is not there, with what may have been meant:
 * the rule's source, or, with `member`, what that variable of the rule's scope wants. */
void resolve_complain_absent(struct resolve *r, const struct rule *rule, struct str name,
                             struct str member);

/* What is said of a rule whose target no graph declares.
 *
 * resolve_complain_undeclared: the error of one that is from a tensor to a variable, or to parts of
 * one. resolve_warn_cut: the warning of a scope's target that is not written as a scope.
 * resolve_warn_no_member: the warning of a scope's target in which no variable is declared. */
void resolve_complain_undeclared(struct resolve *r, const struct rule *rule);
void resolve_warn_cut(struct resolve *r, const struct rule *rule);
void resolve_warn_no_member(struct resolve *r, const struct rule *rule);

/* resolve_is_seen: whether the diag has room for another message; else the message is only counted,
 * and need not be made. */
static inline bool resolve_is_seen(const struct resolve *r)
{
    return r->diag->kept < DIAG_KEPT;
}

/* resolve_budget: what may be spent on near names for the next message: nothing if that is only
 * counted. */
static inline struct nearest_budget *resolve_budget(struct resolve *r)
{
    r->budget.left = resolve_is_seen(r) ? r->budget.left : 0;
    return &r->budget;
}

/* resolve_other_names: "friendly name: say ..." where the tensors of c are known by their keys, or
 * the other way round; NULL if they have one name. */
const char *resolve_other_names(const struct catalog *c);

/* resolve_note_empty: notes that no tensor is in the scope of that rule. -ENOMEM.
 *
 * resolve_complain_empty: adds a warning for each rule that was noted. If there is no graph, and
 * nothing is left to show, it is an error; but not if something else is wrong (`broken`), which may
 * be why. With a graph it stays a warning, since TensorFlow takes such a rule. Where `missing =
 * skip` has left out all declared variables, that is an error of its own. */
MUST_CHECK errint resolve_note_empty(struct resolve *r, uint32_t rule);
void resolve_complain_empty(struct resolve *r, bool broken);

/* What a target's elements are, where its source's are something else. */
struct conversion {
    enum dtype dtype;
    enum cast_mode mode;
};

/* resolve_cast: as what type a rule shows tensor t to a variable of that declaration (NULL: it is
 * not declared): the rule's cast, else what [view] dtype says. `name` is the variable's, for the
 * message. False with an error in the diag when that cannot be. */
bool resolve_cast(struct resolve *r, const struct rule *rule, const struct tensor *t,
                  const struct variable *declared, struct str name, struct conversion *out);

/* resolve_will_cast: whether a rule of a scope shows tensor t as another type.
 *
 * resolve_add_uncast: appends the target of such a tensor, without a form.
 *
 * resolve_cast_scopes: gives these targets their form, once it is known which of them stay: a
 * tensor that a rule of its own takes need not be one that can be cast. */
bool resolve_will_cast(const struct rule *rule, const struct tensor *t);
MUST_CHECK errint resolve_add_uncast(struct resolve *r, struct str name,
                                     const struct tensor *source, uint32_t rule);
MUST_CHECK errint resolve_cast_scopes(struct resolve *r);

/* resolve_warn_casts: warnings of what was cast: integers to a float type that does not hold all of
 * them, and a scope's cast that took nothing. -ENOMEM. */
MUST_CHECK errint resolve_warn_casts(struct resolve *r);

/* resolve_shape_target: gives a target that is all of its source, and has no form yet, the form of
 * that as another type, or of one that is stored in slices or has strings. */
MUST_CHECK errint resolve_shape_target(struct resolve *r, struct target *t, struct conversion as);

/* resolve_complain_hidden: the error of a tensor that a rule needs and that cannot be shown. */
void resolve_complain_hidden(struct resolve *r, const struct tensor *t, struct position at);

/* resolve_add: appends a whole-tensor target called `name` (borrowed from the plan's arena, the map
 * or the catalog). */
MUST_CHECK errint resolve_add(struct resolve *r, struct str name, const struct tensor *source,
                              struct conversion as, uint32_t rule);

/* resolve_add_value: appends a target that is that value; `first` is the first tensor that it is
 * made of, NULL for none. */
MUST_CHECK errint resolve_add_value(struct resolve *r, struct str name, const struct value *v,
                                    const struct tensor *first, uint32_t rule);

/* resolve_add_value_part: appends a part of `variable` that is that value. */
struct value_part {
    struct shape full; /* of the variable */
    struct partition partition;
    int64_t number;
};
MUST_CHECK errint resolve_add_value_part(struct resolve *r, struct str variable,
                                         const struct value *v, const struct value_part *part,
                                         const struct tensor *first, uint32_t rule);

/* resolve_computed: what a rule with an expression makes: assigned to the variables of `store`, or
 * where that is NULL, appended as targets. */
struct store;
MUST_CHECK errint resolve_computed(struct resolve *r, struct store *store, uint32_t index);

/* resolve_nearest_variables: adds to the newest entry the declared variables that `name` may have
 * meant. */
void resolve_nearest_variables(struct resolve *r, struct str name);

/* resolve_complain_no_step: the error of a source of rule number `index` that is a step nobody has
 * given: nothing if a rule before it would have, but for what was said of that one.
 *
 * resolve_warn_steps: warnings of the steps that no rule has used. */
void resolve_complain_no_step(struct resolve *r, uint32_t index, struct str text);
void resolve_warn_steps(struct resolve *r);

/* One part of a variable that is cut. */
struct resolve_part {
    struct partition cut;
    int64_t number;
};

/* resolve_add_part: appends that part of `variable`, cut from `source`, which the partition
 * fits. */
MUST_CHECK errint resolve_add_part(struct resolve *r, struct str variable,
                                   const struct tensor *source, struct resolve_part part,
                                   struct conversion as, uint32_t rule);

/* resolve_add_into_part: appends part `part` of v, a partitioned variable of the graph, as all of
 * `source`, whose shape is that part's: what a rule makes that names the part. */
MUST_CHECK errint resolve_add_into_part(struct resolve *r, const struct variable *v, int64_t part,
                                        const struct tensor *source, struct conversion as,
                                        uint32_t rule);

/* resolve_ask: counts what the rule at `at` asks for, before it is made: targets (or names that are
 * gone over) and parts. -EOVERFLOW, with an error, when the map asks for more than r->most of
 * either; the plan has no targets then. */
MUST_CHECK errint resolve_ask(struct resolve *r, uint64_t targets, uint64_t parts,
                              struct position at);

/* resolve_ask_sources: the same of sources that wildcards have joined: a name counts as often as it
 * is in an assignment. */
MUST_CHECK errint resolve_ask_sources(struct resolve *r, uint64_t sources, struct position at);

/* resolve_part_name: `variable`/part_N in the plan's arena; ptr is NULL when memory is short. */
struct str resolve_part_name(struct resolve *r, struct str variable, int64_t part);

/* resolve_infer: appends the targets that rule number `index` makes of the checkpoint's names, but
 * for those whose variable the graph declares. */
MUST_CHECK errint resolve_infer(struct resolve *r, uint32_t index);

/* resolve_complain_twice: the error of a rule that gives one target to two of its matches, each by
 * its first tensor, or NULL; or that says a target twice. */
void resolve_complain_twice(struct resolve *r, struct str target, uint32_t rule,
                            const struct tensor *one, const struct tensor *other);

/* resolve_override: notes that `rule`'s target `name` lost against `by`, another rule; once, if
 * that was the last thing noted. */
MUST_CHECK errint resolve_override(struct resolve *r, struct str name, uint32_t rule, uint32_t by);

#endif
