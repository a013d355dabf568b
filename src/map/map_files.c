/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map_files.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/nearest_file.h"
#include "map/file_name.h"
#include "map/message.h"

#define COMMAND_LINE UINT32_MAX /* in place of a file's number */

errint map_files_add_map(struct map_files *f, const char *path, struct str text,
                         const struct stat *st)
{
    f->list = ARENA_ARRAY(f->arena, struct map_file, MAP_FILES_MOST);
    if (!f->list) {
        return diag_no_memory(f->d);
    }
    f->list[f->count++] = (struct map_file){.path = path, .text = text, .st = *st};
    return 0;
}

/* ---- what is a map --------------------------------------------------------------------------- */

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

errint map_text_check(struct str text, const char *path, struct diag *d)
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

/* ---- parameters ------------------------------------------------------------------------------ */

static bool is_above(const struct map_files *f, uint32_t above, uint32_t file)
{
    while (file && file != above) {
        file = f->list[file].above;
    }
    return file == above;
}

static errint set_parameter(struct map_files *f, uint32_t file, const struct ini_item *item)
{
    const struct parameter *old = parameters_find(&f->parameters, item->key);
    const struct parameter own = {
        .name = item->key, .value = item->value, .at = item->at, .file = file};
    if (old && old->file == file) {
        return diag_error_at(f->d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "a second '%s' in [parameters], the first is in line %u",
                             message_shown(f->d, item->key), old->at.line);
    }
    if (old && (old->file == COMMAND_LINE || is_above(f, old->file, file))) {
        return parameter_check(&own, f->d); /* the other value stays */
    }
    return parameters_set(&f->parameters, own, f->scratch, f->d);
}

/* What the path of an included file took a parameter for. */
struct map_use {
    struct str name;
    struct str value;   /* ptr is NULL: it had none */
    struct position at; /* of the line that includes */
};

static errint note_uses(struct map_files *f, const struct ini_item *item)
{
    struct str rest = item->value;
    struct str name;
    while (parameters_next(&rest, &name)) {
        const struct parameter *p = parameters_find(&f->parameters, name);
        if (f->use_count == PARAMETERS_USES_MOST) {
            return diag_error_at(f->d, DIAG_LIMIT, item->at, name,
                                 "the paths of included files have more than %d parameters",
                                 PARAMETERS_USES_MOST);
        }
        struct map_use use = {.name = arena_str(f->scratch, name), .at = item->at};
        use.value = p ? p->value : (struct str){NULL, 0};
        if (!use.name.ptr ||
            !arena_grow(f->scratch, &f->uses, &f->use_cap, f->use_count, sizeof(*f->uses))) {
            return diag_no_memory(f->d);
        }
        f->uses[f->use_count++] = use;
    }
    return 0;
}

/* All lines have the last value of a parameter: a path that had another one is told. */
static errint check_uses(struct map_files *f)
{
    errint first = 0;
    for (size_t i = 0; i < f->use_count; i++) {
        const struct map_use *use = &f->uses[i];
        const struct parameter *p = parameters_find(&f->parameters, use->name);
        if (!p || (use->value.ptr && str_eq(p->value, use->value))) {
            continue; /* one that nobody sets is told when its line is read */
        }
        const char *name = message_shown(f->d, use->name);
        first = first_failure(
            first,
            diag_error_at(f->d, DIAG_MAP_SYNTAX, use->at, use->name,
                          use->value.ptr
                              ? "the path of an included file has the parameter '%s', which is "
                                "given another value %s, after it: set it above, or with --set"
                              : "the path of an included file has the parameter '%s', which is "
                                "given its value %s, after it: set it above, or with --set",
                          name, message_place(f->d, p->at, use->at)));
    }
    return first;
}

/* ---- included files -------------------------------------------------------------------------- */

static errint include_all(struct map_files *f, uint32_t file);

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino && a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static errint refuse_cycle(struct map_files *f, uint32_t above, const struct ini_item *item,
                           const struct stat *st)
{
    for (uint32_t i = above;; i = f->list[i].above) {
        if (is_same_file(&f->list[i].st, st)) {
            return diag_error_at(f->d, DIAG_MAP_SYNTAX, item->at, item->value,
                                 i == above ? "'%s' includes itself"
                                            : "'%s' includes itself through other files",
                                 message_shown(f->d, item->value));
        }
        if (i == 0) {
            return 0;
        }
    }
}

/* Whether the file was read where another line includes it: its lines stand there, once. */
static bool was_read(const struct map_files *f, const struct stat *st)
{
    for (uint32_t i = 0; i < f->count; i++) {
        if (is_same_file(&f->list[i].st, st)) {
            return true;
        }
    }
    return false;
}

/* Says where a file is included that cannot be read. */
static errint complain_of(struct map_files *f, const struct ini_item *item, const char *path,
                          const struct diag *own, errint rc)
{
    for (unsigned i = 0; i < own->kept; i++) {
        diag_error_at(f->d, own->entries[i].code, item->at, str_from(path),
                      "'%s' cannot be included: %s", message_shown(f->d, str_from(path)),
                      own->entries[i].message);
    }
    if (rc == -ENOENT) {
        nearest_path(f->d, path);
    }
    return rc;
}

