/* SPDX-License-Identifier: Apache-2.0 */
#include "map/named_checkpoint.h"

#include <ctype.h>
#include <string.h>

#include "map/file_name.h"
#include "map/message.h"
#include "map/token.h"

bool named_checkpoint_header(struct str section, struct str *name)
{
    const struct str word = STR("checkpoint");
    if (!str_starts(section, word) || section.len == word.len ||
        !strchr(" \t", section.ptr[word.len])) {
        return false;
    }
    *name = str_trim(str_from_pos(section, word.len));
    return name->len > 0;
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (!isalnum(c) && !strchr("_.-", c)) {
            return false;
        }
    }
    return s.len > 0;
}

/* Its number, from 1, or 0. */
static uint32_t find(const struct named_checkpoints *c, struct str name)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (str_eq(c->list[i].name, name)) {
            return i + 1;
        }
    }
    return 0;
}

static errint complain_second(struct str name, struct position at, struct position first,
                              struct diag *d)
{
    if (strcmp(at.file, first.file) == 0) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, name,
                             "a second [checkpoint %s], the first is in line %u: give it another "
                             "name",
                             message_shown(d, name), first.line);
    }
    return diag_error_at(d, DIAG_MAP_SYNTAX, at, name,
                         "a second [checkpoint %s], the first is at %s: give it another name",
                         message_shown(d, name), diag_place(d, first));
}

errint named_checkpoints_declare(struct named_checkpoints *c, struct str name, struct position at,
                                 struct arena *a, struct diag *d)
{
    if (!is_name(name)) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, name,
                             "'%s' is no name of a checkpoint: expected letters, digits, '_', '.' "
                             "and '-'",
                             message_shown(d, name));
    }
    uint32_t before = find(c, name);
    if (before) {
        return complain_second(name, at, c->list[before - 1].at, d);
    }
    if (c->count == NAMED_CHECKPOINTS_MOST) {
        return diag_error_at(d, DIAG_LIMIT, at, name, "more than %d named checkpoints",
                             NAMED_CHECKPOINTS_MOST);
    }
    if (!c->list) {
        c->list = ARENA_ARRAY(a, struct named_checkpoint, NAMED_CHECKPOINTS_MOST);
    }
    struct str copy = arena_str(a, name);
    if (!c->list || !copy.ptr) {
        return diag_no_memory(d);
    }
    c->list[c->count++] = (struct named_checkpoint){.name = copy, .at = at};
    return 0;
}

errint named_checkpoint_read(struct named_checkpoint *c, const struct ini_item *item,
                             struct arena *a, struct diag *d)
{
    if (!str_eq(item->key, STR("path"))) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "unknown key '%s' in [checkpoint %s]: expected 'path'",
                             message_shown(d, item->key), message_shown(d, c->name));
    }
    if (c->path_at.line) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "a second 'path' in [checkpoint %s], the first is in line %u",
                             message_shown(d, c->name), c->path_at.line);
    }
    c->path_at = item->at;
    if (item->value.len == 0) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "the path of checkpoint '%s' is empty", message_shown(d, c->name));
    }
    c->path = file_path(a, item->at.file, item->value);
    return c->path ? 0 : diag_no_memory(d);
}

struct named_checkpoint *named_checkpoint_at(const struct named_checkpoints *c, struct position at)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->list[i].at.line == at.line && strcmp(c->list[i].at.file, at.file) == 0) {
            return &c->list[i];
        }
    }
    return NULL;
}

errint named_checkpoints_finish(const struct named_checkpoints *c, struct diag *d)
{
    errint rc = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct named_checkpoint *n = &c->list[i];
        if (!n->path_at.line) {
            rc = diag_error_at(d, DIAG_MAP_SYNTAX, n->at, n->name,
                               "checkpoint '%s' has no path: write 'path = CHECKPOINT' below "
                               "[checkpoint %s]",
                               message_shown(d, n->name), message_shown(d, n->name));
        }
        if (!n->used) {
            diag_warn_at(d, DIAG_CHECKPOINT_UNUSED, n->at, n->name,
                         "no source is of checkpoint '%s', which is not opened: write NAME@%s for "
                         "its tensor NAME",
                         message_shown(d, n->name), message_shown(d, n->name));
        }
    }
    return rc;
}

/* ---- NAME@checkpoint ------------------------------------------------------------------------- */

static void add_nearest(const struct named_checkpoints *c, struct str name, struct diag *d)
{
    const char *known[NAMED_CHECKPOINTS_MOST];
    char names[NAMED_CHECKPOINTS_MOST][INI_SECTION_MOST + 1];
    for (uint32_t i = 0; i < c->count; i++) {
        struct str s = str_head(c->list[i].name, INI_SECTION_MOST);
        memcpy(names[i], s.ptr, s.len);
        names[i][s.len] = '\0';
        known[i] = names[i];
    }
    message_nearest(d, name, known, c->count);
}

static errint choose_one(const struct named_checkpoints *c, struct str text, struct position at,
                         struct str name, struct checkpoint_choice *out, struct diag *d)
{
    uint32_t number = find(c, name);
    if (!is_name(name)) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                             "the source '%s': expected the name of a [checkpoint NAME], names in "
                             "braces or '*' after the last '@'; write %%40 for a literal '@'",
                             message_shown(d, text));
    }
    if (!number) {
        errint rc = diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                                  "the source '%s': the map has no [checkpoint %s]; write %%40 for "
                                  "a literal '@'",
                                  message_shown(d, text), message_shown(d, name));
        add_nearest(c, name, d);
        return rc;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->numbers[i] == number) {
            return diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                                 "the source '%s' has checkpoint '%s' twice",
                                 message_shown(d, text), message_shown(d, name));
        }
    }
    c->list[number - 1].used = true;
    out->numbers[out->count++] = number;
    return 0;
}

static errint choose_all(const struct named_checkpoints *c, struct str text, struct position at,
                         struct checkpoint_choice *out, struct diag *d)
{
    if (c->count == 0) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                             "the source '%s': the map has no [checkpoint NAME] that '@*' could "
                             "stand for",
                             message_shown(d, text));
    }
    for (uint32_t i = 0; i < c->count; i++) {
        c->list[i].used = true;
        out->numbers[out->count++] = i + 1;
    }
    return 0;
}

errint named_checkpoints_choose(const struct named_checkpoints *c, struct str text,
                                struct position at, struct str *name, struct checkpoint_choice *out,
                                struct diag *d)
{
    long sign = str_rfind(text, '@');
    *out = (struct checkpoint_choice){.count = 0};
    if (sign < 0) {
        *name = text;
        out->numbers[out->count++] = 0;
        return 0;
    }
    *name = str_trim(str_head(text, (size_t)sign));
    struct str rest = str_trim(str_from_pos(text, (size_t)sign + 1));
    if (str_eq(rest, STR("*"))) {
        return choose_all(c, text, at, out, d);
    }
    bool braces = rest.len >= 2 && rest.ptr[0] == '{' && rest.ptr[rest.len - 1] == '}';
    if (!braces) {
        return choose_one(c, text, at, rest, out, d);
    }
    rest = str_of(rest.ptr + 1, rest.len - 2);
    errint first = 0;
    while (rest.ptr) {
        struct str one = token_cut(rest, ',', &rest);
        first = first_failure(first, choose_one(c, text, at, one, out, d));
    }
    return first;
}
