/* SPDX-License-Identifier: Apache-2.0 */
#include "map/expression.h"

#include <string.h>

#include "map/expand.h"
#include "map/message.h"
#include "map/name.h"
#include "map/token.h"

enum { OPERATIONS_MOST = 64 };

struct parsing {
    struct position at;
    const struct op_table *table;
    const struct named_checkpoints *named;
    struct arena *arena;
    struct diag *d;
    struct expression *out;
    errint rc; /* of the first error */
};

static void note_error(struct parsing *p, errint rc)
{
    if (p->rc == 0) {
        p->rc = rc;
    }
}

static bool has_comma(struct str text)
{
    struct str rest;
    token_cut_name(text, &rest);
    return rest.ptr != NULL;
}

/* Names without wildcards, one operation at most of each of these two: rule.h. */
static bool is_plain_operation(struct str text, unsigned *casts, unsigned *partitions)
{
    struct str rest;
    struct str word = token_next(text, &rest);
    *casts += str_eq(word, STR("cast"));
    *partitions += str_eq(word, STR("partition"));
    return str_eq(word, STR("cast")) || str_eq(word, STR("partition")) || word.len == 0;
}

bool expression_wanted(const struct ini_item *item)
{
    struct str rest;
    struct str targets = token_cut(item->value, '|', &rest);
    unsigned casts = 0;
    unsigned partitions = 0;
    bool plain = true;
    while (rest.ptr) {
        plain = is_plain_operation(token_cut(rest, '|', &rest), &casts, &partitions) && plain;
    }
    bool optional = item->key.len && item->key.ptr[0] == '?'; /* which says nothing of the rest */
    struct str sources = str_trim(str_from_pos(item->key, optional));
    bool step = sources.len && sources.ptr[0] == '~';
    return !plain || casts > 1 || partitions > 1 || step || has_comma(sources) ||
           str_find(sources, '@') >= 0 || pattern_is(sources) || pattern_is(targets) ||
           (targets.len && targets.ptr[0] == '~');
}

static errint complain_fault(struct parsing *p, struct str text, const char *role,
                             const struct pattern_fault *fault)
{
    return diag_error_at(p->d, fault->limit ? DIAG_LIMIT : DIAG_MAP_SYNTAX, p->at, text,
                         "the %s '%s': %s%s%s%s", role, message_shown(p->d, text), fault->why,
                         fault->at.len ? ", at '" : "", message_shown(p->d, fault->at),
                         fault->at.len ? "'" : "");
}

/* ---- sources and targets --------------------------------------------------------------------- */

/* `text` is as written, `name` without what says of which checkpoint it is. */
static errint parse_source(struct parsing *p, struct str text, struct str name,
                           struct expression_source *out)
{
    struct pattern_fault fault;
    *out = (struct expression_source){.text = text};
    out->is_step = name.len && name.ptr[0] == '~';
    name = str_from_pos(name, out->is_step);
    if (name.len == 0) {
        return diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, text,
                             "a source is empty: expected a name, a pattern or a scope");
    }
    errint rc = name_check_reserved(name, true, "source", p->at, p->d);
    if (rc < 0) {
        return rc;
    }
    rc = pattern_parse(name, p->arena, &out->pattern, &fault);
    if (rc < 0) {
        return rc == -ENOMEM ? diag_no_memory(p->d) : complain_fault(p, text, "source", &fault);
    }
    out->is_pattern = out->pattern.capture_count > 0;
    out->name = out->pattern.count ? out->pattern.tokens[0].text : STR("");
    return 0;
}

/* One source of each checkpoint that `text` names. */
static void add_sources(struct parsing *p, struct str text, struct expression_source *list)
{
    struct checkpoint_choice of;
    struct str name;
    errint rc = named_checkpoints_choose(p->named, text, p->at, &name, &of, p->d);
    note_error(p, rc);
    for (uint32_t i = 0; rc == 0 && i < of.count; i++) {
        if (p->out->source_count == EXPAND_SOURCES_MOST) {
            note_error(p, diag_error_at(p->d, DIAG_LIMIT, p->at, text, "more than %d sources",
                                        EXPAND_SOURCES_MOST));
            return;
        }
        struct expression_source *source = &list[p->out->source_count++];
        rc = parse_source(p, text, name, source);
        source->checkpoint = of.numbers[i];
        p->out->named |= of.numbers[i] > 0;
        if (rc == 0 && source->is_step && source->checkpoint) {
            rc = diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, text,
                               "the step '%s' is of no checkpoint: leave out what begins with '@'",
                               message_shown(p->d, text));
        }
        note_error(p, rc);
    }
}

static errint parse_target(struct parsing *p, struct str text, struct expression_target *out)
{
    struct pattern_fault fault;
    *out = (struct expression_target){.text = text};
    out->is_step = text.len && text.ptr[0] == '~';
    struct str name = str_from_pos(text, out->is_step);
    if (name.len == 0) {
        return diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, text,
                             "a target is empty: expected a name");
    }
    errint rc = name_check_reserved(name, true, "target", p->at, p->d);
    if (rc < 0) {
        return rc;
    }
    rc = template_parse(name, p->arena, &out->template, &fault);
    if (rc == -EINVAL || rc == -EOVERFLOW) {
        return complain_fault(p, text, "target", &fault);
    }
    return rc < 0 ? diag_no_memory(p->d) : 0;
}

