/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/nearest_file.h"
#include "map/arrow.h"
#include "map/file_name.h"
#include "map/ini.h"
#include "map/message.h"
#include "map/token.h"

/* One map amid its parsing. */
struct loading {
    struct map *m;
    struct diag *d;
    const struct ini_file *ini;
    const struct map_extra *extra;        /* may be NULL */
    const struct ini_item *checkpoint[2]; /* the first `path` and `names` of [checkpoint] */
    struct rule *rules;                   /* room for all items of [assignment_map] */
    struct variable *variables;           /* room for all items of [variables] */
    struct sidecar *sidecars;             /* room for all items of [files] */
    uint32_t variable_count;
    errint rc; /* of the first error */
};

static void note_error(struct loading *l, errint rc)
{
    if (l->rc == 0) {
        l->rc = rc;
    }
}

bool map_names_parse(struct str text, enum map_names *out)
{
    bool friendly = str_eq(text, STR("friendly"));
    *out = friendly ? MAP_NAMES_FRIENDLY : MAP_NAMES_KEY;
    return friendly || str_eq(text, STR("key"));
}

static void read_path(struct loading *l, const struct ini_item *item)
{
    if (item->value.len == 0) {
        note_error(
            l, diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "the checkpoint's path is empty: leave the line out to name it on the "
                             "command line"));
        return;
    }
    l->m->checkpoint = file_path(&l->m->arena, l->ini->path, item->value);
    if (!l->m->checkpoint) {
        note_error(l, diag_no_memory(l->d));
    }
}

static void read_names(struct loading *l, const struct ini_item *item)
{
    static const char *const values[] = {"key", "friendly"};
    if (!map_names_parse(item->value, &l->m->names)) {
        note_error(l, diag_error_at(
                          l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                          "'%s' is no value of 'names' in [checkpoint]: expected key or friendly",
                          message_shown(l->d, item->value)));
        message_nearest(l->d, item->value, values, ARRAY_LEN(values));
    }
}

static void read_checkpoint(struct loading *l, const struct ini_item *item)
{
    static const char *const keys[] = {"path", "names"};
    static void (*const readers[])(struct loading *, const struct ini_item *) = {read_path,
                                                                                 read_names};
    size_t key = 0;
    while (key < ARRAY_LEN(keys) && !str_eq(item->key, str_from(keys[key]))) {
        key++;
    }
    if (key == ARRAY_LEN(keys)) {
        note_error(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                                    "unknown key '%s' in [checkpoint]: expected 'path' or 'names'",
                                    message_shown(l->d, item->key)));
        message_nearest(l->d, item->key, keys, ARRAY_LEN(keys));
        return;
    }
    if (l->checkpoint[key]) {
        note_error(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                                    "a second '%s' in [checkpoint], the first is in line %u",
                                    keys[key], l->checkpoint[key]->at.line));
        return;
    }
    l->checkpoint[key] = item;
    readers[key](l, item);
}

static void read_rule(struct loading *l, const struct ini_item *item)
{
    struct rule *rule = &l->rules[l->m->rule_count];
    const struct op_table *ops = l->extra ? l->extra->ops : NULL;
    errint rc = rule_parse(item, ops, &l->m->named, &l->m->arena, rule, l->d);
    note_error(l, rc);
    rule->number = l->m->rule_count;
    l->m->rule_count += rc == 0;
}

static void read_variable(struct loading *l, const struct ini_item *item)
{
    struct variable *v = &l->variables[l->variable_count];
    errint rc = variable_parse(item, &l->m->arena, v, l->d);
    note_error(l, rc);
    l->m->graph_broken |= rc < 0;
    l->variable_count += rc == 0;
}

static void read_view(struct loading *l, const struct ini_item *item)
{
    static const struct format_names unasked;
    const struct format_names *formats = l->extra ? &l->extra->formats : &unasked;
    note_error(l, view_option_read(item, formats, &l->m->arena, &l->m->view, l->d));
}

static void read_sidecar(struct loading *l, const struct ini_item *item)
{
    if (l->m->sidecar_count == SIDECARS_MOST) {
        note_error(l, diag_error_at(l->d, DIAG_LIMIT, item->at, item->key,
                                    "more than %d files in [files]", SIDECARS_MOST));
        return;
    }
    struct sidecar *s = &l->sidecars[l->m->sidecar_count];
    errint rc = sidecar_parse(item, &l->m->arena, s, l->d);
    for (uint32_t i = 0; rc == 0 && i < l->m->sidecar_count; i++) {
        if (str_eq(l->sidecars[i].name, s->name)) {
            rc = diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                               "a second '%s' in [files], the first is in line %u",
                               message_shown(l->d, item->key), l->sidecars[i].at.line);
        }
    }
    note_error(l, rc);
    l->m->sidecar_count += rc == 0;
}

