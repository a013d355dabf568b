/* SPDX-License-Identifier: Apache-2.0 */
/* Targets that the graph does not declare: what is said of them. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "plan/resolve.h"
#include "plan/scopes.h"
#include "source/catalog_names.h"

#define LOOKS_THE_SAME                                                                             \
    "; one that differs in Unicode composition alone is declared, and looks the same"

static struct str variable_name_at(const void *graph, uint32_t i)
{
    return ((const struct graph *)graph)->variables[i].name;
}

static struct nearest_list variables_of(const struct graph *g)
{
    return (struct nearest_list){variable_name_at, g, g->count};
}

/* Declared variables that may have been meant, for the newest entry: `alike` is the one that looks
 * the same, if there is one. */
static void add_nearest(struct resolve *r, struct str name, struct str alike)
{
    struct str nearest[DIAG_NEAREST];
    unsigned count =
        alike.ptr ? 0 : nearest_names(name, variables_of(r->graph), resolve_budget(r), nearest);
    if (alike.ptr) {
        nearest_in_map(r->diag, alike, false, true);
    }
    for (unsigned i = 0; i < count; i++) {
        nearest_in_map(r->diag, nearest[i], false, false);
    }
}

void resolve_nearest_variables(struct resolve *r, struct str name)
{
    add_nearest(r, name, nearest_alike(name, variables_of(r->graph), resolve_budget(r)));
}

void resolve_complain_undeclared(struct resolve *r, const struct rule *rule)
{
    struct str alike = nearest_alike(rule->target, variables_of(r->graph), resolve_budget(r));
    const struct tensor *found;
    const char *reason = alike.ptr ? LOOKS_THE_SAME : "";
    if (graph_find(r->graph, rule->source) &&
        catalog_resolve(r->catalog, rule->target, &found, 1)) {
        reason = arena_printf(
            r->arena,
            "; '%s' is declared, and the checkpoint has '%s': is the rule the wrong way round?",
            diag_visible(r->diag, rule->source), diag_visible(r->diag, rule->target));
    }
    diag_error_at(r->diag, DIAG_VARIABLE_NOT_FOUND, rule->at, rule->target,
                  "'%s' is no declared variable, and '%s' is no scope (a scope ends in '/')%s",
                  diag_visible(r->diag, rule->target), diag_visible(r->diag, rule->source),
                  reason ? reason : "");
    add_nearest(r, rule->target, alike);
}

void resolve_warn_cut(struct resolve *r, const struct rule *rule)
{
    struct str alike = nearest_alike(rule->target, variables_of(r->graph), resolve_budget(r));
    bool rootless = str_rfind(rule->target, '/') < 0;
    diag_warn_at(r->diag, DIAG_CUT_TARGET, rule->at, rule->target,
                 "'%s' is no declared variable%s%s", diag_visible(r->diag, rule->target),
                 rootless ? " and has no '/': TensorFlow takes every variable as a member"
                          : ": TensorFlow takes it as a scope cut at its last '/'",
                 alike.ptr ? LOOKS_THE_SAME : "");
    add_nearest(r, rule->target, alike);
}

void resolve_warn_no_member(struct resolve *r, const struct rule *rule)
{
    uint32_t first;
    struct str target = rule->target;
    CLEANUP(scopes_fini) struct scopes scopes;
    scopes_find(variables_of(r->graph), resolve_budget(r), &scopes);
    struct str alike = rule->target_is_scope ? scopes_alike(&scopes, target, resolve_budget(r))
                                             : (struct str){NULL, 0};
    const char *reason = alike.ptr ? LOOKS_THE_SAME : "";
    if (graph_prefix(r->graph, rule->source, &first) &&
        catalog_prefix(r->catalog, target, &first)) {
        reason = arena_printf(
            r->arena,
            "; there are some in '%s', and the checkpoint has tensors in '%s': is the rule "
            "the wrong way round?",
            diag_visible(r->diag, rule->source), diag_visible(r->diag, target));
    }
    diag_warn_at(r->diag, DIAG_EMPTY_SCOPE, rule->at, target,
                 "no declared variable is in scope '%s'%s", diag_visible(r->diag, target),
                 reason ? reason : "");
    if (alike.ptr) {
        nearest_in_map(r->diag, alike, true, true);
    } else if (rule->target_is_scope) {
        scopes_nearest(&scopes, target, rule->source, r->diag, resolve_budget(r));
    }
}
