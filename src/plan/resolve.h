/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that build a plan share. Private to src/plan. */
#ifndef CKPTFS_PLAN_RESOLVE_H
#define CKPTFS_PLAN_RESOLVE_H

#include "plan/plan.h"
#include "plan/suggest.h"

/* A plan in the making. Targets are appended in the order of the rules; finishing sorts them and lets the later rule win. */
struct resolve {
    struct catalog *catalog;
    const struct map *map;
    const struct graph *graph;
    struct diag *diag;
    struct arena *arena; /* of the plan */
    struct plan *plan;
    struct target *targets; /* owns (malloc) until handed to the plan */
    uint32_t count;
    uint32_t cap;
    struct override *overrides; /* owns (malloc) */
    uint32_t override_count;
    uint32_t override_cap;
    struct suggest_budget budget;
    uint64_t most; /* targets, and parts, that the map may ask for */
    uint64_t asked_targets;
    uint64_t asked_parts;
    char where[4096 + 16]; /* of the rule at hand: "map.ini:3" */
};

/* Targets for each tensor of the checkpoint (or variable of the graph, if that has more), and that many more. */
enum { RESOLVE_TARGETS_EACH = 4, RESOLVE_TARGETS_MORE = 1 << 20 };

/* resolve_with_graph: assigns to the declared variables, as init_from_checkpoint does; with `[view] undeclared = infer` what is not
 * declared is inferred. resolve_without_graph: infers the
 * targets from the checkpoint by the same rules read backwards. Both append targets, add errors to the diag, and fail (negative) only when there is no
 * point in going on: memory, limits. */
MUST_CHECK errint resolve_with_graph(struct resolve *r);
MUST_CHECK errint resolve_without_graph(struct resolve *r);

/* resolve_source: the tensor `name` for the rule at hand, or NULL with an error that says what is near (absent), or why it cannot
 * be shown (hidden). */
const struct tensor *resolve_source(struct resolve *r, struct str name, uint32_t line);

/* What a target's elements are, where its source's are something else. */
struct as {
    enum dtype dtype;
    enum cast_mode mode;
};

/* resolve_cast: as what type a rule shows tensor t, if the declared type is `declared` (DTYPE_INVALID: not declared): the rule's cast, else
 * what [view] dtype says. False with an error in the diag when that cannot be; `variable` and `where` are for the message. */
bool resolve_cast(struct resolve *r, const struct rule *rule, const struct tensor *t, enum dtype declared,
                  struct str variable, const char *where, struct as *out);

/* resolve_will_cast: whether a rule of a scope shows tensor t as another type.
 *
 * resolve_add_uncast: appends its target, without a form. resolve_cast_scopes gives such targets
 * theirs, once it is known which of them stay: one that an exact rule exempts need not be a tensor
 * that can be cast. */
bool resolve_will_cast(const struct rule *rule, const struct tensor *t);
MUST_CHECK errint resolve_add_uncast(struct resolve *r, struct str name, const struct tensor *source,
                                     uint32_t rule);
MUST_CHECK errint resolve_cast_scopes(struct resolve *r);

/* resolve_warn_casts: warnings of what was cast: integers to a float type that does not hold all of
 * them, and a scope's cast that took nothing. -ENOMEM. */
MUST_CHECK errint resolve_warn_casts(struct resolve *r);

/* resolve_shape_target: gives a target that is all of its source, and has no form yet, the form of
 * that as another type, or of one that is stored in slices or has strings. */
MUST_CHECK errint resolve_shape_target(struct resolve *r, struct target *t, struct as as);

/* resolve_complain_hidden: the error of a tensor that a rule needs and that cannot be shown. */
void resolve_complain_hidden(struct resolve *r, const struct tensor *t, uint32_t line);

/* resolve_add: appends a whole-tensor target called `name` (borrowed from the plan's arena, the map or the catalog). */
MUST_CHECK errint resolve_add(struct resolve *r, struct str name, const struct tensor *source, struct as as,
                              uint32_t rule);

/* resolve_add_part: appends part `part` of `variable`, cut from `source` by `partition`, which fits it. */
MUST_CHECK errint resolve_add_part(struct resolve *r, struct str variable, const struct tensor *source,
                                   const struct partition *partition, int64_t part, struct as as,
                                   uint32_t rule);

/* resolve_add_into_part: appends part `part` of v, a partitioned variable of the graph, as all of `source`, whose shape is that part's: what a rule makes that names
 * the part. */
MUST_CHECK errint resolve_add_into_part(struct resolve *r, const struct variable *v, int64_t part,
                                        const struct tensor *source, struct as as, uint32_t rule);

/* resolve_ask: called before the rule of that line makes so many targets, or parts of one, or goes over so many names. -EOVERFLOW with an error
 * when the map then asks for more than r->most of either; the plan has no targets then. */
MUST_CHECK errint resolve_ask(struct resolve *r, uint64_t targets, uint64_t parts, uint32_t line);

/* resolve_part_name: `variable`/part_N in the plan's arena; ptr is NULL when memory is short. */
struct str resolve_part_name(struct resolve *r, struct str variable, int64_t part);

/* resolve_infer: appends the targets that rule number `index` makes of the checkpoint's names, but for those whose variable the
 * graph declares. */
MUST_CHECK errint resolve_infer(struct resolve *r, uint32_t index);

/* resolve_override: notes that `rule`'s target `name` lost against `by`; once, if that was the last
 * thing noted. */
MUST_CHECK errint resolve_override(struct resolve *r, struct str name, uint32_t rule, uint32_t by);

/* resolve_suggest_tensors: names near `name` among the catalog's, for the newest error. */
void resolve_suggest_tensors(struct resolve *r, struct str name);

/* resolve_place: the "map.ini:3" of a rule's line; valid until the next call. */
const char *resolve_place(struct resolve *r, uint32_t line);

#endif
