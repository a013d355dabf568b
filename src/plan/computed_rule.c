/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that compute: sources, several or by wildcards, become values; operations are applied to
 * them; what comes out is targets. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "map/expand.h"
#include "plan/expansion_fault.h"
#include "plan/making.h"
#include "plan/member_names.h"

/* Why an operation gave none of its own reasons. */
static const char *why_of(const struct making *m, errint rc)
{
    switch (rc) {
    case -E2BIG:
        return "what comes out would be read from more than 1048576 pieces";
    case -ELOOP:
        return "more than 16 computed steps lie one above the other";
    case -EINVAL:
        return m->values.why.data ? m->values.why.data : "";
    default:
        return "what comes out is too large";
    }
}

/* Operation number `step` was refused: which, of what source where the rule does not name it, and
 * why. */
static errint complain_step(struct making *m, uint32_t step, errint rc)
{
    struct diag *d = m->r->diag;
    CLEANUP_BUF struct buf text = {0};
    CLEANUP_BUF struct buf of = {0};
    if (rc == -ENOMEM) {
        return diag_no_memory(d);
    }
    op_print(&m->expression->ops[step], &text);
    if (!m->expression->exact && m->first) {
        buf_printf(&of, " of '%s'", diag_visible(d, tensor_name(m->first)));
    }
    diag_error_at(d, rc == -EINVAL ? m->values.code : DIAG_LIMIT, m->rule->at, m->rule->target,
                  "'%s' (operation %u)%s: %s", text.data ? diag_visible(d, buf_view(&text)) : "",
                  step + 1, of.data ? of.data : "", why_of(m, rc));
    return 0;
}

static errint add_step(struct making *m, struct step *s)
{
    s->used = true;
    m->first = m->first ? m->first : s->first;
    explaining_step(&m->explaining, s->name, &s->value);
    return op_result_add(&m->values, s->value) < 0 ? diag_no_memory(m->r->diag) : 0;
}

static bool has_step_target(const struct expression *e)
{
    for (uint32_t i = 0; i < e->target_count; i++) {
        if (e->targets[i].is_step) {
            return true;
        }
    }
    return false;
}

static errint add_tensor(struct making *m, const struct tensor *t)
{
    const struct expression *e = m->expression;
    struct value v;
    if (e->op_count == 0 && m->alone && !has_step_target(e)) {
        m->first = m->renamed = t;
        return 0;
    }
    errint rc = value_of_tensor(m->r->catalog, t, m->r->arena, &v);
    if (rc == 0) {
        rc = op_result_add(&m->values, v);
    }
    m->first = m->first ? m->first : t;
    explaining_tensor(&m->explaining, m->r->catalog, t);
    return rc == -ENOMEM ? diag_no_memory(m->r->diag) : rc;
}

/* Applies the operations; *done is false where one of them was refused. */
static errint apply_all(struct making *m, bool *done)
{
    *done = false;
    explaining_sources(&m->explaining, &m->values);
    for (uint32_t i = 0; i < m->expression->op_count; i++) {
        const struct op *op = &m->expression->ops[i];
        errint rc = op_apply(op, &m->values);
        if (rc < 0) {
            return complain_step(m, i, rc);
        }
        explaining_operation(&m->explaining, op, &m->values);
    }
    *done = true;
    errint rc = explaining_end(&m->explaining, m->r->arena, m->index, &m->values);
    return rc < 0 ? diag_no_memory(m->r->diag) : 0;
}

/* ---- what wildcards match -------------------------------------------------------------------- */

struct expanding {
    struct making *making;
    const struct expand_source *sources;
    const struct member_names *names; /* of each source; not of steps */
    struct str free_number;
};

static struct str step_name_at(const void *context, uint32_t i)
{
    const struct steps *s = context;
    return steps_at(s, i)->name;
}

