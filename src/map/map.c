/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "map/ini.h"
#include "map/words.h"

/* One map amid its parsing. */
struct loading {
    struct map *m;
    struct diag *d;
    const struct ini_file *ini;
    const struct ini_item *checkpoint; /* the first `path` of [checkpoint] */
    struct rule *rules;                /* room for all items of [assignment_map] */
    struct variable *variables;        /* likewise of [variables] */
    uint32_t variable_count;
    errint rc; /* of the first error */
};

static void note(struct loading *l, errint rc)
{
    l->rc = l->rc ? l->rc : rc;
}

static void read_checkpoint(struct loading *l, const struct ini_item *item)
{
    static const char *const keys[] = {"path"};
    char where[WORDS_WHERE_BYTES];
    words_where(l->ini->path, item->line, where);
    if (!str_eq(item->key, STR("path"))) {
        note(l,
             diag_error(l->d, DIAG_MAP_SYNTAX, where, item->key,
                        "unknown key '%s' in [checkpoint]: expected 'path'", words_shown(l->d, item->key)));
        words_nearest(l->d, item->key, keys, ARRAY_LEN(keys));
        return;
    }
    if (l->checkpoint) {
        note(l, diag_error(l->d, DIAG_MAP_SYNTAX, where, item->key,
                           "a second 'path' in [checkpoint], the first is in line %u", l->checkpoint->line));
        return;
    }
    l->checkpoint = item;
    if (item->value.len == 0) {
        note(l,
             diag_error(l->d, DIAG_MAP_SYNTAX, where, item->key,
                        "the checkpoint's path is empty: leave the line out to name it on the command line"));
        return;
    }
    const char *slash = strrchr(l->ini->path, '/');
    int folder = slash && item->value.ptr[0] != '/' ? (int)(slash + 1 - l->ini->path) : 0;
    l->m->checkpoint = arena_printf(&l->m->arena, "%.*s" STR_FMT, folder, l->ini->path, STR_ARG(item->value));
    if (!l->m->checkpoint) {
        note(l, diag_no_memory(l->d));
    }
}

static void read_rule(struct loading *l, const struct ini_item *item)
{
    struct rule *rule = &l->rules[l->m->rule_count];
    errint rc = rule_parse(item, l->m->path, &l->m->arena, rule, l->d);
    note(l, rc);
    l->m->rule_count += rc == 0;
}

static void read_variable(struct loading *l, const struct ini_item *item)
{
    struct variable *v = &l->variables[l->variable_count];
    errint rc = variable_parse(item, l->m->path, &l->m->arena, v, l->d);
    note(l, rc);
    l->variable_count += rc == 0;
}

enum section_kind { CHECKPOINT, ASSIGNMENT_MAP, VARIABLES, VIEW, FILES, SECTION_COUNT };

static const struct {
    const char *name;
    void (*read)(struct loading *l, const struct ini_item *item); /* NULL: its items are not supported yet */
} sections[SECTION_COUNT] = {
    [CHECKPOINT] = {"checkpoint", read_checkpoint},
    [ASSIGNMENT_MAP] = {"assignment_map", read_rule},
    [VARIABLES] = {"variables", read_variable},
    [VIEW] = {"view", NULL},
    [FILES] = {"files", NULL},
};

static enum section_kind kind_of(struct str name)
{
    enum section_kind kind = 0;
    while (kind < SECTION_COUNT && !str_eq(name, str_from(sections[kind].name))) {
        kind++;
    }
    return kind;
}

static uint32_t items_end(const struct ini_file *ini, uint32_t section)
{
    return section + 1 < ini->section_count ? ini->sections[section + 1].first : ini->count;
}

static void complain_unknown(struct loading *l, const struct ini_section *s)
{
    const char *names[SECTION_COUNT];
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        names[i] = sections[i].name;
    }
    char where[WORDS_WHERE_BYTES];
    words_where(l->ini->path, s->line, where);
    note(l,
         diag_error(
             l->d, DIAG_MAP_SYNTAX, where, s->name,
             "unknown section [%s]: expected [checkpoint], [assignment_map], [variables], [view] or [files]",
             words_shown(l->d, s->name)));
    words_nearest(l->d, s->name, names, SECTION_COUNT);
}

