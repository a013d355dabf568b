/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/lower_bound.h"
#include "plan/resolve.h"
#include "plan/value.h"
#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "tensor/dtype.h"

/* ---- finishing ------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return str_cmp(target_name(a), target_name(b));
}

static int64_t part_of(const struct target *t)
{
    return t->form ? t->form->part : -1;
}

static int by_variable(const void *a, const void *b)
{
    int order = str_cmp(target_variable(a), target_variable(b));
    int64_t left = part_of(a);
    int64_t right = part_of(b);
    return order ? order : (left > right) - (left < right);
}

typedef int (*target_order)(const void *, const void *);

/* qsort need not be stable, so the rule decides between equal names: the order in which rules
 * apply. */
static int by_name_then_rule(const void *a, const void *b)
{
    int order = by_name(a, b);
    uint32_t left = ((const struct target *)a)->rule;
    uint32_t right = ((const struct target *)b)->rule;
    return order ? order : (left > right) - (left < right);
}

static void sort_targets(struct target *targets, uint32_t count, target_order order)
{
    for (uint32_t i = 1; i < count; i++) {
        if (order(&targets[i - 1], &targets[i]) > 0) {
            qsort(targets, count, sizeof(*targets), order);
            return;
        }
    }
}

/* A partitioned variable that is assigned again as such is one override, not one for each of its
 * parts. */
static errint note_loser(struct resolve *r, const struct target *loser, const struct target *winner)
{
    bool same_parts = part_of(loser) >= 0 && part_of(winner) >= 0;
    struct str name = same_parts ? target_variable(loser) : target_name(loser);
    return resolve_override(r, name, loser->rule, winner->rule);
}

/* Which of targets [low, high), all of one name, stays: each later one takes it from the one
 * before, if its rule may. */
static uint32_t winner_of(const struct resolve *r, uint32_t low, uint32_t high)
{
    const struct rule *rules = r->map->rules;
    uint32_t winner = low;
    for (uint32_t i = low + 1; i < high; i++) {
        if (rule_overrides(&rules[r->targets[i].rule], &rules[r->targets[winner].rule])) {
            winner = i;
        }
    }
    return winner;
}

/* Of several targets with one name one stays. */
static errint let_later_win(struct resolve *r)
{
    sort_targets(r->targets, r->count, by_name_then_rule);
    uint32_t kept = 0;
    for (uint32_t low = 0, high; low < r->count; low = high) {
        high = low + 1;
        while (high < r->count && by_name(&r->targets[low], &r->targets[high]) == 0) {
            if (r->targets[high - 1].rule == r->targets[high].rule) {
                resolve_complain_twice(r, target_name(&r->targets[high]), r->targets[high].rule,
                                       r->targets[high - 1].source, r->targets[high].source);
            }
            high++;
        }
        uint32_t winner = winner_of(r, low, high);
        for (uint32_t i = low; i < high; i++) {
            errint rc = i == winner ? 0 : note_loser(r, &r->targets[i], &r->targets[winner]);
            if (rc < 0) {
                return rc;
            }
        }
        r->targets[kept++] = r->targets[winner];
    }
    r->count = kept;
    return 0;
}

/* A partitioned variable and a plain one of one name cannot both exist in a graph. The list is
 * sorted by variable. */
static void refuse_mixed(struct resolve *r)
{
    for (uint32_t i = 1; i < r->count; i++) {
        const struct target *a = &r->targets[i - 1];
        const struct target *b = &r->targets[i];
        if (part_of(a) < 0 && part_of(b) >= 0 && str_eq(target_variable(a), target_variable(b))) {
            diag_error_at(r->diag, DIAG_NAME_COLLISION, r->map->rules[b->rule].at,
                          target_variable(b), "'%s' is partitioned here and a plain variable at %s",
                          diag_visible(r->diag, target_variable(b)),
                          diag_place(r->diag, r->map->rules[a->rule].at));
        }
    }
}

static void note_pieces(struct resolve *r, const struct piece *pieces, uint32_t count);

/* Once, however many targets it is read by. */
static void note_computed(struct resolve *r, const struct computed *c)
{
    if (!c->noted) {
        ((struct computed *)(uintptr_t)c)->noted = true;
        for (uint32_t i = 0; i < c->input_count; i++) {
            note_pieces(r, c->inputs[i].pieces, c->inputs[i].count);
        }
    }
}