enum section_kind { CHECKPOINT, ASSIGNMENT_MAP, VARIABLES, VIEW, FILES, SECTION_COUNT };

static const struct {
    const char *name;
    void (*read)(struct loading *l, const struct ini_item *item);
} sections[SECTION_COUNT] = {
    [CHECKPOINT] = {"checkpoint", read_checkpoint},
    [ASSIGNMENT_MAP] = {"assignment_map", read_rule},
    [VARIABLES] = {"variables", read_variable},
    [VIEW] = {"view", read_view},
    [FILES] = {"files", read_sidecar},
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
    struct position at = {l->ini->path, s->line};
    note_error(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, at, s->name,
                                "unknown section [%s]: expected [checkpoint], [assignment_map], "
                                "[variables], [view] or [files]",
                                message_shown(l->d, s->name)));
    message_nearest(l->d, s->name, names, SECTION_COUNT);
}

/* Rules may stand before the sections of the checkpoints that they name. */
static void declare_checkpoints(struct loading *l)
{
    for (uint32_t i = 0; i < l->ini->section_count; i++) {
        const struct ini_section *s = &l->ini->sections[i];
        struct str name;
        if (named_checkpoint_header(s->name, &name)) {
            const struct position at = {l->ini->path, s->line};
            note_error(l, named_checkpoints_declare(&l->m->named, name, at, &l->m->arena, l->d));
        }
    }
}

static void read_named_checkpoint(struct loading *l, uint32_t section)
{
    const struct ini_section *s = &l->ini->sections[section];
    struct named_checkpoint *c =
        named_checkpoint_at(&l->m->named, (struct position){l->ini->path, s->line});
    for (uint32_t i = s->first; c && i < items_end(l->ini, section); i++) {
        note_error(l, named_checkpoint_read(c, &l->ini->items[i], &l->m->arena, l->d));
    }
}

static void read_section(struct loading *l, uint32_t section)
{
    struct str named;
    const struct ini_section *s = &l->ini->sections[section];
    uint32_t end = items_end(l->ini, section);
    enum section_kind kind = kind_of(s->name);
    if (s->name.len == 0) {
        return; /* its header has its error */
    }
    if (named_checkpoint_header(s->name, &named)) {
        read_named_checkpoint(l, section);
        return;
    }
    if (kind == SECTION_COUNT) {
        complain_unknown(l, s);
        return;
    }
    l->m->graph.given |= kind == VARIABLES;
    for (uint32_t i = s->first; i < end; i++) {
        sections[kind].read(l, &l->ini->items[i]);
    }
}

/* Room for what the sections hold, counted before it is read. */
static errint allocate_items(struct loading *l)
{
    size_t counts[SECTION_COUNT + 1] = {0};
    for (uint32_t i = 0; i < l->ini->section_count; i++) {
        counts[kind_of(l->ini->sections[i].name)] +=
            items_end(l->ini, i) - l->ini->sections[i].first;
    }
    size_t more_rules = l->extra ? l->extra->assign_count : 0;
    size_t more_variables = l->extra ? l->extra->define_count : 0;
    l->rules = ARENA_ARRAY(&l->m->arena, struct rule, counts[ASSIGNMENT_MAP] + more_rules + 1);
    l->variables = ARENA_ARRAY(&l->m->arena, struct variable, counts[VARIABLES] + more_variables);
    l->sidecars = ARENA_ARRAY(&l->m->arena, struct sidecar, counts[FILES]);
    l->m->sidecars = l->sidecars;
    return l->rules && l->variables && l->sidecars ? 0 : diag_no_memory(l->d);
}

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

/* `KEY=VALUE` of the command line, which inih does not see. */
static void read_argument(struct loading *l, const char *text, struct position at,
                          void (*read)(struct loading *l, const struct ini_item *item))
{
    struct arrow arrow;
    if (arrow_find(str_trim(str_from(text)), &arrow) && utf8_valid(str_from(text))) {
        note_error(l,
                   diag_error_at(l->d, DIAG_MAP_SYNTAX, at, str_from(text),
                                 "found '%s', expected '=': write '%s = %s'", arrow.sign,
                                 message_shown(l->d, arrow.from), message_shown(l->d, arrow.to)));
        return;
    }
    struct str rest;
    struct ini_item item = {.key = token_cut(str_from(text), '=', &rest), .at = at};
    item.value = rest.ptr ? str_trim(rest) : STR("");
    if (!item.key.len || !item.value.len || !utf8_valid(str_from(text))) {
        note_error(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, at, str_from(text),
                                    "'%s': expected NAME=VALUE in UTF-8",
                                    message_shown(l->d, str_from(text))));
        return;
    }
    read(l, &item);
}