static void read_section(struct loading *l, uint32_t section)
{
    const struct ini_section *s = &l->ini->sections[section];
    uint32_t end = items_end(l->ini, section);
    enum section_kind kind = kind_of(s->name);
    if (s->name.len == 0) {
        return; /* its header has its error */
    }
    if (kind == SECTION_COUNT) {
        complain_unknown(l, s);
        return;
    }
    l->m->graph.given |= kind == VARIABLES;
    if (!sections[kind].read && s->first < end) {
        const struct ini_item *item = &l->ini->items[s->first];
        char where[WORDS_WHERE_BYTES];
        words_where(l->ini->path, item->line, where);
        note(l, diag_error(l->d, DIAG_UNSUPPORTED, where, item->key, "section [%s] is not supported yet",
                           sections[kind].name));
        return;
    }
    for (uint32_t i = s->first; i < end; i++) {
        sections[kind].read(l, &l->ini->items[i]);
    }
}

/* Room for what the sections hold, counted before it is read. */
static errint allocate(struct loading *l)
{
    size_t counts[SECTION_COUNT + 1] = {0};
    for (uint32_t i = 0; i < l->ini->section_count; i++) {
        counts[kind_of(l->ini->sections[i].name)] += items_end(l->ini, i) - l->ini->sections[i].first;
    }
    l->rules = ARENA_ARRAY(&l->m->arena, struct rule, counts[ASSIGNMENT_MAP]);
    l->variables = ARENA_ARRAY(&l->m->arena, struct variable, counts[VARIABLES]);
    return l->rules && l->variables ? 0 : diag_no_memory(l->d);
}

static int compare_rules(const void *left, const void *right)
{
    const struct rule *a = left;
    const struct rule *b = right;
    int order = str_cmp(a->source, b->source);
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

static errint load_items(struct loading *l)
{
    errint rc = allocate(l);
    if (rc < 0) {
        return rc;
    }
    if (l->ini->count && (l->ini->section_count == 0 || l->ini->sections[0].first > 0)) {
        const struct ini_item *item = &l->ini->items[0];
        char where[WORDS_WHERE_BYTES];
        words_where(l->ini->path, item->line, where);
        note(l, diag_error(
                    l->d, DIAG_MAP_SYNTAX, where, item->key,
                    "a line before any section: put the header of its section above it, [assignment_map] for "
                    "rules"));
    }
    for (uint32_t i = 0; i < l->ini->section_count; i++) {
        read_section(l, i);
    }
    if (l->m->rule_count) {
        qsort(l->rules, l->m->rule_count, sizeof(*l->rules), compare_rules);
    }
    l->m->rules = l->rules;
    if (l->m->graph.given) {
        note(l, graph_build(l->variables, l->variable_count, &l->m->graph, l->d));
    }
    return l->rc;
}

/* Fills m from m->text. */
static errint load(struct map *m, struct diag *d)
{
    CLEANUP(arena_fini) struct arena scratch; /* the items, of which the map keeps nothing */
    arena_init(&scratch);
    struct ini_file ini;
    errint rc = ini_parse_text(m->text, m->path, &scratch, &ini, d);
    if (rc == -ENOMEM) {
        return rc;
    }
    struct loading l = {.m = m, .d = d, .ini = &ini, .rc = rc};
    return load_items(&l);
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

errint map_open(const char *path, struct diag *d, struct map **out)
{
    *out = NULL;
    CLEANUP(close_map) struct map *m = new_map(path);
    if (!m) {
        return diag_no_memory(d);
    }
    errint rc = file_read_text(path, MAP_TEXT_MOST, &m->arena, &m->text, &m->st, d);
    if (rc == 0) {
        rc = load(m, d);
    }
    if (rc == 0) {
        *out = STEAL(m);
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
    errint rc = m->text.ptr ? load(m, d) : diag_no_memory(d);
    if (rc == 0) {
        *out = STEAL(m);
    }
    return rc;
}

errint map_identity(struct diag *d, struct map **out)
{
    *out = NULL;
    CLEANUP(close_map) struct map *m = new_map(NULL);
    struct rule *rule = m ? ARENA_NEW(&m->arena, struct rule) : NULL;
    if (!rule) {
        return diag_no_memory(d);
    }
    *rule = (struct rule){
        .source = STR("/"),
        .target = STR("/"),
        .source_is_scope = true,
        .target_is_scope = true,
    };
    m->text = STR("");
    m->rules = rule;
    m->rule_count = 1;
    *out = STEAL(m);
    return 0;
}

const char *map_where(const struct map *m, uint32_t line, char buf[static WORDS_WHERE_BYTES])
{
    if (m->path) {
        return words_where(m->path, line, buf);
    }
    return strcpy(buf, "(no map)");
}

void map_close(struct map *m)
{
    if (m) {
        arena_fini(&m->arena);
        free(m);
    }
}
