/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that compute: sources, several or by wildcards, become values; operations are applied to
 * them; what comes out is targets. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "map/expand.h"
#include "plan/explained.h"
#include "plan/ops/op_type.h"
#include "plan/variable_store.h"

/* An assignment of a rule in the making. */
struct making {
    struct resolve *r;
    struct store *store; /* of the graph's variables; NULL: there is no graph */
    uint32_t index;      /* of the rule */
    const struct rule *rule;
    const struct expression *expression;
    struct op_result values;
    struct explaining explaining;
    const struct tensor *first;   /* of the sources; NULL: there is none */
    const struct tensor *renamed; /* the only source, where there are no operations: no value is
                                     made of it */
    bool alone;                   /* there is one source */
    bool hidden;                  /* one of the sources cannot be shown, which was said */
};

/* What is said of a target in messages. */
static struct str subject_of(const struct making *m)
{
    return m->rule->target;
}

static errint complain_step(struct making *m, uint32_t step, errint rc)
{
    struct diag *d = m->r->diag;
    CLEANUP_BUF struct buf text = {0};
    op_print(&m->expression->ops[step], &text);
    const char *shown = text.failed || !text.data ? "" : diag_visible(d, buf_view(&text));
    if (rc == -ENOMEM) {
        return diag_no_memory(d);
    }
    const char *why = m->values.why.data ? m->values.why.data : "";
    if (rc == -E2BIG) {
        why = "it makes too many pieces";
    } else if (rc == -ELOOP) {
        why = "more than 16 computed steps lie one above the other";
    }
    diag_error_at(d, rc == -EINVAL ? DIAG_SHAPE_MISMATCH : DIAG_LIMIT, m->rule->at, subject_of(m),
                  "'%s' (operation %u): %s", shown, step + 1, why);
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
    explaining_tensor(&m->explaining, t);
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

/* The name that a target's template makes; where it has a number that no source has, that is
 * `counted`. ptr is NULL: it cannot be made, which is in the diag. */
static errint make_name(struct making *m, const struct template *t,
                        const struct template_values *given, struct str free_number,
                        uint32_t counted, struct str *out)
{
    struct resolve *r = m->r;
    struct template_values values = *given;
    struct str names[2 * PATTERN_CAPTURES_MOST + 1];
    struct str numbers[2 * PATTERN_CAPTURES_MOST + 1];
    const struct template_token *bad = NULL;
    CLEANUP_BUF struct buf name = {0};
    char digits[16];
    for (uint32_t k = 0; k < values.number_count; k++) {
        names[k] = given->names[k];
        numbers[k] = given->numbers[k];
    }
    if (free_number.ptr) {
        snprintf(digits, sizeof(digits), "%u", counted);
        names[values.number_count] = free_number;
        numbers[values.number_count++] = str_from(digits);
    }
    values.names = names;
    values.numbers = numbers;
    *out = (struct str){NULL, 0};
    errint rc = template_fill(t, &values, &name, &bad);
    if (rc < 0) {
        diag_error_at(r->diag, DIAG_MAP_SYNTAX, m->rule->at, subject_of(m),
                      "the number '%s' cannot be shifted so: it would be negative, or too large",
                      diag_visible(r->diag, bad->text));
        return 0;
    }
    *out = arena_str(r->arena, buf_view(&name));
    return name.failed || !out->ptr ? diag_no_memory(r->diag) : 0;
}

static errint give_to_graph(struct making *m, struct str name, uint32_t i)
{
    struct found f = store_find(m->store, name);
    if (m->renamed && f.variable) {
        return store_assign(m->store, f, m->renamed, m->index, true);
    }
    if (m->renamed) {
        struct value v;
        errint rc = value_of_tensor(m->r->catalog, m->renamed, m->r->arena, &v);
        return rc < 0 ? diag_no_memory(m->r->diag)
                      : store_assign_value(m->store, name, &v, m->first, m->index);
    }
    return store_assign_value(m->store, name, &m->values.values[i], m->first, m->index);
}

static errint add_target(struct making *m, const struct expression_target *target,
                         const struct template_values *values, struct str free_number, uint32_t i)
{
    struct resolve *r = m->r;
    struct str name;
    errint rc = make_name(m, &target->template, values, free_number, i, &name);
    if (rc < 0 || !name.ptr) {
        return rc;
    }
    if (target->is_step) {
        struct step step = {name, m->values.values[i], m->first, m->index, false};
        step.value.explained = explained_step(step.value.explained, name, r->arena);
        if (r->explains && !step.value.explained) {
            return diag_no_memory(r->diag);
        }
        return steps_add(&r->steps, step) < 0 ? diag_no_memory(r->diag) : 0;
    }
    if (m->store) {
        return give_to_graph(m, name, i);
    }
    if (m->renamed) {
        const struct conversion unchanged = {(enum dtype)m->renamed->dtype, CAST_CHECKED};
        return resolve_add(r, name, m->renamed, unchanged, m->index);
    }
    return resolve_add_value(r, name, &m->values.values[i], m->first, m->index);
}

/* The parts of one variable. */
static errint add_parts(struct making *m, const struct template_values *values)
{
    const struct expression *e = m->expression;
    const struct str none = {NULL, 0};
    struct str name;
    if (e->target_count != 1 || e->targets[0].is_step) {
        diag_error_at(m->r->diag, DIAG_MAP_SYNTAX, m->rule->at, subject_of(m),
                      "the parts of 'partition' are those of one variable: expected one target, "
                      "and no step");
        return 0;
    }
    errint rc = make_name(m, &e->targets[0].template, values, none, 0, &name);
    if (rc == 0 && name.ptr && m->store) {
        return store_assign_parts(m->store, name, &m->values, m->first, m->index);
    }
    if (rc == 0 && name.ptr) {
        rc = resolve_ask(m->r, 1, m->values.count, m->rule->at);
    }
    for (size_t i = 0; rc == 0 && name.ptr && i < m->values.count; i++) {
        const struct value_part part = {m->values.full, m->values.partition, (int64_t)i};
        rc = resolve_add_value_part(m->r, name, &m->values.values[i], &part, m->first, m->index);
    }
    return rc;
}

static errint add_targets(struct making *m, const struct template_values *values,
                          struct str free_number)
{
    const struct expression *e = m->expression;
    uint32_t count = m->renamed ? 1 : (uint32_t)m->values.count;
    if (m->values.partition.rank) {
        return add_parts(m, values);
    }
    if (free_number.ptr ? e->target_count != 1 : e->target_count != count) {
        diag_error_at(m->r->diag, DIAG_MAP_SYNTAX, m->rule->at, subject_of(m),
                      "%u values come out of the operations, and there are %u targets", count,
                      e->target_count);
        return 0;
    }
    errint rc = resolve_ask(m->r, count, 0, m->rule->at);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        const struct expression_target *t = &e->targets[free_number.ptr ? 0 : i];
        rc = add_target(m, t, values, free_number, i);
    }
    return rc;
}

