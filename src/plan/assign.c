/* SPDX-License-Identifier: Apache-2.0 */
/* Targets with a graph: init_from_checkpoint itself
 * (tensorflow/python/training/checkpoint_utils.py).
 *
 * TensorFlow's variable store holds plain variables under their name and partitioned ones as
 * NAME/part_0, NAME/part_1, ... A rule whose target is in the store, or whose NAME/part_0 is, is
 * one to one; any other is scope to scope, the target cut at its last slash. Members of a scope are
 * the store's names, each cut at its first "/part_"; every one of them must be in the
 * checkpoint. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "map/name.h"
#include "map/split.h"
#include "plan/variable_store.h"
#include "source/catalog_names.h"

/* ---- rules ----------------------------------------------------------------------------------- */

/* Leaves out a variable that the checkpoint lacks, to be told of, if that is no error. */
static bool leave_out(struct store *s, struct str name)
{
    const struct variable *declared = graph_find(s->graph, name);
    bool may = s->r->map->view.skip_missing || (declared && declared->slot);
    s->missed = may && !s->missing ? name : s->missed;
    s->missing += may;
    return may;
}

/* The tensor's name of a member of a rule's scope; ptr is NULL: memory is short. */
static struct str source_name(struct resolve *r, const struct rule *rule, struct str scope,
                              struct str member)
{
    size_t cut = scope.len;
    if (!str_eq(rule->target, STR("/"))) {
        cut++; /* the '/' after the scope, whatever it is */
    }
    struct str rest = str_from_pos(member, cut);
    struct str prefix = str_eq(rule->source, STR("/")) ? STR("") : rule->source;
    struct str name = member;
    if (prefix.len != cut || !str_starts(member, prefix)) {
        char *text = arena_bytes(r->arena, prefix.len + rest.len);
        if (!text) {
            return (struct str){NULL, 0};
        }
        memcpy(text, prefix.ptr, prefix.len);
        memcpy(text + prefix.len, rest.ptr, rest.len);
        name = str_of(text, prefix.len + rest.len);
    }
    if (str_ends(name, STR("/"))) {
        name.len--;
    }
    return name;
}

/* One member of a scope: `member` is a name of the store, that of v, cut at its first "/part_". */
static errint assign_member(struct store *s, uint32_t index, struct str scope,
                            const struct variable *v, struct str member)
{
    struct resolve *r = s->r;
    const struct rule *rule = &r->map->rules[index];
    struct str name = source_name(r, rule, scope, member);
    if (!name.ptr) {
        return diag_no_memory(r->diag);
    }
    const struct tensor *t = catalog_find_next(r->catalog, name, &s->next);
    if (!t && leave_out(s, member)) {
        return 0;
    }
    if (!t) {
        resolve_complain_absent(r, rule, name, member);
        return 0;
    }
    if (!resolve_known(r, rule, name, t)) {
        return 0;
    }
    struct found f = {v, -1};
    f = member.len == v->name.len ? f : store_find(s, member);
    if (!f.variable) {
        diag_error_at(
            r->diag, DIAG_VARIABLE_NOT_FOUND, rule->at, member,
            "'%s' is no variable: TensorFlow cuts names in a scope at their first '/part_'; assign "
            "the variable by "
            "its full name",
            diag_visible(r->diag, member));
        return 0;
    }
    return store_assign(s, f, t, index, false);
}

static struct str cut_at_part(struct str name)
{
    long at = str_search(name, STR("/part_"));
    return at < 0 ? name : str_head(name, (size_t)at);
}

/* What the scope of a rule left out. */
static void warn_missing(struct store *s, const struct rule *rule)
{
    struct resolve *r = s->r;
    if (s->missing) {
        diag_warn_at(
            r->diag, DIAG_TENSOR_NOT_FOUND, rule->at, rule->target,
            "%u declared variables in scope '%s' are not in the checkpoint and left out, "
            "'%s' first%s",
            s->missing, diag_visible(r->diag, rule->target), diag_visible(r->diag, s->missed),
            r->map->view.skip_missing ? ""
                                      : ": slots of partitioned variables, which TensorFlow skips");
    }
    if (s->missing && r->map->view.skip_missing) {
        r->first_skipped = r->skipped ? r->first_skipped : s->missed;
        r->skipped_rule = r->skipped ? r->skipped_rule : (uint32_t)(rule - r->map->rules);
        r->skipped += s->missing;
    }
    s->missing = 0;
}

/* Whether a rule's scope goes by paths of objects: it leaves names as they are, and those are not
 * keys. */
static bool goes_by_paths(const struct store *s, const struct rule *rule)
{
    const struct catalog *c = s->r->catalog;
    return c->names && c->names->friendly && str_eq(rule->source, rule->target);
}

