/* SPDX-License-Identifier: Apache-2.0 */
#include "map/loading.h"

#include "map/file_name.h"
#include "map/message.h"

bool map_names_parse(struct str text, enum map_names *out)
{
    bool friendly = str_eq(text, STR("friendly"));
    *out = friendly ? MAP_NAMES_FRIENDLY : MAP_NAMES_KEY;
    return friendly || str_eq(text, STR("key"));
}

static void read_path(struct loading *l, const struct ini_item *item)
{
    if (item->value.len == 0) {
        loading_note(
            l, diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "the checkpoint's path is empty: leave the line out to name it on the "
                             "command line"));
        return;
    }
    l->m->checkpoint = file_path(&l->m->arena, item->at.file, item->value);
    if (!l->m->checkpoint) {
        loading_note(l, diag_no_memory(l->d));
    }
}

static void read_names(struct loading *l, const struct ini_item *item)
{
    static const char *const values[] = {"key", "friendly"};
    if (!map_names_parse(item->value, &l->m->names)) {
        loading_note(l, diag_error_at(
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
        loading_note(l,
                     diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                                   "unknown key '%s' in [checkpoint]: expected 'path' or 'names'",
                                   message_shown(l->d, item->key)));
        message_nearest(l->d, item->key, keys, ARRAY_LEN(keys));
        return;
    }
    if (l->checkpoint[key]) {
        loading_note(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                                      "a second '%s' in [checkpoint], the first is in line %u",
                                      keys[key], l->checkpoint[key]->at.line));
        return;
    }
    l->checkpoint[key] = item;
    readers[key](l, item);
}

void loading_read_rule(struct loading *l, const struct ini_item *item)
{
    static const struct op_table none;
    struct rule *rule = &l->rules[l->m->rule_count];
    const struct op_table *ops = l->extra && l->extra->ops ? l->extra->ops : &none;
    errint rc = rule_parse(item, ops, &l->m->named, &l->m->arena, rule, l->d);
    loading_note(l, rc);
    rule->number = l->m->rule_count;
    l->m->rule_count += rc == 0;
}

void loading_read_variable(struct loading *l, const struct ini_item *item)
{
    struct variable *v = &l->variables[l->variable_count];
    errint rc = variable_parse(item, &l->m->arena, v, l->d);
    loading_note(l, rc);
    l->m->graph_broken |= rc < 0;
    l->variable_count += rc == 0;
}

static void read_view(struct loading *l, const struct ini_item *item)
{
    static const struct format_names unasked;
    const struct format_names *formats = l->extra ? &l->extra->formats : &unasked;
    loading_note(l, view_option_read(item, formats, &l->m->arena, &l->m->view, l->d));
}

static void read_sidecar(struct loading *l, const struct ini_item *item)
{
    if (l->m->sidecar_count == SIDECARS_MOST) {
        loading_note(l, diag_error_at(l->d, DIAG_LIMIT, item->at, item->key,
                                      "more than %d files in [files]", SIDECARS_MOST));
        return;
    }
    struct sidecar *s = &l->sidecars[l->m->sidecar_count];
    errint rc = sidecar_parse(item, &l->m->arena, s, l->d);
    for (uint32_t i = 0; rc == 0 && i < l->m->sidecar_count; i++) {
        if (str_eq(l->sidecars[i].name, s->name)) {
            rc = diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                               "a second '%s' in [files], the first is %s",
                               message_shown(l->d, item->key),
                               message_place(l->d, l->sidecars[i].at, item->at));
        }
    }
    loading_note(l, rc);
    l->m->sidecar_count += rc == 0;
}

enum section_kind {
    CHECKPOINT,
    ASSIGNMENT_MAP,
    VARIABLES,
    VIEW,
    FILES,
    INCLUDE,
    PARAMETERS,
    SECTION_COUNT,
};

static const struct {
    const char *name;
    void (*read)(struct loading *l, const struct ini_item *item); /* NULL: map_files.h does */
    bool settled; /* a value of a file is instead of those of the files below it */
} sections[SECTION_COUNT] = {
    [CHECKPOINT] = {"checkpoint", read_checkpoint, true},
    [ASSIGNMENT_MAP] = {"assignment_map", loading_read_rule, false},
    [VARIABLES] = {"variables", loading_read_variable, false},
    [VIEW] = {"view", read_view, true},
    [FILES] = {"files", read_sidecar, false},
    [INCLUDE] = {"include", NULL, false},
    [PARAMETERS] = {"parameters", NULL, false},
};

static enum section_kind kind_of(struct str name)
{
    enum section_kind kind = 0;
    while (kind < SECTION_COUNT && !str_eq(name, str_from(sections[kind].name))) {
        kind++;
    }
    return kind;
}

static void complain_unknown(struct loading *l, const struct ini_section *s, struct position at)
{
    const char *names[SECTION_COUNT];
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        names[i] = sections[i].name;
    }
    loading_note(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, at, s->name,
                                  "unknown section [%s]: expected [checkpoint], [assignment_map], "
                                  "[variables], [view], [files], [include] or [parameters]",
                                  message_shown(l->d, s->name)));
    message_nearest(l->d, s->name, names, SECTION_COUNT);
}