/* What they take from the checkpoint. */
static void note_pieces(struct resolve *r, const struct piece *pieces, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct piece *p = &pieces[i];
        if (p->more && p->more->computed) {
            note_computed(r, p->more->computed);
        } else if (p->source) {
            size_t index = (size_t)(p->source - r->catalog->tensors);
            ((uint64_t *)(uintptr_t)r->plan->used)[index / 64] |= 1ull << (index % 64);
            catalog_use(r->catalog, p->source, p->slice);
        }
    }
}

static errint note_used(struct resolve *r)
{
    uint64_t *used = ARENA_ARRAY(r->arena, uint64_t, (size_t)catalog_all(r->catalog) / 64 + 1);
    if (!used) {
        return diag_no_memory(r->diag);
    }
    r->plan->used = used;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct tensor *t = r->targets[i].source;
        if (t) {
            size_t index = (size_t)(t - r->catalog->tensors);
            used[index / 64] |= 1ull << (index % 64);
        }
        if (t && !t->sliced) {
            catalog_use(r->catalog, t, NULL);
        }
        if (r->targets[i].form) {
            note_pieces(r, r->targets[i].form->pieces, r->targets[i].form->piece_count);
        }
    }
    return 0;
}

/* Hand the arrays over. They were grown by doubling; the plan keeps only what is used. */
static void hand_over(struct resolve *r)
{
    if (r->count) {
        struct target *fit = realloc(r->targets, r->count * sizeof(*fit));
        r->targets = fit ? fit : r->targets;
    }
    r->plan->targets = r->targets;
    r->plan->count = r->count;
    r->targets = NULL;
    r->plan->overrides = r->overrides;
    r->plan->override_count = r->override_count;
    r->overrides = NULL;
}

/* With a graph that is not understood, whether targets exist cannot be said; whether sources do,
 * can. */
static void look_for_sources(struct resolve *r)
{
    for (uint32_t i = 0; i < r->map->rule_count; i++) {
        const struct rule *rule = &r->map->rules[i];
        if (!rule->source_is_scope && !rule->expression && !resolve_is_left_out(r, rule)) {
            (void)resolve_source(r, rule, rule->source);
        }
    }
}

static void warn_overrides(struct resolve *r)
{
    for (uint32_t i = 0; i < r->override_count; i++) {
        const struct override *o = &r->overrides[i];
        diag_warn_at(r->diag, DIAG_OVERRIDDEN, r->map->rules[o->rule].at, o->name,
                     "'%s' is assigned again at %s, which wins", diag_visible(r->diag, o->name),
                     diag_place(r->diag, r->map->rules[o->by].at));
    }
}

static errint make_targets(struct resolve *r, bool graph_broken)
{
    if (graph_broken) {
        look_for_sources(r);
        return 0;
    }
    return r->graph->given ? resolve_with_graph(r) : resolve_without_graph(r);
}

/* `unused = error`. */
static void complain_unused(struct resolve *r)
{
    const struct catalog *c = r->catalog;
    for (uint32_t i = 0; i < catalog_all(c); i++) {
        const struct tensor *t = &c->tensors[i];
        const struct catalog *member = catalog_of(c, t);
        bool graph = member->joined.label && str_eq(catalog_key(c, t), STR(OBJECTS_KEY));
        if (!t->hidden && !graph && !plan_uses(r->plan, i)) {
            diag_error(r->diag, DIAG_TENSOR_UNUSED, r->map->path ? r->map->path : "",
                       tensor_name(t), "no rule uses '%s'%s%s",
                       diag_visible(r->diag, tensor_name(t)), member->joined.label ? " of " : "",
                       member->joined.label ? resolve_checkpoint(r, member) : "");
        }
    }
}

