/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/options.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "view/formats/format.h"

/* ---- choices --------------------------------------------------------------------------------- */

static const char *const *names_choices(void)
{
    static const char *const known[] = {"key", "friendly", NULL};
    return known;
}

static const char *const *sort_choices(void)
{
    static const char *const known[] = {"size", "name", NULL};
    return known;
}

static const char *const *prefer_choices(void)
{
    static const char *const known[] = {"ema", "none", NULL};
    return known;
}

static const char *const *drop_choices(void)
{
    static const char *const known[] = {"optimizer", NULL};
    return known;
}

/* Those of one file for many tensors first. */
static const char *const *format_choices(void)
{
    static const char *known[FORMAT_COUNT + 1];
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        known[i] = view_formats[FORMAT_COUNT - 1 - i]->export_name;
    }
    return known;
}

/* ---- the rows -------------------------------------------------------------------------------- */

/* The place of a member of struct tool_args, which has to be of that type. */
#define AT(type, member)                                                                           \
    (offsetof(struct tool_args, member) +                                                          \
     0 * sizeof(_Generic(((struct tool_args *)NULL)->member, type : 0)))

#define FLAG(member)   .kind = OPTION_FLAG, .offset = AT(bool, member)
#define TEXT(member)   .kind = OPTION_TEXT, .offset = AT(const char *, member)
#define CHOICE(member) .kind = OPTION_CHOICE, .offset = AT(const char *, member)
#define NUMBER(member) .kind = OPTION_NUMBER, .offset = AT(uint64_t, member)
#define REAL(member)   .kind = OPTION_REAL, .offset = AT(double, member)
#define LIST(member)                                                                               \
    .kind = OPTION_LIST, .offset = AT(const char *const *, member),                                \
    .count = AT(uint32_t, member##_count)

const struct tool_option options[] = {
    {'m', "map", "MAP", "show what this map says: a file, or one of `map --list`", FOR_VIEW,
     TEXT(map), .words = WORD_MAP},
    {'m', "map", "MAP", "show A as this map says", FOR_DIFF, TEXT(map), .words = WORD_MAP},
    {'M', "map-b", "MAP", "show B as this map says", FOR_DIFF, TEXT(map_b), .words = WORD_MAP},
    {'a', "assign", "SRC=DST", "one more rule, as in [assignment_map]; may be repeated", FOR_VIEW,
     LIST(extra.assign)},
    {'D', "define", "NAME=TYPE", "one more declaration, as in [variables]; may be repeated",
     FOR_VIEW, LIST(extra.define)},
    {0, "drop", "PATTERN", "hide tensors from the map, or all of `optimizer`", FOR_VIEW | FOR_DIFF,
     LIST(extra.drop), .words = WORD_SOURCE, .choices = drop_choices},
    {0, "keep", "PATTERN", "hide all others from the map", FOR_VIEW | FOR_DIFF, LIST(extra.keep),
     .words = WORD_SOURCE},
    {0, "prefer", "ema|none", "show moving averages as the weights they are of, or not", FOR_VIEW,
     TEXT(extra.prefer), .choices = prefer_choices},
    {0, "only", "PATTERN", "show these targets alone; may be repeated", FOR_PLAN, LIST(only),
     .words = WORD_TARGET},
    {0, "set", "NAME=VALUE", "a parameter of the map, instead of its own value", FOR_VIEW,
     LIST(extra.set)},
    {'g', "graph", "PATH", "the target graph: .meta, SavedModel or another checkpoint", FOR_VIEW,
     TEXT(graph), .words = WORD_FILE},
    {'g', "graph", "MODEL", "the model that the map is to lead to: a checkpoint, or safetensors",
     FOR_MAP, TEXT(graph), .words = WORD_FILE},
    {'n', "names", "KIND", "`key` or `friendly` names of objects", FOR_LIST | FOR_VIEW | FOR_DIFF,
     .kind = OPTION_NAMES, .offset = AT(enum map_names, extra.names), .choices = names_choices},
    {0, "json", NULL, "print JSON",
     FOR_LIST | FOR_PLAN | FOR_EXPORT | FOR_VERIFY | FOR_STAT | FOR_DIFF, FLAG(json)},
    {0, "summary", NULL, "print totals by top scope and by dtype", FOR_LIST, FLAG(summary)},
    {0, "long", NULL, "print also where each tensor begins in its shard, and its checksum",
     FOR_LIST, FLAG(details)},
    {0, "sort", "size|name", "the largest first, or by name", FOR_LIST, CHOICE(sort),
     .choices = sort_choices},
    {0, "depth", "N", "print totals of the scopes of N components, and of those above", FOR_LIST,
     NUMBER(depth)},
    {'H', "human", NULL, "print sizes like 1.3K, 2.0G", FOR_LIST | FOR_PLAN, FLAG(human)},
    {0, "text", NULL, "print values, not bytes", FOR_CAT, FLAG(text)},
    {0, "npy", NULL, "write .npy files", FOR_CAT, FLAG(npy)},
    {0, "limit", "N", "with --text, at most N values of each variable", FOR_CAT, NUMBER(limit)},
    {0, "format", "FORMAT",
     "which files: safetensors, tf, npy or raw; FILE.safetensors says it itself", FOR_EXPORT,
     CHOICE(format), .choices = format_choices},
    {0, "values", NULL, "read all, and say how far the numbers are apart", FOR_DIFF, FLAG(values)},
    {0, "atol", "X", "with --values: numbers are equal where |a-b| <= atol + rtol*|b|", FOR_DIFF,
     REAL(atol)},
    {0, "rtol", "X", "likewise; each is 0 if the other one alone is given", FOR_DIFF, REAL(rtol)},
    {0, "check", NULL, "look for the first NaN or infinity alone; exit with 1 if there is one",
     FOR_STAT, FLAG(check)},
    {0, "html", "FILE", "write a page: bytes by scope, a table, histograms", FOR_STAT, TEXT(html),
     .words = WORD_FILE},
    {0, "list", NULL, "print the maps that come with ckptfs, each with what it is for", FOR_MAP,
     FLAG(list)},
    {0, "names-only", NULL, "with -g: read no data, names and shapes alone", FOR_MAP,
     FLAG(names_only)},
    {'f', "force", NULL, "write bytes even to a terminal", FOR_CAT, FLAG(force)},
    {'f', "force", NULL, "replace files that are there", FOR_EXPORT | FOR_STAT, FLAG(force)},
    {'q', "quiet", NULL, "print no warnings", FOR_ALL, FLAG(quiet)},
    {0, "no-sandbox", NULL, "do without the sandbox, to find out whether it is in the way", FOR_ALL,
     FLAG(no_sandbox)},
    {'h', "help", NULL, "print this help", FOR_ALL, .kind = OPTION_HELP},
    {'V', "version", NULL, "print the version", FOR_ALL, .kind = OPTION_VERSION},
};

const size_t option_count = ARRAY_LEN(options);
_Static_assert(ARRAY_LEN(options) <= OPTIONS_MOST, "raise OPTIONS_MOST");

const struct tool_option *option_by_letter(const struct command *c, char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (letter && options[i].letter == letter && options[i].commands & (int)c->bit) {
            return &options[i];
        }
    }
    return NULL;
}