/* ---- what wildcards match -------------------------------------------------------------------- */

struct expanding {
    struct making *making;
    const struct expand_source *sources;
    struct str free_number;
};

static struct str tensor_name_at(const void *context, uint32_t i)
{
    const struct catalog *c = context;
    return tensor_name(&c->tensors[i]);
}

static struct str step_name_at(const void *context, uint32_t i)
{
    const struct steps *s = context;
    return s->list[i].name;
}

static errint add_match(struct making *m, const struct expand_match *match)
{
    if (m->expression->sources[match->source].is_step) {
        return add_step(m, &m->r->steps.list[match->name]);
    }
    const struct tensor *t = &m->r->catalog->tensors[match->name];
    if (t->hidden != TENSOR_SHOWN) {
        resolve_complain_hidden(m->r, t, m->rule->at);
        m->hidden = true;
        return 0;
    }
    return add_tensor(m, t);
}

static errint make_assignment(void *context, const struct expansion *x)
{
    struct expanding *e = context;
    struct making *m = e->making;
    bool done;
    op_result_fini(&m->values);
    explaining_begin(&m->explaining);
    m->values.arena = m->r->arena;
    m->first = m->renamed = NULL;
    m->hidden = false;
    m->alone = x->match_count == 1;
    for (uint32_t i = 0; i < x->match_count; i++) {
        errint rc = add_match(m, &x->matches[i]);
        if (rc < 0) {
            return rc;
        }
    }
    if (m->hidden) {
        return 0;
    }
    errint rc = apply_all(m, &done);
    return rc < 0 || !done ? rc : add_targets(m, &x->values, e->free_number);
}