static errint assign_by_path(struct store *s, uint32_t index, const struct variable *v)
{
    const struct tensor *t = v->paths->tensor;
    if (t->hidden != TENSOR_SHOWN) {
        resolve_complain_hidden(s->r, t, s->r->map->rules[index].at);
        return 0;
    }
    const struct tensor *named = catalog_find(s->r->catalog, v->name);
    struct slot value = {.source = t, .rule = index};
    if (!named && s->renamed++ == 0) {
        s->first_renamed = v;
    }
    value.rival = named && named != t && !tensor_agrees(named, t) ? named : v->paths->rivals[0];
    return store_put(s, v, 0, value, v->name);
}

/* What the scope of a rule took whatever it is called. */
static void warn_renamed(struct store *s, const struct rule *rule)
{
    if (s->renamed) {
        struct diag *d = s->r->diag;
        const struct variable *v = s->first_renamed;
        diag_warn_at(
            d, DIAG_NAME_AMBIGUOUS, rule->at, v->name,
            "%u variables in scope '%s' take the tensors at their paths of objects, which are "
            "called otherwise: '%s' takes '%s'%s",
            s->renamed, diag_visible(d, rule->target), diag_visible(d, v->name),
            diag_visible(d, tensor_name(variable_path_tensor(v))), s->renamed > 1 ? ", ..." : "");
    }
    s->renamed = 0;
}

/* A variable of the graph that is in the scope of a rule. */
static errint assign_declared(struct store *s, uint32_t index, struct str scope,
                              const struct variable *v)
{
    const struct rule *rule = &s->r->map->rules[index];
    struct str member = cut_at_part(v->name);
    if (goes_by_paths(s, rule) && variable_path_tensor(v)) {
        return assign_by_path(s, index, v);
    }
    const struct catalog *c = s->r->catalog;
    const struct tensor *t = goes_by_paths(s, rule) ? catalog_find(c, v->name) : NULL;
    if (t && ((v->paths && v->paths->called_by_path) ||
              s->by_path[t - c->tensors])) { /* another path's: an error, unless a
                                                                rule of its own assigns v */
        struct slot value = {.source = t, .rule = index, .rival = t};
        return leave_out(s, v->name) ? 0 : store_put(s, v, 0, value, v->name);
    }
    if (s->last.ptr && str_eq(s->last, member)) {
        return 0; /* names that are cut alike are neighbours */
    }
    s->last = member;
    return assign_member(s, index, scope, v, member);
}

static errint assign_scope(struct store *s, uint32_t index)
{
    struct resolve *r = s->r;
    const struct rule *rule = &r->map->rules[index];
    if (!str_ends(rule->source, STR("/"))) {
        resolve_complain_undeclared(r, rule);
        return 0;
    }
    long slash = str_rfind(rule->target, '/');
    struct str scope = str_head(rule->target, slash < 0 ? 0 : (size_t)slash);
    if (!str_ends(rule->target, STR("/"))) {
        resolve_warn_cut(r, rule);
    }
    /* Members stand together: those that begin with the scope and a '/'. A partitioned variable
     * called like the scope itself is one too, for the store has NAME/part_0. */
    uint32_t members = 0;
    s->last = (struct str){NULL, 0};
    const struct variable *self = scope.len ? graph_find(s->graph, scope) : NULL;
    struct str beginning = scope.len ? str_head(rule->target, scope.len + 1) : STR("");
    if (self && self->cuts) {
        members++;
        errint rc = assign_member(s, index, scope, self, cut_at_part(self->name));
        if (rc < 0) {
            return rc;
        }
    }
    uint32_t first;
    uint32_t end = graph_prefix(s->graph, beginning, &first) + first;
    for (uint32_t i = first; i < end; i++) {
        members++;
        errint rc = resolve_ask(r, 1, 0, rule->at);
        if (rc == 0) {
            rc = assign_declared(s, index, scope, &s->graph->variables[i]);
        }
        if (rc < 0) {
            return rc;
        }
    }
    warn_missing(s, rule);
    warn_renamed(s, rule);
    if (!members && !r->map->view.infer_undeclared) {
        resolve_warn_no_member(r, rule);
    }
    return 0;
}

/* `[view] undeclared = infer`: what the scope has of declared variables is assigned and checked,
 * the rest comes from the checkpoint's names. */
static errint assign_and_infer(struct store *s, uint32_t index)
{
    const struct rule *rule = &s->r->map->rules[index];
    errint rc =
        rule->source_is_scope && str_rfind(rule->target, '/') >= 0 ? assign_scope(s, index) : 0;
    return rc < 0 ? rc : resolve_infer(s->r, index);
}