static errint add_match(const struct expanding *e, const struct expand_match *match)
{
    struct making *m = e->making;
    if (m->expression->sources[match->source].is_step) {
        return add_step(m, steps_at(&m->r->steps, match->name));
    }
    const struct tensor *t = member_names_tensor(&e->names[match->source], match->name);
    if (t->hidden == TENSOR_SLICES_MISSING || t->hidden == TENSOR_SLICES_OVERLAP ||
        (t->hidden != TENSOR_SHOWN && !m->alone)) {
        resolve_complain_hidden(m->r, t, m->rule->at);
    }
    m->hidden |= t->hidden != TENSOR_SHOWN; /* what has no bytes to show is listed, as in a scope */
    return t->hidden == TENSOR_SHOWN ? add_tensor(m, t) : 0;
}

/* What an assignment begins with. */
static struct op_result no_values(struct resolve *r, const struct rule *rule)
{
    return (struct op_result){.arena = r->arena,
                              .denied = r->diag->denied,
                              .kept = &r->kept,
                              .scope = !rule->expression->exact};
}

static errint make_assignment(void *context, const struct expansion *x)
{
    struct expanding *e = context;
    struct making *m = e->making;
    bool done;
    op_result_fini(&m->values);
    explaining_begin(&m->explaining);
    m->values = no_values(m->r, m->rule);
    m->first = m->renamed = NULL;
    m->hidden = false;
    m->alone = x->match_count == 1;
    errint rc = resolve_ask_sources(m->r, x->match_count, m->rule->at);
    for (uint32_t i = 0; rc == 0 && i < x->match_count; i++) {
        rc = add_match(e, &x->matches[i]);
    }
    if (rc < 0 || m->hidden) {
        return rc;
    }
    rc = apply_all(m, &done);
    return rc < 0 || !done ? rc : making_add_targets(m, &x->values, e->free_number);
}

static struct expand_names step_names(const struct resolve *r)
{
    return (struct expand_names){
        .name = step_name_at, .context = &r->steps, .count = (uint32_t)r->steps.known};
}

/* The number of the targets that counts what the operations make; ptr stays NULL if there is none.
 * False, and an error, for two. */
static bool find_free_number(struct making *m, const struct expand_rule *rule, struct str *number)
{
    struct diag *d = m->r->diag;
    struct str names[2];
    unsigned count = expand_free_numbers(rule, names);
    if (count == 2) {
        diag_error_at(d, DIAG_MAP_SYNTAX, m->rule->at, m->rule->target,
                      "no source has the numbers '{%s}' and '{%s}' of the target: expected one at "
                      "most, which counts what the operations make",
                      diag_visible(d, names[0]), diag_visible(d, names[1]));
        return false;
    }
    *number = count ? names[0] : *number;
    return true;
}

/* What source number `i` is held against; of its checkpoint, to *names. */
static errint find_names(struct resolve *r, const struct expression *e, uint32_t i,
                         struct member_names *names, struct expand_names *out)
{
    const struct expression_source *source = &e->sources[i];
    struct name_tails *tails = &r->tails[source->checkpoint];
    *names = member_names_of(r->catalog, e, i);
    if (source->is_step) {
        *out = step_names(r);
        return 0;
    }
    if (source->pattern.prefix.len == 0 && source->pattern.suffix.len) {
        if (name_tails_make(tails, names->member) < 0) {
            return diag_no_memory(r->diag);
        }
        names->tails = tails;
    }
    *out = member_names_listed(names);
    return 0;
}

static errint resolve_patterns(struct making *m)
{
    const struct expression *e = m->expression;
    struct expand_source sources[EXPAND_SOURCES_MOST];
    struct template targets[EXPAND_TARGETS_MOST];
    struct expand_fault fault;
    struct member_names names[EXPAND_SOURCES_MOST];
    struct expanding x = {m, sources, names, {NULL, 0}};
    for (uint32_t i = 0; i < e->source_count; i++) {
        sources[i].pattern = &e->sources[i].pattern;
        errint rc = find_names(m->r, e, i, &names[i], &sources[i].names);
        if (rc < 0) {
            return rc;
        }
    }
    for (uint32_t i = 0; i < e->target_count; i++) {
        targets[i] = e->targets[i].template;
    }
    const struct expand_rule rule = {.sources = sources,
                                     .source_count = e->source_count,
                                     .targets = targets,
                                     .target_count = e->target_count,
                                     .kept_most = RESOLVE_KEPT_EACH * m->r->most};
    if (!find_free_number(m, &rule, &x.free_number)) {
        return 0;
    }
    errint rc = expand(&rule, make_assignment, &x, &fault);
    if (rc == -EINVAL) {
        resolve_complain_expansion(m->r, m->rule, names, &fault);
        return 0;
    }
    return rc == -ENOMEM ? diag_no_memory(m->r->diag) : rc;
}

