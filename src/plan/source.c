/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors that rules name; of one that is not there, or cannot be had, what the matter is and
 * what may have been meant. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/escape.h"
#include "map/name.h"
#include "plan/resolve.h"
#include "source/catalog_join.h"
#include "source/catalog_names.h"

enum { AMBIGUOUS_LISTED = 8 };

#define MOVING_AVERAGE "/ExponentialMovingAverage"

static enum diag_code code_of_hidden(enum tensor_hidden why)
{
    switch (why) {
    case TENSOR_SLICES_MISSING:
        return DIAG_SLICES_MISSING;
    case TENSOR_SLICES_OVERLAP:
        return DIAG_SLICES_OVERLAP;
    default:
        return DIAG_UNSUPPORTED;
    }
}

void resolve_complain_hidden(struct resolve *r, const struct tensor *t, struct position at)
{
    const struct slices *slices = tensor_slices(r->catalog, t);
    diag_error_at(r->diag, code_of_hidden(t->hidden), at, tensor_name(t),
                  "tensor '%s' cannot be shown: %s%s%s", diag_visible(r->diag, tensor_name(t)),
                  tensor_hidden_reason(t), slices ? ": " : "", slices ? slices->what : "");
}

/* Which of them is meant, is not guessed. */
static void complain_ambiguous(struct resolve *r, struct str name, struct position at,
                               const struct tensor *const found[], uint32_t count)
{
    CLEANUP_BUF struct buf list = {0};
    for (uint32_t i = 0; i < count && i < AMBIGUOUS_LISTED; i++) {
        buf_text(&list, i ? ", '" : "'");
        escape_name(&list, catalog_key(r->catalog, found[i]), false, false);
        buf_char(&list, '\'');
    }
    buf_text(&list, count > AMBIGUOUS_LISTED ? ", ..." : "");
    diag_error_at(r->diag, DIAG_NAME_AMBIGUOUS, at, name,
                  "'%s' is the name of %u tensors of %s: give the key of one, %s",
                  diag_visible(r->diag, name), count,
                  resolve_checkpoint(r, catalog_of(r->catalog, found[0])),
                  buf_check(&list) < 0 ? "" : list.data);
}

const char *resolve_checkpoint(struct resolve *r, const struct catalog *member)
{
    const char *label = member->joined.label;
    const char *text = label ? arena_printf(r->arena, "checkpoint '%s'", label) : "the checkpoint";
    return text ? text : "the checkpoint";
}

/* ---- what is not there ----------------------------------------------------------------------- */

/* A name that is missing, and whatever explains it. */
struct absence {
    struct resolve *r;
    const struct catalog *c; /* that lacks it */
    const struct rule *rule;
    struct str name;
    bool exact;              /* the rule has it as its source, so both names of a tensor would do */
    struct nearest_list all; /* the names that would do */
    struct str alike;        /* of them, the one that looks the same; ptr is NULL: none */
};

static bool is_there(const struct absence *a, struct str name)
{
    const struct tensor *found;
    return a->exact ? catalog_resolve(a->c, name, &found, 1) > 0 : catalog_find(a->c, name) != NULL;
}

/* The kind of names that has the missing one, where scopes go by the other kind; NULL if neither
 * has it. */
static const char *other_names(const struct absence *a)
{
    const struct catalog *c = a->c;
    const struct tensor *found;
    if (a->exact || catalog_resolve(c, a->name, &found, 1) != 1) {
        return NULL;
    }
    return resolve_other_names(c);
}

/* Whether what the name says is in the checkpoint, and hidden from the map. */
static bool is_dropped(const struct absence *a)
{
    for (uint32_t i = 0; i < a->c->dropped_count; i++) {
        if (str_eq(tensor_name(&a->c->dropped[i]), a->name)) {
            return true;
        }
    }
    return false;
}

/* The end of the message: "; REASON", or "". */
static const char *reason_of(const struct absence *a)
{
    struct resolve *r = a->r;
    const char *fault = a->c->names_fault;
    const char *other = other_names(a);
    struct str target = a->rule->target;
    if (a->alike.ptr) {
        return "; one that differs in Unicode composition alone is, and looks the same";
    }
    if (other) {
        return arena_printf(r->arena, "; it is there by its %s", other);
    }
    struct str whole;
    if (is_dropped(a)) {
        return "; it is there, and hidden: by 'drop', 'keep' or 'prefer'";
    }
    if (a->exact && name_split_part(a->name, &whole, NULL) && is_there(a, whole)) {
        return arena_printf(r->arena,
                            "; '%s' is there as a whole: name that, and cut a part by 'slice'",
                            diag_visible(r->diag, whole));
    }
    if (a->exact && rule_is_exact(a->rule) && !str_eq(target, a->name) && is_there(a, target)) {
        return arena_printf(r->arena, "; %s has '%s': is the rule the wrong way round?",
                            resolve_checkpoint(r, a->c), diag_visible(r->diag, target));
    }
    return fault ? arena_printf(r->arena,
                                ", whose object graph, which may have the name, cannot be read: %s",
                                fault)
                 : "";
}