/* Name `name` of source `source`. */
static struct str name_of(const struct making *m, uint32_t source, uint32_t name)
{
    return m->expression->sources[source].is_step ? m->r->steps.list[name].name
                                                  : tensor_name(&m->r->catalog->tensors[name]);
}

/* What is wrong with the names that were found. */
static errint complain_expansion(struct making *m, const struct expand_fault *f)
{
    struct resolve *r = m->r;
    struct diag *d = r->diag;
    const struct expression *e = m->expression;
    struct str source = e->source_count ? e->sources[f->source].text : STR("~");
    const char *shown = diag_visible(d, source);
    const char *name = "";
    const char *other = "";
    if (f->kind != EXPAND_NO_MATCH && f->kind != EXPAND_NO_NUMBER && f->kind != EXPAND_NO_CAPTURE) {
        name = diag_visible(
            d, name_of(m, f->kind == EXPAND_NO_PARTNER ? f->other : f->source, f->name));
    }
    switch (f->kind) {
    case EXPAND_NO_MATCH:
        if (!e->optional) {
            diag_error_at(d, DIAG_TENSOR_NOT_FOUND, m->rule->at, source,
                          "'%s' matches no tensor of the checkpoint", shown);
        }
        return 0;
    case EXPAND_NO_NUMBER:
        diag_error_at(d, DIAG_MAP_SYNTAX, m->rule->at, source,
                      "what the target takes is spread over several sources: expected one that "
                      "has all of it");
        return 0;
    case EXPAND_NO_CAPTURE:
        diag_error_at(d, DIAG_MAP_SYNTAX, m->rule->at, subject_of(m),
                      "the target takes capture %" PRIu64 ", and no source has so many", f->number);
        return 0;
    case EXPAND_NO_PARTNER:
        diag_error_at(d, DIAG_TENSOR_NOT_FOUND, m->rule->at, source,
                      "'%s' has no tensor that goes with '%s'", shown, name);
        return 0;
    case EXPAND_GAP:
        diag_error_at(d, DIAG_TENSOR_NOT_FOUND, m->rule->at, source,
                      "'%s': there is no tensor of number %" PRIu64 " for {%s}, before '%s'", shown,
                      f->number, diag_visible(d, f->text), name);
        return 0;
    case EXPAND_TWICE:
        other = diag_visible(d, name_of(m, f->source, f->other));
        diag_error_at(d, DIAG_NAME_COLLISION, m->rule->at, source,
                      "'%s' matches '%s' and '%s', which would give one target", shown, name,
                      other);
        return 0;
    case EXPAND_SLOW:
        diag_error_at(d, DIAG_LIMIT, m->rule->at, source,
                      "to match '%s' against '%s' takes too long", shown, name);
        return 0;
    }
    return 0;
}

static struct expand_names step_names(const struct resolve *r)
{
    return (struct expand_names){step_name_at, &r->steps, (uint32_t)r->steps.known};
}

static struct expand_names tensor_names(const struct resolve *r)
{
    return (struct expand_names){tensor_name_at, r->catalog, r->catalog->count};
}

