/* SPDX-License-Identifier: Apache-2.0 */
#include "view/view_checkpoints.h"

#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "source/source.h"
#include "source/tf/locate.h"

errint view_open_catalog(const char *checkpoint, struct seen *seen, struct diag *d,
                         struct catalog **out)
{
    struct arena texts;
    arena_init(&texts);
    struct location where;
    errint rc = seen && seen_state(seen, checkpoint) < 0 ? diag_no_memory(d) : 0;
    if (rc == 0) {
        rc = locate_checkpoint(checkpoint, &texts, &where, d);
    }
    if (rc == 0 && seen && seen_files(seen, &where) < 0) {
        rc = diag_no_memory(d);
    }
    if (rc == 0) {
        rc = source_open(&where, d, out);
    }
    arena_fini(&texts);
    return rc;
}

/* ---- which there are ------------------------------------------------------------------------- */

/* Whether the rule has a source of the checkpoint without a name. */
static bool is_of_unnamed(const struct rule *rule)
{
    const struct expression *e = rule->expression;
    for (uint32_t i = 0; e && i < e->source_count; i++) {
        if (!e->sources[i].is_step && !e->sources[i].checkpoint) {
            return true;
        }
    }
    return !e;
}

/* The first rule that wants the checkpoint without a name; NULL: none does. */
static const struct rule *first_of_unnamed(const struct map *m)
{
    const struct rule *first = NULL;
    for (uint32_t i = 0; i < m->rule_count; i++) {
        const struct rule *rule = &m->rules[i];
        if (is_of_unnamed(rule) && (!first || rule->number < first->number)) {
            first = rule;
        }
    }
    return first;
}

static bool uses_named(const struct map *m)
{
    for (uint32_t i = 0; i < m->named.count; i++) {
        if (m->named.list[i].used) {
            return true;
        }
    }
    return false;
}

/* The checkpoint without a name, that the user or else the map names; NULL: there is none, which is
 * an error where it is needed. */
static const char *choose_unnamed(const struct view_request *request, const struct map *map,
                                  struct diag *d, errint *rc)
{
    *rc = 0;
    if (request->checkpoint) {
        return request->checkpoint;
    }
    if (map && map->checkpoint) {
        return map->checkpoint;
    }
    bool named = map && uses_named(map);
    const struct rule *first = named ? first_of_unnamed(map) : NULL;
    if (named && !first && map->rule_count) {
        return NULL;
    }
    *rc = diag_error(d, DIAG_CHECKPOINT_NOT_FOUND, request->map ? request->map : "", STR(""),
                     "no checkpoint is given: neither as an argument nor as `path` in [checkpoint] "
                     "of a map%s%s%s",
                     first ? "; the source '" : "", first ? diag_visible(d, first->source) : "",
                     first ? "' is of it, since no '@' says of which other one" : "");
    return NULL;
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum map_names names_of(const struct view_request *request, const struct map *map)
{
    return map ? map->names : request->extra.names;
}

/* What the map says of the tensors of each checkpoint. */
static errint prepare(const struct view_request *request, struct view *v, struct view_member *m,
                      struct diag *d)
{
    errint rc = 0;
    if (names_of(request, v->map) == MAP_NAMES_FRIENDLY) {
        rc = catalog_use_friendly(m->catalog, d);
    }
    if (v->map && dropped_wanted(&v->map->view)) {
        rc = first_failure(
            rc, dropped_hide(m->catalog, &v->map->view, &v->arena, v->filters_act, &m->dropped, d));
    }
    return rc;
}

/* Appends the member, if it can be opened. */
static errint add_member(const struct view_request *request, struct seen *seen, struct diag *d,
                         struct view *v, struct view_member member)
{
    struct view_member *m = &v->members[v->member_count];
    *m = member;
    errint rc = view_open_catalog(m->given, seen, d, &m->catalog);
    if (m->catalog) {
        v->member_count++;
        rc = first_failure(rc, prepare(request, v, m, d));
    }
    return rc;
}

static errint join_members(struct view *v, struct diag *d)
{
    struct catalog_part parts[NAMED_CHECKPOINTS_MOST + 1];
    if (v->member_count == 1 && !v->members[0].label) {
        v->catalog = v->members[0].catalog;
        return 0;
    }
    for (uint32_t i = 0; i < v->member_count; i++) {
        const struct view_member *m = &v->members[i];
        parts[i] = (struct catalog_part){m->catalog, m->label, m->number};
    }
    errint rc = catalog_join(parts, v->member_count, &v->catalog);
    if (rc == -EOVERFLOW) {
        return diag_error(d, DIAG_LIMIT, v->map->path ? v->map->path : "", STR(""),
                          "the checkpoints have too many tensors or data files together");
    }
    return rc < 0 ? diag_no_memory(d) : 0;
}

static errint open_named(const struct view_request *request, struct seen *seen, struct diag *d,
                         struct view *v)
{
    errint rc = 0;
    for (uint32_t i = 0; v->map && i < v->map->named.count; i++) {
        const struct named_checkpoint *n = &v->map->named.list[i];
        if (!n->used || !n->path) {
            continue;
        }
        const char *label = arena_cstr(&v->arena, n->name);
        if (!label) {
            return diag_no_memory(d);
        }
        rc = first_failure(rc, add_member(request, seen, d, v,
                                          (struct view_member){
                                              .given = n->path, .label = label, .number = i + 1}));
    }
    return rc;
}

errint view_open_checkpoints(const struct view_request *request, struct seen *seen, struct diag *d,
                             struct view *v)
{
    errint missing;
    const char *unnamed = choose_unnamed(request, v->map, d, &missing);
    v->checkpoint = unnamed;
    v->members = ARENA_ARRAY(&v->arena, struct view_member, NAMED_CHECKPOINTS_MOST + 1);
    v->filters_act = ARENA_ARRAY(&v->arena, bool, v->map ? v->map->view.filters.count + 1u : 1u);
    if (!v->members || !v->filters_act) {
        return diag_no_memory(d);
    }
    errint rc = missing;
    if (unnamed) {
        rc = add_member(request, seen, d, v, (struct view_member){.given = unnamed});
    }
    bool there = missing == 0 && (!unnamed || v->member_count);
    rc = first_failure(rc, open_named(request, seen, d, v));
    if (v->member_count && !v->checkpoint) {
        v->checkpoint = v->members[0].given;
    }
    if (there && v->member_count && rc != -ENOMEM) {
        rc = first_failure(rc, join_members(v, d));
    }
    if (v->map && rc == 0) {
        dropped_warn_idle(&v->map->view, v->filters_act, d);
    }
    return rc;
}

void view_close_checkpoints(struct view *v)
{
    for (uint32_t i = 0; !v->catalog && i < v->member_count; i++) {
        catalog_close(v->members[i].catalog);
    }
    catalog_close(v->catalog);
}
