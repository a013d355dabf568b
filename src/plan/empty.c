/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes that have nothing in them, and maps under which nothing is left. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "plan/resolve.h"
#include "plan/scopes.h"
#include "source/catalog_names.h"

const char *resolve_other_names(const struct catalog *c)
{
    if (!c->names) {
        return NULL;
    }
    return c->names->friendly
               ? "key: say `names = key` in [checkpoint], or -n key"
               : "friendly name: say `names = friendly` in [checkpoint], or -n friendly";
}

/* ---- one that has nothing -------------------------------------------------------------------- */

/* Why there is nothing, as far as it can be told: the end of a message. */
static const char *reason_of(struct resolve *r, const struct rule *rule, bool alike)
{
    uint32_t first;
    struct str source = rule->source;
    struct str target = rule->target;
    if (alike) {
        return "; one that differs in Unicode composition alone has some, and looks the same";
    }
    if (catalog_has_other(r->catalog, source)) {
        return arena_printf(r->arena, "; there are some by their %s",
                            resolve_other_names(r->catalog));
    }
    if (rule->target_is_scope && !str_eq(target, STR("/")) &&
        catalog_prefix(r->catalog, target, &first)) {
        return arena_printf(
            r->arena, "; the checkpoint has tensors in '%s': is the rule the wrong way round?",
            diag_visible(r->diag, target));
    }
    return "";
}

static void complain_empty(struct resolve *r, const struct rule *rule, bool nothing_left)
{
    CLEANUP(scopes_fini) struct scopes scopes;
    scopes_find(nearest_list_of(r->catalog, true), resolve_budget(r), &scopes);
    struct str alike = scopes_alike(&scopes, rule->source, resolve_budget(r));
    const char *reason = reason_of(r, rule, alike.ptr);
    const char *shown = diag_visible(r->diag, rule->source);
    if (nothing_left) {
        diag_error_at(r->diag, DIAG_EMPTY_VIEW, rule->at, rule->source,
                      "nothing is left to show: no tensor of the checkpoint is in scope '%s'%s",
                      shown, reason ? reason : "");
    } else {
        diag_warn_at(r->diag, DIAG_EMPTY_SCOPE, rule->at, rule->source,
                     "no tensor of the checkpoint is in scope '%s'%s", shown, reason ? reason : "");
    }
    if (alike.ptr) {
        nearest_in_map(r->diag, alike, true, true);
    } else {
        scopes_nearest(&scopes, rule->source, rule->target, r->diag,
                       resolve_budget(r)); /* the reason tells of that one */
    }
}

errint resolve_note_empty(struct resolve *r, uint32_t rule)
{
    if (!grow(&r->empty, &r->empty_cap, r->empty_count, sizeof(*r->empty))) {
        return diag_no_memory(r->diag);
    }
    r->empty[r->empty_count++] = rule;
    return 0;
}

/* ---- nothing at all -------------------------------------------------------------------------- */

/* Whether `drop` and `keep` have left nothing of the checkpoint. */
static bool all_dropped(const struct resolve *r)
{
    return r->catalog->count == 0 && r->catalog->dropped_count > 0;
}

/* Whether the map or the graph, not the checkpoint, is why there are no targets. */
static bool nothing_left(const struct resolve *r)
{
    return r->count == 0 && (r->catalog->count > r->catalog->hidden_count || all_dropped(r));
}

/* `missing = skip` has skipped each variable that the rules reach. */
static void complain_skipped(struct resolve *r)
{
    struct str nearest[DIAG_NEAREST];
    diag_error_at(
        r->diag, DIAG_EMPTY_VIEW, r->map->rules[r->skipped_rule].at, r->first_skipped,
        "nothing is left to show: none of %u declared variables is in the checkpoint, '%s' first",
        r->skipped, diag_visible(r->diag, r->first_skipped));
    unsigned count = nearest_names(r->first_skipped, nearest_list_of(r->catalog, false),
                                   resolve_budget(r), nearest);
    for (unsigned i = 0; i < count; i++) {
        nearest_in_map(r->diag, nearest[i], false, false);
    }
}

static void complain_of_all(struct resolve *r)
{
    const char *map = r->map->path;
    if (all_dropped(r)) {
        diag_error(
            r->diag, DIAG_EMPTY_VIEW, map, STR("[view]"),
            "nothing is left to show: 'drop' and 'keep' hide every tensor of the checkpoint");
    } else if (r->map->rule_count == 0) {
        diag_error(
            r->diag, DIAG_EMPTY_VIEW, map, STR("[assignment_map]"),
            "the map has no rules, so nothing is left to show: '/ = /' in [assignment_map] shows "
            "every tensor under its own name");
    } else {
        diag_error(r->diag, DIAG_EMPTY_VIEW, map, STR("[assignment_map]"),
                   "nothing is left to show: no tensor that the rules take can be shown");
    }
}

void resolve_complain_empty(struct resolve *r, bool broken)
{
    bool nothing = !broken && nothing_left(r);
    if (nothing && r->skipped) {
        complain_skipped(r);
    }
    nothing &= !r->graph->given;
    if (nothing && (r->empty_count == 0 || all_dropped(r))) {
        complain_of_all(r);
        nothing = false; /* is said */
    }
    for (size_t i = 0; i < r->empty_count; i++) {
        complain_empty(r, &r->map->rules[r->empty[i]], nothing);
    }
}