static errint resolve_patterns(struct making *m)
{
    const struct expression *e = m->expression;
    struct expand_source sources[EXPAND_SOURCES_MOST];
    struct template targets[EXPAND_TARGETS_MOST];
    struct expand_fault fault;
    struct expanding x = {m, sources, {NULL, 0}};
    for (uint32_t i = 0; i < e->source_count; i++) {
        sources[i].pattern = &e->sources[i].pattern;
        sources[i].names = e->sources[i].is_step ? step_names(m->r) : tensor_names(m->r);
    }
    for (uint32_t i = 0; i < e->target_count; i++) {
        targets[i] = e->targets[i].template;
    }
    const struct expand_rule rule = {sources, e->source_count, targets, e->target_count};
    expand_has_free_number(&rule, &x.free_number);
    errint rc = expand(&rule, make_assignment, &x, &fault);
    if (rc == -EINVAL) {
        return complain_expansion(m, &fault);
    }
    return rc == -ENOMEM ? diag_no_memory(m->r->diag) : rc;
}

static bool is_there(const struct making *m, const struct expression_source *source)
{
    return source->is_step ? steps_find(&m->r->steps, source->name) != NULL
                           : catalog_find(m->r->catalog, source->name) != NULL;
}

static errint add_named(struct making *m, const struct expression_source *source, bool *missing)
{
    if (source->is_step) {
        struct step *s = steps_find(&m->r->steps, source->name);
        if (s) {
            return add_step(m, s);
        }
        diag_error_at(m->r->diag, DIAG_TENSOR_NOT_FOUND, m->rule->at, source->text,
                      "no rule before this one gives '%s'", diag_visible(m->r->diag, source->text));
        *missing = true;
        return 0;
    }
    const struct tensor *t = resolve_source(m->r, m->rule, source->name);
    *missing |= !t;
    return t ? add_tensor(m, t) : 0;
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
        if (e->optional && !is_there(m, &e->sources[i])) {
            return 0;
        }
        errint rc = add_named(m, &e->sources[i], &missing);
        if (rc < 0) {
            return rc;
        }
    }
    errint rc = missing ? 0 : apply_all(m, &done);
    if (rc < 0 || missing || !done) {
        return rc;
    }
    for (uint32_t i = 0; i < e->target_count; i++) {
        targets[i] = e->targets[i].template;
    }
    expand_has_free_number(&(const struct expand_rule){NULL, 0, targets, e->target_count},
                           &free_number);
    return add_targets(m, &none, free_number);
}

errint resolve_computed(struct resolve *r, struct store *store, uint32_t index)
{
    const struct rule *rule = &r->map->rules[index];
    struct making m = {.r = r,
                       .store = store,
                       .index = index,
                       .rule = rule,
                       .expression = rule->expression,
                       .values = {.arena = r->arena},
                       .explaining = {.wanted = r->explains}};
    if (rule->expression->named) {
        diag_error_at(r->diag, DIAG_UNSUPPORTED, rule->at, rule->source,
                      "sources of several checkpoints are not supported yet");
        return 0;
    }
    errint rc = rule->expression->exact ? resolve_names(&m) : resolve_patterns(&m);
    op_result_fini(&m.values);
    explaining_fini(&m.explaining);
    const struct step *twice = steps_settle(&r->steps);
    if (twice) {
        diag_error_at(r->diag, DIAG_NAME_COLLISION, rule->at, twice->name,
                      "the step '~%s' is given twice", diag_visible(r->diag, twice->name));
    }
    return rc;
}

void resolve_warn_steps(struct resolve *r)
{
    for (size_t i = 0; i < r->steps.known; i++) {
        const struct step *s = &r->steps.list[i];
        if (!s->used) {
            diag_warn_at(r->diag, DIAG_STEP_UNUSED, r->map->rules[s->rule].at, s->name,
                         "no rule uses the step '~%s'", diag_visible(r->diag, s->name));
        }
    }
}