/* ---- sections -------------------------------------------------------------------------------- */

static struct position position_of(const struct ini_file *ini, uint32_t section)
{
    return (struct position){ini->path, ini->sections[section].line};
}

/* Rules may stand before the sections of the checkpoints that they name. */
static void declare_checkpoints(struct loading *l, const struct ini_file *ini)
{
    for (uint32_t i = 0; i < ini->section_count; i++) {
        struct str name;
        if (named_checkpoint_header(ini->sections[i].name, &name)) {
            loading_note(l, named_checkpoints_declare(&l->m->named, name, position_of(ini, i),
                                                      &l->m->arena, l->d));
        }
    }
}

static void read_named_checkpoint(struct loading *l, const struct ini_file *ini, uint32_t section)
{
    struct named_checkpoint *c = named_checkpoint_at(&l->m->named, position_of(ini, section));
    for (uint32_t i = ini->sections[section].first; c && i < ini_section_end(ini, section); i++) {
        loading_note(l, named_checkpoint_read(c, &ini->items[i], &l->m->arena, l->d));
    }
}

static void read_items(struct loading *l, const struct ini_file *ini, uint32_t section,
                       enum section_kind kind)
{
    for (uint32_t i = ini->sections[section].first; i < ini_section_end(ini, section); i++) {
        sections[kind].read(l, &ini->items[i]);
    }
}

/* [checkpoint] and [view], of the files below first: what is said above is said last. */
static void read_settled(struct loading *l, uint32_t file)
{
    const struct ini_file *ini = &l->files->list[file].ini;
    for (uint32_t i = file + 1; i < l->files->count; i++) {
        if (l->files->list[i].above == file) {
            read_settled(l, i);
        }
    }
    l->m->view.given = 0;
    l->checkpoint[0] = l->checkpoint[1] = NULL;
    for (uint32_t i = 0; i < ini->section_count; i++) {
        enum section_kind kind = kind_of(ini->sections[i].name);
        if (kind < SECTION_COUNT && sections[kind].settled) {
            read_items(l, ini, i, kind);
        }
    }
}

static void read_listed(struct loading *l, uint32_t file);

static void read_included(struct loading *l, uint32_t file, uint32_t section)
{
    const struct ini_file *ini = &l->files->list[file].ini;
    for (uint32_t i = ini->sections[section].first; i < ini_section_end(ini, section); i++) {
        uint32_t below = map_files_below(l->files, file, ini->items[i].at.line);
        if (below) {
            read_listed(l, below);
        }
    }
}

/* All else, in the order in which it is written, with included files where they stand. */
static void read_listed(struct loading *l, uint32_t file)
{
    const struct ini_file *ini = &l->files->list[file].ini;
    if (ini->count && (ini->section_count == 0 || ini->sections[0].first > 0)) {
        const struct ini_item *item = &ini->items[0];
        loading_note(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, item->at, item->key,
                                      "a line before any section: put the header of its section "
                                      "above it, [assignment_map] for rules"));
    }
    for (uint32_t i = 0; i < ini->section_count; i++) {
        struct str named;
        struct str name = ini->sections[i].name;
        enum section_kind kind = kind_of(name);
        if (name.len == 0) {
            continue; /* its header has its error */
        }
        if (named_checkpoint_header(name, &named)) {
            read_named_checkpoint(l, ini, i);
        } else if (kind == SECTION_COUNT) {
            complain_unknown(l, &ini->sections[i], position_of(ini, i));
        } else if (kind == INCLUDE) {
            read_included(l, file, i);
        } else if (sections[kind].read && !sections[kind].settled) {
            l->m->graph.given |= kind == VARIABLES;
            read_items(l, ini, i, kind);
        }
    }
}

/* Room for what the sections hold, counted before it is read. */
static errint allocate_items(struct loading *l)
{
    size_t counts[SECTION_COUNT + 1] = {0};
    for (uint32_t f = 0; f < l->files->count; f++) {
        const struct ini_file *ini = &l->files->list[f].ini;
        for (uint32_t i = 0; i < ini->section_count; i++) {
            counts[kind_of(ini->sections[i].name)] +=
                ini_section_end(ini, i) - ini->sections[i].first;
        }
    }
    size_t more_rules = l->extra ? l->extra->assign_count : 0;
    size_t more_variables = l->extra ? l->extra->define_count : 0;
    l->rules = ARENA_ARRAY(&l->m->arena, struct rule, counts[ASSIGNMENT_MAP] + more_rules + 1);
    l->variables = ARENA_ARRAY(&l->m->arena, struct variable, counts[VARIABLES] + more_variables);
    l->sidecars = ARENA_ARRAY(&l->m->arena, struct sidecar, counts[FILES]);
    l->m->sidecars = l->sidecars;
    return l->rules && l->variables && l->sidecars ? 0 : diag_no_memory(l->d);
}

errint loading_read_files(struct loading *l)
{
    errint rc = allocate_items(l);
    if (rc < 0) {
        return rc;
    }
    for (uint32_t i = 0; i < l->files->count; i++) {
        declare_checkpoints(l, &l->files->list[i].ini);
    }
    if (l->files->count) {
        read_settled(l, 0);
        read_listed(l, 0);
    }
    return 0;
}
