/* SPDX-License-Identifier: Apache-2.0 */
#include "map/rule.h"

#include "map/message.h"
#include "map/name.h"
#include "map/token.h"

struct parsing {
    struct position at;
    struct arena *arena;
    struct diag *d;
    errint rc; /* of the first error */
};

static void note_error(struct parsing *p, errint rc)
{
    if (p->rc == 0) {
        p->rc = rc;
    }
}

bool rule_read_cast_words(struct str text, bool *all, enum cast_mode *mode)
{
    bool mode_given = false;
    while (text.len) {
        struct str word = token_next(text, &text);
        bool is_all = str_eq(word, STR("all"));
        bool saturate = str_eq(word, STR("saturate"));
        if (is_all ? *all : mode_given || (!saturate && !str_eq(word, STR("wrap")))) {
            return false;
        }
        *all |= is_all;
        if (!is_all) {
            mode_given = true;
            *mode = saturate ? CAST_SATURATE : CAST_WRAP;
        }
    }
    return true;
}

/* `DTYPE`, `DTYPE saturate`, `DTYPE all wrap` */
static errint parse_cast(struct parsing *p, struct str text, struct rule *rule)
{
    struct str rest;
    struct str word = token_next(text, &rest);
    if (rule->cast) {
        return diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, text,
                             "a second 'cast': a rule takes one");
    }
    rule->cast = dtype_parse(word);
    if (!dtype_bytes(rule->cast)) {
        errint rc =
            diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, text,
                          "'cast %s': expected a numeric dtype, such as float32, bfloat16 or int64",
                          message_shown(p->d, text));
        message_nearest_dtype(p->d, word);
        return rc;
    }
    if (!rule_read_cast_words(rest, &rule->cast_all, &rule->cast_mode)) {
        return diag_error_at(
            p->d, DIAG_MAP_SYNTAX, p->at, text,
            "'cast %s': expected nothing, 'saturate', 'wrap' or 'all' after the dtype",
            message_shown(p->d, text));
    }
    return 0;
}

/* Of a plain rule: `partition` or `cast`. */
static void parse_operation(struct parsing *p, struct str text, struct rule *rule)
{
    struct str rest;
    struct str word = token_next(text, &rest);
    if (word.len == 0) {
        note_error(
            p, diag_error_at(
                   p->d, DIAG_MAP_SYNTAX, p->at, word,
                   "an operation is empty: expected one after each '|', such as 'partition 5,1'"));
    } else if (str_eq(word, STR("cast"))) {
        note_error(p, parse_cast(p, rest, rule));
    } else if (rule->partitioner.kind) {
        note_error(p, diag_error_at(p->d, DIAG_MAP_SYNTAX, p->at, text,
                                    "a second 'partition': a rule takes one"));
    } else {
        note_error(p, partitioner_parse(rest, p->at, p->arena, &rule->partitioner, p->d));
    }
}

static void parse_source(struct parsing *p, struct str text, struct rule *rule)
{
    struct name name;
    note_error(p, name_parse(text, "source", p->at, p->arena, &name, p->d));
    rule->source = name.text;
    rule->source_is_scope = name.is_scope;
}

static void parse_targets(struct parsing *p, struct str text, struct rule *rule)
{
    if (str_find(text, ',') >= 0) {
        note_error(p, partition_list_parse(text, p->at, p->arena, &rule->parts, p->d));
        rule->target = rule->parts.name;
        return;
    }
    struct name name;
    note_error(p, name_parse(text, "target", p->at, p->arena, &name, p->d));
    rule->target = name.text;
    rule->target_is_scope = name.is_scope;
}

static bool rule_is_optional(const struct ini_item *item)
{
    return item->key.len && item->key.ptr[0] == '?';
}