/* `name` and a suffix; ptr is NULL when memory is short. */
static struct str joined_names(struct resolve *r, struct str name, struct str suffix)
{
    CLEANUP_BUF struct buf text = {0};
    buf_str(&text, name);
    buf_str(&text, suffix);
    return text.failed ? (struct str){NULL, 0} : arena_str(r->arena, buf_view(&text));
}

/* What may have been meant, for the error that was just added. */
static void add_nearest(const struct absence *a)
{
    struct resolve *r = a->r;
    uint32_t first;
    struct str average = joined_names(r, a->name, STR(MOVING_AVERAGE));
    struct str scope = joined_names(r, a->name, STR("/"));
    struct str nearest[DIAG_NEAREST];
    if (a->alike.ptr) {
        nearest_in_map(r->diag, a->alike, false, true);
        return;
    }
    if (other_names(a) || !average.ptr || !scope.ptr) {
        return;
    }
    if (is_there(a, average)) {
        nearest_in_map(r->diag, average, false, false);
        return;
    }
    uint32_t members = a->exact ? catalog_prefix(a->c, scope, &first) : 0;
    if (members > (catalog_find(a->c, scope) != NULL)) { /* the final '/' is forgotten easily */
        nearest_in_map(r->diag, scope, true, false);
    }
    unsigned count = nearest_names(a->name, a->all, resolve_budget(r), nearest);
    for (unsigned i = 0; i < count; i++) {
        nearest_in_map(r->diag, nearest[i], false, false);
    }
}

static void complain_absent(struct resolve *r, const struct catalog *c, const struct rule *rule,
                            struct str name, struct str member)
{
    bool exact = !member.ptr;
    const char *reason = "";
    const char *whose = "";
    struct absence a = {r, c, rule, name, exact, nearest_list_of(c, !exact), {NULL, 0}};
    if (resolve_is_seen(r)) {
        a.alike = nearest_alike(name, a.all, resolve_budget(r));
        reason = reason_of(&a);
    }
    if (resolve_is_seen(r) && !exact) {
        whose = arena_printf(r->arena, ", but variable '%s' is in scope '%s'",
                             diag_visible(r->diag, member), diag_visible(r->diag, rule->target));
    }
    diag_error_at(r->diag, DIAG_TENSOR_NOT_FOUND, rule->at, name, "tensor '%s' is not in %s%s%s",
                  diag_visible(r->diag, name), resolve_checkpoint(r, c), whose ? whose : "",
                  reason ? reason : "");
    if (resolve_is_seen(r)) {
        add_nearest(&a);
    }
}

void resolve_complain_absent(struct resolve *r, const struct rule *rule, struct str name,
                             struct str member)
{
    complain_absent(r, r->catalog, rule, name, member);
}

bool resolve_is_left_out(const struct resolve *r, const struct rule *rule)
{
    const struct tensor *found;
    uint32_t first;
    struct str prefix = str_eq(rule->source, STR("/")) ? STR("") : rule->source;
    return rule->optional &&
           (rule->source_is_scope ? !catalog_prefix(r->catalog, prefix, &first)
                                  : !catalog_resolve(r->catalog, rule->source, &found, 1));
}

static const struct tensor *shown_or_null(struct resolve *r, const struct rule *rule,
                                          const struct tensor *t)
{
    if (t->hidden != TENSOR_SHOWN) {
        resolve_complain_hidden(r, t, rule->at);
        return NULL;
    }
    return t;
}

const struct tensor *resolve_source(struct resolve *r, const struct rule *rule, struct str name)
{
    return resolve_source_of(r, r->catalog, rule, name);
}

const struct tensor *resolve_source_of(struct resolve *r, const struct catalog *member,
                                       const struct rule *rule, struct str name)
{
    const struct tensor *found[AMBIGUOUS_LISTED];
    uint32_t count = catalog_resolve(member, name, found, AMBIGUOUS_LISTED);
    if (count == 0) {
        complain_absent(r, member, rule, name, (struct str){NULL, 0});
        return NULL;
    }
    if (count > 1) {
        complain_ambiguous(r, name, rule->at, found, count);
        return NULL;
    }
    return shown_or_null(r, rule, found[0]);
}

const struct tensor *resolve_known(struct resolve *r, const struct rule *rule, struct str name,
                                   const struct tensor *t)
{
    return r->catalog->names ? resolve_source(r, rule, name) : shown_or_null(r, rule, t);
}