static errint resolve_all(struct resolve *r, bool graph_broken)
{
    errint rc = make_targets(r, graph_broken);
    if (rc == 0) {
        rc = let_later_win(r);
    }
    if (rc < 0) {
        return rc;
    }
    resolve_complain_empty(r, graph_broken || r->diag->errors > 0);
    rc = resolve_cast_scopes(r);
    if (rc < 0) {
        return rc;
    }
    resolve_warn_steps(r);
    sort_targets(r->targets, r->count, by_variable);
    refuse_mixed(r);
    rc = note_used(r);
    if (rc == 0) {
        rc = resolve_warn_casts(r);
    }
    if (rc == 0 && r->map->view.unused_is_error) {
        complain_unused(r);
    }
    if (rc == 0) {
        warn_overrides(r);
    }
    return rc;
}

static uint64_t most_targets(const struct catalog *c, const struct graph *graph)
{
    uint64_t tensors = catalog_all(c);
    uint64_t names = graph->count > tensors ? graph->count : tensors;
    return names * RESOLVE_TARGETS_EACH + RESOLVE_TARGETS_MORE;
}

errint plan_resolve(struct catalog *c, const struct map *m, const struct graph *graph, unsigned how,
                    struct diag *d, struct plan **out)
{
    *out = calloc(1, sizeof(**out));
    if (!*out) {
        return diag_no_memory(d);
    }
    struct plan *plan = *out;
    arena_init(&plan->arena);
    plan->catalog = c;
    plan->map = m;
    plan->used = ARENA_ARRAY(&plan->arena, uint64_t, (size_t)catalog_all(c) / 64 + 1);
    if (!plan->used) {
        plan_close(plan);
        *out = NULL;
        return diag_no_memory(d);
    }
    struct resolve r = {.catalog = c,
                        .map = m,
                        .graph = graph,
                        .diag = d,
                        .arena = &plan->arena,
                        .plan = plan,
                        .explains = how & PLAN_EXPLAINED,
                        .budget = {100u << 20},
                        .most = most_targets(c, graph)};
    uint64_t errors_before = d->errors;
    errint rc = resolve_all(&r, how & PLAN_GRAPH_BROKEN);
    hand_over(&r);
    free(r.empty);
    steps_fini(&r.steps);
    for (uint32_t i = 0; i < ARRAY_LEN(r.tails); i++) {
        name_tails_fini(&r.tails[i]);
    }
    slice_order_fini(&r.order);
    return rc == 0 && d->errors > errors_before ? -EINVAL : rc;
}

void plan_close(struct plan *p)
{
    if (p) {
        for (uint32_t i = 0; i < p->count; i++) {
            if (!target_sized(&p->targets[i])) {
                free(p->targets[i].form->strings->starts);
            }
        }
        free((void *)(uintptr_t)p->targets);
        free((void *)(uintptr_t)p->overrides);
        arena_fini(&p->arena);
        free(p);
    }
}

static void visit_pieces(const struct piece *pieces, uint32_t count, piece_visit *visit,
                         void *context)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct piece_more *more = pieces[i].more;
        if (more && more->computed) {
            for (uint32_t k = 0; k < more->computed->input_count; k++) {
                const struct value *v = &more->computed->inputs[k];
                visit_pieces(v->pieces, v->count, visit, context);
            }
        } else if (!more || !more->filled) {
            visit(context, &pieces[i]);
        }
    }
}

void target_visit(const struct target *t, piece_visit *visit, void *context)
{
    visit_pieces(t->form->pieces, t->form->piece_count, visit, context);
}

/* ---- looking things up ----------------------------------------------------------------------- */

uint32_t plan_lower(const struct plan *p, struct str name)
{
    return LOWER_BOUND(i, 0, p->count, str_cmp(target_variable(&p->targets[i]), name) < 0);
}

const struct target *plan_find(const struct plan *p, struct str name)
{
    uint32_t at =
        plan_lower(p, name); /* a plain target is its own variable, and comes before parts */
    if (at < p->count && part_of(&p->targets[at]) < 0 &&
        str_eq(target_name(&p->targets[at]), name)) {
        return &p->targets[at];
    }
    long slash = str_rfind(name, '/');
    if (slash < 0 || !str_starts(str_from_pos(name, (size_t)slash), STR("/part_"))) {
        return NULL;
    }
    struct str variable = str_head(name, (size_t)slash);
    for (at = plan_lower(p, variable);
         at < p->count && str_eq(target_variable(&p->targets[at]), variable); at++) {
        if (str_eq(target_name(&p->targets[at]), name)) {
            return &p->targets[at];
        }
    }
    return NULL;
}
