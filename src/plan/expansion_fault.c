/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/expansion_fault.h"

#include <inttypes.h>

#include "base/cleanup.h"

/* Name `name` of source `source`. */
static struct str name_of(const struct resolve *r, const struct expression *e,
                          const struct member_names *names, uint32_t source, uint32_t name)
{
    return e->sources[source].is_step ? steps_at(&r->steps, name)->name
                                      : tensor_name(member_names_tensor(&names[source], name));
}

/* ---- nothing matches ------------------------------------------------------------------------- */

/* A name that the pattern would match, more or less: without what any name has. */
static void add_likely(const struct pattern *p, struct buf *b)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct pattern_token *t = &p->tokens[i];
        if (t->kind == PATTERN_TEXT) {
            buf_str(b, t->text);
        } else if (t->kind == PATTERN_NUMBER) {
            buf_char(b, '0');
        } else if (t->kind == PATTERN_CHOICE && t->choice_count) {
            buf_str(b, t->choices[0]);
        } else if (t->kind == PATTERN_STAR) {
            buf_char(b, '*');
        } else if (t->slash_before) {
            buf_char(b, '/');
        }
    }
}

static void complain_no_match(struct resolve *r, const struct rule *rule,
                              const struct expression_source *source)
{
    struct str nearest[DIAG_NEAREST];
    CLEANUP_BUF struct buf likely = {0};
    const char *shown = diag_visible(r->diag, source->text);
    if (rule->optional) {
        return;
    }
    if (source->is_step) {
        diag_error_at(r->diag, DIAG_TENSOR_NOT_FOUND, rule->at, source->text,
                      "no rule before this one gives what '%s' matches", shown);
        return;
    }
    const struct catalog *member = member_of_source(r->catalog, source);
    diag_error_at(r->diag, DIAG_TENSOR_NOT_FOUND, rule->at, source->text,
                  "'%s' matches no tensor of %s", shown, resolve_checkpoint(r, member));
    add_likely(&source->pattern, &likely);
    unsigned count = likely.failed ? 0
                                   : nearest_names(buf_view(&likely), nearest_list_of(member, true),
                                                   resolve_budget(r), nearest);
    for (unsigned i = 0; i < count; i++) {
        nearest_in_map(r->diag, nearest[i], false, false);
    }
}

/* ---- what matches does not fit --------------------------------------------------------------- */

void resolve_complain_capture(struct resolve *r, const struct rule *rule, uint64_t number)
{
    diag_error_at(r->diag, DIAG_MAP_SYNTAX, rule->at, rule->target,
                  "the target takes capture %" PRIu64 ", and no source has so many", number);
}

void resolve_complain_expansion(struct resolve *r, const struct rule *rule,
                                const struct member_names *names, const struct expand_fault *f)
{
    struct diag *d = r->diag;
    const struct expression *e = rule->expression;
    struct str source = e->source_count ? e->sources[f->source].text : STR("~");
    const char *shown = diag_visible(d, source);
    const char *name = "";
    const char *other = "";
    const char *whose =
        e->source_count
            ? resolve_checkpoint(r, member_of_source(r->catalog, &e->sources[f->source]))
            : "";
    if (f->kind != EXPAND_NO_MATCH && f->kind != EXPAND_NO_NUMBER && f->kind != EXPAND_NO_CAPTURE &&
        f->kind != EXPAND_KEYS) {
        name = diag_visible(
            d, name_of(r, e, names, f->kind == EXPAND_NO_PARTNER ? f->other : f->source, f->name));
    }
    switch (f->kind) {
    case EXPAND_NO_MATCH:
        complain_no_match(r, rule, &e->sources[f->source]);
        return;
    case EXPAND_NO_NUMBER:
        diag_error_at(d, DIAG_MAP_SYNTAX, rule->at, source,
                      "what the target takes is spread over several sources: expected one that "
                      "has all of it");
        return;
    case EXPAND_NO_CAPTURE:
        resolve_complain_capture(r, rule, f->number);
        return;
    case EXPAND_NO_PARTNER:
        diag_error_at(d, DIAG_TENSOR_NOT_FOUND, rule->at, source,
                      "'%s' has no tensor of %s that goes with '%s'", shown, whose, name);
        return;
    case EXPAND_GAP:
        diag_error_at(d, DIAG_TENSOR_NOT_FOUND, rule->at, source,
                      "'%s': there is no tensor of number %" PRIu64 " for {%s}, before '%s'", shown,
                      f->number, diag_visible(d, f->text), name);
        return;
    case EXPAND_TWICE:
        other = diag_visible(d, name_of(r, e, names, f->source, f->other));
        diag_error_at(d, DIAG_NAME_COLLISION, rule->at, source,
                      "'%s' matches '%s' and '%s', which would give one target", shown, name,
                      other);
        return;
    case EXPAND_BIG:
        diag_error_at(d, DIAG_LIMIT, rule->at, source,
                      "'%s': the number {%s} of '%s' is too large for tensors that are gathered",
                      shown, diag_visible(d, f->text), name);
        return;
    case EXPAND_KEYS:
        diag_error_at(d, DIAG_LIMIT, rule->at, source,
                      "the sources have more than %" PRIu64 " captures", f->number);
        return;
    case EXPAND_MANY:
        diag_error_at(d, DIAG_LIMIT, rule->at, source,
                      "the sources up to '%s' match names that have more than %" PRIu64
                      " captures together, too many to be joined",
                      shown, f->number);
        return;
    case EXPAND_SLOW:
        diag_error_at(d, DIAG_LIMIT, rule->at, source, "to match '%s' against '%s' takes too long",
                      shown, name);
        return;
    }
}