/* An expression goes on borrowing from its text, which the item's is not kept for. */
static errint parse_expression(const struct ini_item *item, const struct op_table *table,
                               const struct named_checkpoints *named, struct arena *a,
                               struct rule *out, struct diag *d)
{
    struct ini_item kept = *item;
    struct str rest;
    kept.key = arena_str(a, item->key);
    kept.value = arena_str(a, item->value);
    if (!kept.key.ptr || !kept.value.ptr) {
        return diag_no_memory(d);
    }
    *out = (struct rule){.at = item->at, .source = kept.key, .optional = rule_is_optional(item)};
    out->target = token_cut(kept.value, '|', &rest);
    errint rc = expression_parse(&kept, table, named, a, &out->expression, d);
    if (rc < 0) {
        *out = (struct rule){.at = item->at};
    }
    return rc;
}

errint rule_parse(const struct ini_item *item, const struct op_table *table,
                  const struct named_checkpoints *named, struct arena *a, struct rule *out,
                  struct diag *d)
{
    if (expression_wanted(item)) {
        return parse_expression(item, table, named, a, out, d);
    }
    struct parsing p = {.at = item->at, .arena = a, .d = d};
    struct str rest;
    struct str targets = token_cut(item->value, '|', &rest);
    *out = (struct rule){.at = item->at, .optional = rule_is_optional(item)};

    parse_source(&p, str_trim(str_from_pos(item->key, out->optional)), out);
    while (rest.ptr) {
        parse_operation(&p, token_cut(rest, '|', &rest), out);
    }
    parse_targets(&p, targets, out);
    if (out->partitioner.kind && (out->source_is_scope || out->target_is_scope)) {
        note_error(&p, diag_error_at(
                           d, DIAG_MAP_SYNTAX, item->at,
                           out->target_is_scope ? out->target : out->source,
                           "'partition' of the scope '%s': it takes a single variable; declare the "
                           "variables of a "
                           "scope, with their partitions, in [variables]",
                           message_shown(d, out->target_is_scope ? out->target : out->source)));
    }
    if (out->cast_all && !out->source_is_scope && out->source.len) {
        note_error(&p,
                   diag_error_at(d, DIAG_MAP_SYNTAX, item->at, out->source,
                                 "'all' in the cast of '%s', which is a single tensor: it is for "
                                 "scopes, leave it out",
                                 message_shown(d, out->source)));
    }
    if (out->partitioner.kind && out->parts.count) {
        note_error(&p, diag_error_at(
                           d, DIAG_MAP_SYNTAX, item->at, out->target,
                           "a list of parts and 'partition' in one rule: leave one of them out"));
    }
    if (p.rc < 0) {
        *out = (struct rule){.at = item->at};
    }
    return p.rc;
}

/* Which of the kinds a scope's cast is for, if it takes no others: that of the dtype which it is
 * to. */
static enum dtype_kind kind_taken(enum dtype dtype)
{
    enum dtype_kind to = dtype_kind(dtype);
    return to == DTYPE_KIND_FLOAT || to == DTYPE_KIND_COMPLEX ? DTYPE_KIND_FLOAT
                                                              : DTYPE_KIND_INTEGER;
}

bool rule_cast_takes(struct rule_cast cast, enum dtype from)
{
    enum dtype_kind kind = dtype_kind(from);
    bool real = kind == DTYPE_KIND_FLOAT || kind == DTYPE_KIND_INTEGER || kind == DTYPE_KIND_BOOL;
    return cast.all ? real : kind == kind_taken(cast.dtype);
}

bool rule_casts(const struct rule *r, enum dtype dtype)
{
    struct rule_cast cast = rule_cast(r);
    return cast.dtype && (rule_is_exact(r) || rule_cast_takes(cast, dtype));
}

const char *rule_cast_words(const struct rule *r)
{
    struct rule_cast cast = rule_cast(r);
    if (cast.all) {
        return "numeric tensors, not complex and quantized ones";
    }
    return kind_taken(cast.dtype) == DTYPE_KIND_FLOAT ? "floating tensors" : "integers";
}

void rule_print_operations(struct buf *b, const struct rule *r)
{
    if (r->expression) {
        expression_print_operations(b, r->expression);
    }
    if (r->cast) {
        buf_printf(b, " | cast %s%s%s", dtype_name(r->cast), r->cast_all ? " all" : "",
                   cast_mode_suffix(r->cast_mode));
    }
    if (r->partitioner.kind) {
        buf_text(b, " | ");
        partitioner_print(b, &r->partitioner);
    }
}