static void read_filters(struct loading *l, const char *option, bool keeps,
                         const char *const *lists, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct position at = {option, i + 1};
        if (!utf8_valid(str_from(lists[i]))) {
            note_error(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, at, str_from(lists[i]),
                                        "'%s': expected patterns in UTF-8",
                                        message_shown(l->d, str_from(lists[i]))));
            continue;
        }
        note_error(l, name_filters_add(&l->m->view.filters, keeps, str_from(lists[i]), at,
                                       &l->m->arena, l->d));
    }
}

static void read_prefer(struct loading *l, const char *text)
{
    const struct position at = {"prefer", 1};
    l->m->view.prefer_at = at;
    if (!view_prefer_parse(str_from(text), &l->m->view.prefer_ema)) {
        note_error(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, at, str_from(text),
                                    "'%s' is no value of 'prefer': expected ema or none",
                                    message_shown(l->d, str_from(text))));
    }
}

static void read_extra(struct loading *l)
{
    const struct map_extra *extra = l->extra;
    for (uint32_t i = 0; extra && i < extra->assign_count; i++) {
        read_argument(l, extra->assign[i], (struct position){"assign", i + 1}, read_rule);
    }
    for (uint32_t i = 0; extra && i < extra->define_count; i++) {
        l->m->graph.given = true;
        read_argument(l, extra->define[i], (struct position){"define", i + 1}, read_variable);
    }
    if (extra) {
        read_filters(l, "drop", false, extra->drop, extra->drop_count);
        read_filters(l, "keep", true, extra->keep, extra->keep_count);
    }
    if (extra && extra->prefer) {
        read_prefer(l, extra->prefer);
    }
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
    errint rc = allocate_items(l);
    if (rc < 0) {
        return rc;
    }
    if (l->ini->count && (l->ini->section_count == 0 || l->ini->sections[0].first > 0)) {
        const struct ini_item *item = &l->ini->items[0];
        note_error(
            l, diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "a line before any section: put the header of its section above it, "
                             "[assignment_map] for "
                             "rules"));
    }
    declare_checkpoints(l);
    for (uint32_t i = 0; i < l->ini->section_count; i++) {
        read_section(l, i);
    }
    read_extra(l);
    note_error(l, named_checkpoints_finish(&l->m->named, l->d));
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
        note_error(l, built);
        l->m->graph_broken |= built < 0;
    }
    return l->rc;
}

/* Fills m from m->text. */
static errint load_map(struct map *m, const struct map_extra *extra, struct diag *d)
{
    CLEANUP(arena_fini) struct arena scratch; /* the items, of which the map keeps nothing */
    arena_init(&scratch);
    struct ini_file ini;
    errint rc = ini_parse_text(m->text, m->path, &scratch, &ini, d);
    if (rc == -ENOMEM) {
        return rc;
    }
    struct loading l = {.m = m, .d = d, .ini = &ini, .extra = extra, .rc = rc};
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

/* Whether hardly any of it is text: a line or two with a bad byte have better messages of their
 * own. */
static bool is_binary(struct str text)
{
    struct str head = str_head(text, FILE_KIND_HEAD);
    size_t bad = 0;
    for (size_t i = 0, len; i < head.len; i += len) {
        unsigned char c = (unsigned char)head.ptr[i];
        len = c < 0x80 ? 1 : utf8_sequence(head, i);
        bad += len == 0 || c == 0x7f || (c < 0x20 && !strchr("\t\r\n", c)) || c == 0;
        len = len ? len : 1;
    }
    return bad >= 8 && bad > head.len / 8;
}

/* A file that is no map at all: one error, not one for each of its lines. */
static errint refuse_others(struct str text, const char *path, struct diag *d)
{
    const struct file_kind *kind = file_kind_of_text(text);
    if (kind->group != FILE_KIND_UNKNOWN && kind->group != FILE_KIND_EMPTY &&
        kind->group != FILE_KIND_MAP) {
        return file_kind_complain(d, DIAG_MAP_SYNTAX, path, kind,
                                  "a map, which is text in sections");
    }
    return is_binary(text)
               ? diag_error(d, DIAG_MAP_SYNTAX, path, str_from(path),
                            "the file is binary, expected a map, which is text in sections")
               : 0;
}

errint map_open(const char *path, const struct map_extra *extra, struct diag *d, struct map **out)
{
    *out = NULL;
    CLEANUP(close_map) struct map *m = new_map(path);
    if (!m) {
        return diag_no_memory(d);
    }
    m->text = STR("");
    errint rc = path ? file_read_text(path, MAP_TEXT_MOST, &m->arena, &m->text, &m->st, d) : 0;
    if (rc == -ENOENT) {
        nearest_path(d, path);
    }
    rc = rc == 0 && path ? refuse_others(m->text, path, d) : rc;
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