const struct tool_option *option_by_name(const struct command *c, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (options[i].commands & (int)c->bit && str_eq(str_from(options[i].name), name)) {
            return &options[i];
        }
    }
    return NULL;
}

/* ---- what they keep -------------------------------------------------------------------------- */

/* Which of the choices `value` is; if none, that is told, and -1. */
static int find_choice(const struct tool_option *o, const char *value)
{
    const char *const *known = o->choices();
    size_t count = 0;
    for (; known[count]; count++) {
        if (strcmp(known[count], value) == 0) {
            return (int)count;
        }
    }
    char option[32] = "--";
    strncat(option, o->name, sizeof(option) - 3);
    tool_usage_choice(option, value, known, count);
    return -1;
}

static errint keep_choice(const struct tool_option *o, const char *value, void *place)
{
    int choice = find_choice(o, value);
    if (choice < 0) {
        return -EINVAL;
    }
    if (o->kind == OPTION_NAMES) {
        *(enum map_names *)place = (enum map_names)(MAP_NAMES_KEY + choice);
    } else {
        *(const char **)place = o->choices()[choice];
    }
    return 0;
}

static errint keep_number(const struct tool_option *o, const struct command *c, const char *value,
                          uint64_t *place)
{
    char *end;
    errno = 0;
    *place = strtoull(value, &end, 10);
    if (errno || value[0] < '0' || value[0] > '9' || *end) {
        tool_usage("%s: --%s is a number, not '%s'", c->name, o->name, value);
        return -EINVAL;
    }
    return 0;
}

static errint keep_real(const struct tool_option *o, const struct command *c, const char *value,
                        double *place)
{
    char *end;
    *place = strtod(value, &end);
    if (end == value || *end || !isfinite(*place) || *place < 0) {
        tool_usage("%s: --%s is a number, 0 or more, not '%s'", c->name, o->name, value);
        return -EINVAL;
    }
    return 0;
}

static errint keep_one_more(const char *value, size_t most, const char ***list, uint32_t *count,
                            struct arena *a)
{
    if (!*list) {
        *list = ARENA_ARRAY(a, const char *, most);
    }
    if (!*list) {
        return -ENOMEM;
    }
    (*list)[(*count)++] = value;
    return 0;
}

errint option_keep(const struct tool_option *o, const struct command *c, const char *value,
                   size_t most, struct tool_args *args, struct arena *a)
{
    char *place = (char *)args + o->offset;
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)place = value;
        return 0;
    case OPTION_CHOICE:
    case OPTION_NAMES:
        return keep_choice(o, value, place);
    case OPTION_LIST:
        return keep_one_more(value, most, (const char ***)place,
                             (uint32_t *)((char *)args + o->count), a);
    case OPTION_NUMBER:
        return keep_number(o, c, value, (uint64_t *)place);
    case OPTION_REAL:
        return keep_real(o, c, value, (double *)place);
    case OPTION_HELP:
    case OPTION_VERSION:
        break;
    }
    return 0;
}

const char *option_nearest(int of_commands, const char *word)
{
    const char *known[ARRAY_LEN(options)];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (options[i].commands & of_commands) {
            known[count++] = options[i].name;
        }
    }
    struct str name = str_from(word + strspn(word, "-"));
    return nearest_word(str_head(name, strcspn(name.ptr, "=")), known, count);
}
