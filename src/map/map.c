/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "io/file.h"
#include "io/nearest_file.h"
#include "map/loading.h"
#include "map/ready_maps.h"

static int compare_rules(const void *left, const void *right)
{
    const struct rule *a = left;
    const struct rule *b = right;
    bool plain = rule_is_plain(a);
    int order = (plain ? 0 : 1) - (rule_is_plain(b) ? 0 : 1);
    if (order == 0 && plain) {
        order = str_cmp(a->source, b->source);
    }
    return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* The rule of a map that is not there: everything under its own name. */
static void add_identity(struct loading *l)
{
    l->rules[l->m->rule_count++] = (struct rule){
        .source = STR("/"),
        .target = STR("/"),
        .source_is_scope = true,
        .target_is_scope = true,
        .at = position_file("(no map)"),
    };
}

static errint load_items(struct loading *l)
{
    errint rc = loading_read_files(l);
    if (rc < 0) {
        return rc;
    }
    loading_read_extra(l);
    loading_note(l, named_checkpoints_finish(&l->m->named, l->d));
    if (!l->m->path && !(l->extra && l->extra->assign_count)) {
        add_identity(l);
    }
    if (l->m->rule_count) {
        qsort(l->rules, l->m->rule_count, sizeof(*l->rules), compare_rules);
    }
    l->m->rules = l->rules;
    if (l->extra && l->extra->names != MAP_NAMES_UNSAID) {
        l->m->names = l->extra->names;
    }
    if (l->m->graph.given) {
        errint built = graph_build((struct variable_list){l->variables, l->variable_count},
                                   &l->m->graph, l->d);
        loading_note(l, built);
        l->m->graph_broken |= built < 0;
    }
    return l->rc;
}

/* What was read beside the map itself. */
static errint keep_included(struct map *m, const struct map_files *f)
{
    struct map_included *list = ARENA_ARRAY(&m->arena, struct map_included, f->count);
    if (!list) {
        return -ENOMEM;
    }
    for (uint32_t i = 1; i < f->count; i++) {
        list[m->included_count++] = (struct map_included){f->list[i].path, f->list[i].st};
    }
    m->included = list;
    return 0;
}

/* Fills m from m->text. */
static errint load_map(struct map *m, const struct map_extra *extra, struct diag *d)
{
    CLEANUP(arena_fini) struct arena scratch; /* the items, of which the map keeps nothing */
    arena_init(&scratch);
    struct map_files files = {.arena = &m->arena, .scratch = &scratch, .d = d};
    errint rc = map_files_add_map(&files, m->path, m->text, &m->st);
    if (rc == 0) {
        rc = map_files_read(&files, extra ? extra->set : NULL, extra ? extra->set_count : 0);
    }
    if (rc == -ENOMEM || keep_included(m, &files) < 0) {
        return rc == -ENOMEM ? rc : diag_no_memory(d);
    }
    struct loading l = {.m = m, .d = d, .files = &files, .extra = extra, .rc = rc};
    rc = load_items(&l);
    parameters_warn(&files.parameters, d);
    return rc;
}

static struct map *new_map(const char *path)
{
    struct map *m = calloc(1, sizeof(*m));
    if (!m) {
        return NULL;
    }
    arena_init(&m->arena);
    m->path = path ? arena_cstr(&m->arena, str_from(path)) : NULL;
    if (path && !m->path) {
        map_close(m);
        return NULL;
    }
    return m;
}

static void close_map(struct map **m)
{
    map_close(*m);
}

errint map_open(const char *path, const struct map_extra *extra, struct diag *d, struct map **out)
{
    *out = NULL;
    CLEANUP(close_map) struct map *m = new_map(path);
    if (!m) {
        return diag_no_memory(d);
    }
    m->text = STR("");
    errint rc = path ? ready_map_check(path, d) : 0;
    if (rc < 0) {
        return rc;
    }
    rc = path ? file_read_text(path, MAP_TEXT_MOST, &m->arena, &m->text, &m->st, d) : 0;
    if (rc == -ENOENT) {
        nearest_path(d, path);
    }
    rc = rc == 0 && path ? map_text_check(m->text, path, d) : rc;
    if (rc == 0) {
        rc = load_map(m, extra, d);
        *out = rc == -ENOMEM ? NULL : STEAL(m);
    }
    return rc;
}

errint map_parse(struct str text, const char *path, struct diag *d, struct map **out)
{
    *out = NULL;
    CLEANUP(close_map) struct map *m = new_map(path);
    if (!m) {
        return diag_no_memory(d);
    }
    m->text = arena_str(&m->arena, text);
    errint rc = m->text.ptr ? load_map(m, NULL, d) : diag_no_memory(d);
    *out = rc == -ENOMEM ? NULL : STEAL(m);
    return rc;
}

void map_close(struct map *m)
{
    if (m) {
        arena_fini(&m->arena);
        free(m);
    }
}