static void parse_sources(struct parsing *p, struct str text)
{
    struct expression_source *list =
        ARENA_ARRAY(p->arena, struct expression_source, EXPAND_SOURCES_MOST);
    p->out->sources = list;
    if (!list) {
        note_error(p, diag_no_memory(p->d));
        return;
    }
    if (str_eq(text, STR("~"))) {
        return; /* no source */
    }
    struct str rest = text;
    while (rest.ptr && p->rc != -ENOMEM) {
        add_sources(p, token_cut_name(rest, &rest), list);
    }
}

static void parse_targets(struct parsing *p, struct str text)
{
    struct expression_target *list =
        ARENA_ARRAY(p->arena, struct expression_target, EXPAND_TARGETS_MOST);
    p->out->targets = list;
    if (!list) {
        note_error(p, diag_no_memory(p->d));
        return;
    }
    struct str rest = text;
    while (rest.ptr && p->rc != -ENOMEM) {
        struct str name = token_cut_name(rest, &rest);
        if (p->out->target_count == EXPAND_TARGETS_MOST) {
            note_error(p, diag_error_at(p->d, DIAG_LIMIT, p->at, name, "more than %d targets",
                                        EXPAND_TARGETS_MOST));
            return;
        }
        note_error(p, parse_target(p, name, &list[p->out->target_count++]));
    }
}

/* What a report says of the cast of a scope. Its own parser has looked at it. */
static void note_cast(struct parsing *p, struct str operation)
{
    struct str rest;
    if (p->out->cast || !str_eq(token_next(operation, &rest), STR("cast"))) {
        return;
    }
    p->out->cast = dtype_parse(token_next(rest, &rest));
    while (rest.len) {
        p->out->cast_all |= str_eq(token_next(rest, &rest), STR("all"));
    }
}

/* `all` says nothing of a single tensor. */
static void refuse_all(struct parsing *p, struct str sources)
{
    if (p->out->cast_all && p->out->exact) {
        note_error(p, diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, sources,
                                    "'all' in the cast of '%s', which is no scope and has no "
                                    "wildcard: leave it out",
                                    message_shown(p->d, sources)));
    }
}

static void parse_operations(struct parsing *p, struct str text)
{
    struct op *list = ARENA_ARRAY(p->arena, struct op, OPERATIONS_MOST);
    p->out->ops = list;
    if (!list) {
        note_error(p, diag_no_memory(p->d));
        return;
    }
    while (text.ptr && p->rc != -ENOMEM) {
        struct str operation = token_cut(text, '|', &text);
        if (p->out->op_count == OPERATIONS_MOST) {
            note_error(p, diag_error_at(p->d, DIAG_LIMIT, p->at, operation,
                                        "more than %d operations", OPERATIONS_MOST));
            return;
        }
        note_error(p,
                   op_parse(p->table, operation, p->at, p->arena, &list[p->out->op_count++], p->d));
        note_cast(p, operation);
    }
}

static bool is_exact(const struct expression *e)
{
    for (uint32_t i = 0; i < e->source_count; i++) {
        if (e->sources[i].is_pattern) {
            return false;
        }
    }
    return true;
}

/* What stands below a scope goes below a scope. */
static void check_scopes(struct parsing *p)
{
    const struct expression *e = p->out;
    const struct expression_source *scope = NULL;
    for (uint32_t i = 0; i < e->source_count && !scope; i++) {
        scope = e->sources[i].pattern.is_scope ? &e->sources[i] : NULL;
    }
    for (uint32_t i = 0; i < e->target_count; i++) {
        const struct expression_target *t = &e->targets[i];
        const char *shown = message_shown(p->d, t->text);
        if (t->template.is_scope && !scope) {
            note_error(p, diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, t->text,
                                        "the target '%s' is a scope, and no source is one: name a "
                                        "variable",
                                        shown));
        } else if (scope && !t->template.is_scope) {
            note_error(p, diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, t->text,
                                        "'%s' is a scope, so its target must be one: write '%s/'",
                                        message_shown(p->d, scope->text), shown));
        }
    }
}

errint expression_parse(const struct ini_item *item, const struct op_table *table,
                        const struct named_checkpoints *named, struct arena *a,
                        const struct expression **out, struct diag *d)
{
    struct expression *e = ARENA_NEW(a, struct expression);
    struct parsing p = {
        .at = item->at, .table = table, .named = named, .arena = a, .d = d, .out = e};
    if (!e) {
        return diag_no_memory(d);
    }
    struct str rest;
    struct str targets = token_cut(item->value, '|', &rest);
    bool optional = item->key.len && item->key.ptr[0] == '?';
    parse_sources(&p, str_trim(str_from_pos(item->key, optional)));
    parse_operations(&p, rest);
    parse_targets(&p, targets);
    e->exact = is_exact(e);
    refuse_all(&p, item->key);
    if (p.rc == 0) {
        check_scopes(&p);
    }
    *out = p.rc < 0 ? NULL : e;
    return p.rc;
}

void expression_print_operations(struct buf *b, const struct expression *e)
{
    for (uint32_t i = 0; i < e->op_count; i++) {
        buf_text(b, " | ");
        op_print(&e->ops[i], b);
    }
}