static bool is_there(const struct making *m, const struct expression_source *source)
{
    return source->is_step
               ? steps_find(&m->r->steps, source->name) != NULL
               : catalog_find(member_of_source(m->r->catalog, source), source->name) != NULL;
}

static errint add_named(struct making *m, const struct expression_source *source, bool *missing)
{
    if (source->is_step) {
        struct step *s = steps_find(&m->r->steps, source->name);
        if (s) {
            return add_step(m, s);
        }
        if (!*missing) {
            resolve_complain_no_step(m->r, m->index, source->text);
        }
        *missing = true;
        return 0;
    }
    const struct tensor *t =
        resolve_source_of(m->r, member_of_source(m->r->catalog, source), m->rule, source->name);
    *missing |= !t;
    return t ? add_tensor(m, t) : 0;
}

/* Whether a target takes what only wildcards have, which is an error. */
static bool takes_captures(struct making *m)
{
    for (uint32_t i = 0; i < m->expression->target_count; i++) {
        uint32_t captures = m->expression->targets[i].template.captures;
        if (captures) {
            resolve_complain_capture(m->r, m->rule, captures);
            return true;
        }
    }
    return false;
}

/* Names without wildcards: what is missing is told with what is near. */
static errint resolve_names(struct making *m)
{
    const struct expression *e = m->expression;
    const struct template_values none = {0};
    struct template targets[EXPAND_TARGETS_MOST];
    struct str free_number = {NULL, 0};
    bool missing = false;
    bool done;
    m->alone = e->source_count == 1;
    for (uint32_t i = 0; i < e->source_count; i++) {
        if (m->rule->optional && !is_there(m, &e->sources[i])) {
            return 0;
        }
        errint rc = add_named(m, &e->sources[i], &missing);
        if (rc < 0) {
            return rc;
        }
    }
    missing = takes_captures(m) || missing;
    errint rc = missing ? 0 : apply_all(m, &done);
    if (rc < 0 || missing || !done) {
        return rc;
    }
    for (uint32_t i = 0; i < e->target_count; i++) {
        targets[i] = e->targets[i].template;
    }
    const struct expand_rule of_none = {.targets = targets, .target_count = e->target_count};
    return find_free_number(m, &of_none, &free_number) ? making_add_targets(m, &none, free_number)
                                                       : 0;
}

/* Whether the checkpoints of all sources are; of others it was said why not. */
static bool are_open(const struct catalog *c, const struct expression *e)
{
    for (uint32_t i = 0; i < e->source_count; i++) {
        if (!member_of_source(c, &e->sources[i])) {
            return false;
        }
    }
    return true;
}

errint resolve_computed(struct resolve *r, struct store *store, uint32_t index)
{
    const struct rule *rule = &r->map->rules[index];
    struct making m = {.r = r,
                       .store = store,
                       .index = index,
                       .rule = rule,
                       .expression = rule->expression,
                       .values = no_values(r, rule),
                       .explaining = {.wanted = r->explains}};
    errint rc = 0;
    if (are_open(r->catalog, rule->expression)) {
        rc = rule->expression->exact ? resolve_names(&m) : resolve_patterns(&m);
    }
    op_result_fini(&m.values);
    explaining_fini(&m.explaining);
    buf_fini(&m.name);
    const struct step *twice;
    if (steps_settle(&r->steps, &twice) < 0) {
        return diag_no_memory(r->diag);
    }
    if (twice) {
        diag_error_at(r->diag, DIAG_NAME_COLLISION, rule->at, twice->name,
                      "the step '~%s' is given twice", diag_visible(r->diag, twice->name));
    }
    return rc;
}