static errint open_file(struct map_files *f, const struct ini_item *item, struct map_file *out)
{
    CLEANUP(diag_fini) struct diag own;
    diag_init(&own);
    own.denied = f->d ? f->d->denied : NULL;
    uint64_t room = MAP_TEXT_MOST;
    for (uint32_t i = 0; i < f->count; i++) {
        room -= f->list[i].text.len < room ? f->list[i].text.len : room;
    }
    errint rc = file_read_text(out->path, room, f->arena, &out->text, &out->st, &own);
    return rc < 0 ? complain_of(f, item, out->path, &own, rc)
                  : map_text_check(out->text, out->path, f->d);
}

static errint include(struct map_files *f, uint32_t above, const struct ini_item *item)
{
    struct map_file own = {
        .above = above, .line = item->at.line, .depth = f->list[above].depth + 1};
    CLEANUP_BUF struct buf path = {0};
    errint rc = note_uses(f, item);
    if (rc < 0) {
        return rc;
    }
    if (parameters_expand(&f->parameters, item->value, item->at, &path, NULL) < 0) {
        return 0; /* said when its line is read, or by check_uses */
    }
    own.path = path.failed ? NULL : file_path(f->arena, item->at.file, buf_view(&path));
    if (!own.path) {
        return diag_no_memory(f->d);
    }
    if (file_stat(own.path, &own.st) == 0 && was_read(f, &own.st)) {
        return refuse_cycle(f, above, item, &own.st);
    }
    if (f->count == MAP_FILES_MOST || own.depth > MAP_DEPTH_MOST) {
        return diag_error_at(f->d, DIAG_LIMIT, item->at, item->value,
                             f->count == MAP_FILES_MOST
                                 ? "a map of more than %d files"
                                 : "files that include one another more than %d deep",
                             f->count == MAP_FILES_MOST ? MAP_FILES_MOST : MAP_DEPTH_MOST);
    }
    rc = open_file(f, item, &own);
    if (rc == 0) {
        rc = refuse_cycle(f, above, item, &own.st);
    }
    if (rc < 0) {
        return rc;
    }
    f->list[f->count++] = own;
    return include_all(f, f->count - 1);
}

static errint check_include(struct map_files *f, const struct ini_item *item)
{
    static const char *const keys[] = {"path"};
    errint rc;
    if (!str_eq(item->key, STR("path"))) {
        rc = diag_error_at(f->d, DIAG_MAP_SYNTAX, item->at, item->key,
                           "unknown key '%s' in [include]: expected path = FILE",
                           message_shown(f->d, item->key));
        message_nearest(f->d, item->key, keys, 1);
        return rc;
    }
    return item->value.len ? 0
                           : diag_error_at(f->d, DIAG_MAP_SYNTAX, item->at, item->key,
                                           "the path of an included file is empty");
}

/* What a file sets and includes; its other lines are read when all values are known. */
static errint include_all(struct map_files *f, uint32_t file)
{
    CLEANUP(arena_fini) struct arena lines;
    arena_init(&lines);
    const struct map_file *own = &f->list[file];
    struct ini_file ini;
    errint first = 0;
    if (str_search(own->text, STR("[parameters]")) < 0 &&
        str_search(own->text, STR("[include]")) < 0) {
        return 0;
    }
    errint rc = ini_parse_text(own->text, own->path, NULL, &lines, &ini, NULL);
    if (rc == -ENOMEM) {
        return diag_no_memory(f->d);
    }
    for (unsigned including = 0; including < 2; including++) {
        struct str name = including ? STR("include") : STR("parameters");
        for (uint32_t s = 0; s < ini.section_count; s++) {
            uint32_t end = str_eq(ini.sections[s].name, name) ? ini_section_end(&ini, s) : 0;
            for (uint32_t i = ini.sections[s].first; i < end; i++) {
                const struct ini_item *item = &ini.items[i];
                rc = including ? check_include(f, item) : set_parameter(f, file, item);
                if (rc == 0 && including) {
                    rc = include(f, file, item);
                }
                first = first_failure(first, rc);
            }
        }
    }
    return first;
}

uint32_t map_files_below(const struct map_files *f, uint32_t above, uint32_t line)
{
    for (uint32_t i = 1; i < f->count; i++) {
        if (f->list[i].above == above && f->list[i].line == line) {
            return i;
        }
    }
    return 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

errint map_files_read(struct map_files *f, const char *const *sets, uint32_t set_count)
{
    errint first = 0;
    for (uint32_t i = 0; i < set_count; i++) {
        const struct position at = {"set", i + 1};
        first = first_failure(first, parameters_set_text(&f->parameters, str_from(sets[i]), at,
                                                         COMMAND_LINE, f->scratch, f->d));
    }
    first = first_failure(first, include_all(f, 0));
    first = first_failure(first, check_uses(f));
    for (uint32_t i = 0; i < f->count && first != -ENOMEM; i++) {
        struct map_file *file = &f->list[i];
        first = first_failure(first, ini_parse_text(file->text, file->path, &f->parameters,
                                                    f->scratch, &file->ini, f->d));
    }
    return first;
}