static errint assign_rule(struct store *s, uint32_t index)
{
    const struct rule *rule = &s->r->map->rules[index];
    if (rule->expression) {
        return resolve_computed(s->r, s, index);
    }
    if (resolve_is_left_out(s->r, rule)) {
        return 0;
    }
    struct found f = store_find(s, rule->target);
    if (!f.variable) {
        if (s->r->map->view.infer_undeclared) {
            return assign_and_infer(s, index);
        }
        if (rule->partitioner.kind || rule->parts.count) {
            resolve_complain_undeclared(s->r, rule);
            return 0;
        }
        return assign_scope(s, index);
    }
    const struct tensor *t = resolve_source(s->r, rule, rule->source);
    if (!t || !store_parts_agree(s, rule, f)) {
        return 0;
    }
    errint rc = resolve_ask(s->r, 1, 0, rule->at);
    if (rc == 0 && rule->parts.count && rule->parts.count < store_parts(f.variable)) {
        return store_assign_some(s, f.variable, t, index);
    }
    return rc < 0 ? rc : store_assign(s, f, t, index, true);
}

/* ---- from slots to targets ------------------------------------------------------------------- */

static errint add_variable(struct store *s, const struct variable *v)
{
    const struct slot *slots = &s->slots[s->first_slot[v - s->graph->variables]];
    int64_t parts = store_parts(v);
    const struct slot *bad = NULL; /* one error for all parts that a rule gave to one variable */
    for (int64_t part = 0; part < parts; part++) {
        const struct slot *slot = &slots[part];
        struct conversion as;
        errint rc = 0;
        if (slot->value) {
            rc = store_add_value(s, v, part, slot);
            if (rc < 0) {
                return rc;
            }
            continue;
        }
        if (!slot->source || (bad && bad->rule == slot->rule && bad->source == slot->source)) {
            continue;
        }
        if (!store_fits(s, v, part, slot, &as)) {
            bad = slot;
            continue;
        }
        if (!v->cuts) {
            rc = resolve_add(s->r, v->name, slot->source, as, slot->rule);
        } else if (slot->whole) {
            rc = resolve_add_into_part(s->r, v, part, slot->source, as, slot->rule);
        } else {
            struct partition cut = variable_partition(v);
            rc = resolve_add_part(s->r, v->name, slot->source, (struct resolve_part){cut, part}, as,
                                  slot->rule);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static bool is_assigned(const struct store *s, const struct variable *v)
{
    const struct slot *slots = &s->slots[s->first_slot[v - s->graph->variables]];
    for (int64_t part = 0; part < store_parts(v); part++) {
        if (!store_is_filled(&slots[part])) {
            return false;
        }
    }
    return true;
}

static errint list_unassigned(struct store *s)
{
    struct plan *plan = s->r->plan;
    const struct variable **list =
        ARENA_ARRAY(s->r->arena, const struct variable *, s->graph->count);
    if (!list) {
        return diag_no_memory(s->r->diag);
    }
    for (uint32_t i = 0; i < s->graph->count; i++) {
        if (!is_assigned(s, &s->graph->variables[i])) {
            list[plan->unassigned_count++] = &s->graph->variables[i];
        }
    }
    plan->unassigned = list;
    return 0;
}

errint resolve_with_graph(struct resolve *r)
{
    const struct graph *graph = r->graph;
    CLEANUP_FREE uint32_t *first_slot = calloc((size_t)graph->count + 1, sizeof(*first_slot));
    CLEANUP_FREE bool *by_path = calloc((size_t)r->catalog->count + 1, sizeof(*by_path));
    if (!first_slot || !by_path) {
        return diag_no_memory(r->diag);
    }
    uint64_t total = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        const struct tensor *t = variable_path_tensor(&graph->variables[i]);
        if (t) {
            by_path[t - r->catalog->tensors] = true;
        }
        first_slot[i] = (uint32_t)total;
        total += (uint64_t)store_parts(&graph->variables[i]);
        if (total > r->most) {
            return diag_error_at(
                r->diag, DIAG_LIMIT, *graph->variables[i].at, graph->variables[i].name,
                "the graph has more than %" PRIu64 " variables and parts", r->most);
        }
    }
    CLEANUP_FREE struct slot *slots = calloc(total + 1, sizeof(*slots));
    if (!slots) {
        return diag_no_memory(r->diag);
    }
    struct store store = {
        .r = r, .graph = graph, .slots = slots, .first_slot = first_slot, .by_path = by_path};
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < r->map->rule_count; i++) {
        rc = assign_rule(&store, i);
    }
    for (uint32_t i = 0; rc == 0 && i < graph->count; i++) {
        rc = add_variable(&store, &graph->variables[i]);
    }
    return rc == 0 ? list_unassigned(&store) : rc;
}
