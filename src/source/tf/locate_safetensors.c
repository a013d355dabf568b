/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors: a file, an index, a pattern of files, or what of these is in a directory. */
#include <stdlib.h>

#include "base/glob.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/nearest_file.h"
#include "source/tf/locate_glob.h"
#include "source/tf/locate_search.h"
#include "source/tf/locate_v1.h"

#define SUFFIX       ".safetensors"
#define INDEX_SUFFIX ".safetensors.index.json"

/* What transformers calls its files. */
#define USUAL       "model" SUFFIX
#define USUAL_INDEX "model" INDEX_SUFFIX

struct matches {
    const char **files; /* sorted; in the search's arena */
    uint32_t count;
};

bool locate_is_safetensors(const char *path)
{
    struct str name = str_from(path);
    return str_ends(name, STR(SUFFIX)) || str_ends(name, STR(INDEX_SUFFIX)) ||
           file_kind_at(path)->group == FILE_KIND_SAFETENSORS;
}

/* ---- what is taken --------------------------------------------------------------------------- */

static errint take_index(struct search *s, const char *path)
{
    const char *copy = arena_cstr(s->a, str_from(path));
    *s->out = (struct location){.prefix = copy, .driver = LOCATION_SAFETENSORS, .index_path = copy};
    return copy ? 0 : diag_no_memory(s->d);
}

static errint take_file(struct search *s, const char *path)
{
    const char **files = ARENA_ARRAY(s->a, const char *, 1);
    const char *copy = arena_cstr(s->a, str_from(path));
    if (!files || !copy) {
        return diag_no_memory(s->d);
    }
    files[0] = copy;
    *s->out = (struct location){
        .prefix = copy, .driver = LOCATION_SAFETENSORS, .files = files, .file_count = 1};
    return 0;
}

/* `NAME-?????-of-N.safetensors` of the path of a shard; NULL: it is that of none. */
static const char *shard_pattern(struct search *s, const char *path)
{
    struct str stem = str_head(str_from(path), strlen(path) - strlen(SUFFIX));
    const char *text = arena_cstr(s->a, stem);
    const char *pattern = text ? locate_shard_pattern(text, s->a) : NULL;
    return pattern ? arena_printf(s->a, "%s" SUFFIX, pattern) : NULL;
}

/* Whether all are shards of one model: *pattern is what they are called together. */
static bool is_one_model(struct search *s, const struct matches *m, const char **pattern)
{
    *pattern = shard_pattern(s, m->files[0]);
    for (uint32_t i = 1; *pattern && i < m->count; i++) {
        const char *other = shard_pattern(s, m->files[i]);
        *pattern = other && strcmp(other, *pattern) == 0 ? *pattern : NULL;
    }
    return *pattern != NULL;
}

/* Several files; `pattern` is NULL where they have no numbers. */
static errint take_files(struct search *s, const struct matches *m, const char *name,
                         const char *pattern)
{
    *s->out = (struct location){
        .prefix = name, .driver = LOCATION_SAFETENSORS, .files = m->files, .file_count = m->count};
    const char *text =
        pattern ? arena_cstr(s->a, str_head(str_from(pattern), strlen(pattern) - strlen(SUFFIX)))
                : NULL;
    const char *whole = text ? locate_shard_count(text) : NULL;
    if (whole && strtoull(whole, NULL, 10) != m->count) {
        diag_warn(
            s->d, DIAG_FILE_UNREADABLE, s->argument, str_from(pattern),
            "the names of the files say -of-%s, but %u match: what was saved in the others is "
            "missing",
            whole, (unsigned)m->count);
    }
    return 0;
}

/* ---- by what it is called -------------------------------------------------------------------- */

errint locate_safetensors_file(struct search *s)
{
    struct str name = str_from(s->argument);
    if (!locate_is_safetensors(s->argument)) {
        return -ENOENT;
    }
    return str_ends(name, STR(INDEX_SUFFIX)) ? take_index(s, s->argument)
                                             : take_file(s, s->argument);
}

static errint complain_glob(struct search *s, const char *path, errint rc)
{
    if (rc == -EOVERFLOW) {
        return diag_error(s->d, DIAG_LIMIT, path, str_from(path), "more than %d files match",
                          LOCATE_MATCHES_MOST);
    }
    return rc == -ENOMEM ? diag_no_memory(s->d)
                         : file_complain(s->d, DIAG_FILE_UNREADABLE, path, rc);
}

/* Those of `head` that match and are safetensors files by their names. */
static errint find_files(struct search *s, struct str head, struct str glob, struct matches *out)
{
    uint32_t found;
    errint rc = locate_glob(head, glob, s->a, &out->files, &found);
    out->count = 0;
    for (uint32_t i = 0; rc == 0 && i < found; i++) {
        if (str_ends(str_from(out->files[i]), STR(SUFFIX))) {
            out->files[out->count++] = out->files[i];
        }
    }
    return rc;
}

errint locate_safetensors_pattern(struct search *s)
{
    struct str whole = str_from(s->argument);
    struct str head = locate_head(whole);
    struct str base = str_from_pos(whole, head.len);
    struct matches m;
    if (!glob_is_pattern(base)) {
        return -ENOENT;
    }
    errint rc = find_files(s, head, base, &m);
    if (rc < 0) {
        return complain_glob(s, s->argument, rc);
    }
    if (m.count < 2) {
        return m.count ? take_file(s, m.files[0]) : -ENOENT;
    }
    const char *pattern;
    bool numbered = is_one_model(s, &m, &pattern);
    if (!numbered && shard_pattern(s, m.files[0])) {
        rc = diag_error(s->d, DIAG_UNSUPPORTED, s->argument, whole,
                        "files of several models match: give a pattern that matches those of one");
        for (uint32_t i = 0; i < m.count && i < NEAREST_FILES_MOST; i++) {
            diag_nearest(s->d, str_from(m.files[i]));
        }
        return rc;
    }
    const char *name = arena_cstr(s->a, whole);
    return name ? take_files(s, &m, name, pattern) : diag_no_memory(s->d);
}

/* ---- in a directory -------------------------------------------------------------------------- */

static const char *find_named(const struct matches *m, const char *name)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct str path = str_from(m->files[i]);
        if (str_eq(str_from_pos(path, locate_head(path).len), str_from(name))) {
            return m->files[i];
        }
    }
    return NULL;
}

static errint complain_several(struct search *s, const char *dir, const struct matches *m,
                               const char *what)
{
    errint rc = diag_error(s->d, DIAG_CHECKPOINT_NOT_FOUND, dir, str_from(dir),
                           "the directory holds %u %s, of which none is called model: name one",
                           m->count, what);
    for (uint32_t i = 0; i < m->count && i < NEAREST_FILES_MOST; i++) {
        diag_nearest(s->d, str_from(m->files[i]));
    }
    return rc;
}

static errint choose_index(struct search *s, const char *dir, const struct matches *indexes,
                           const struct matches *files)
{
    const char *usual = find_named(indexes, USUAL_INDEX);
    const char *whole = find_named(files, USUAL);
    if (!usual && indexes->count > 1) {
        return complain_several(s, dir, indexes, "indexes of safetensors files");
    }
    const char *taken = usual ? usual : indexes->files[0];
    if (whole) {
        diag_warn(s->d, DIAG_NAME_AMBIGUOUS, dir, str_from(dir),
                  "the directory holds %s and %s, taking the index: name the other to take it",
                  diag_visible(s->d, str_from(taken)), diag_visible(s->d, str_from(whole)));
    }
    return take_index(s, taken);
}

static errint choose_files(struct search *s, const char *dir, const struct matches *files)
{
    const char *usual = find_named(files, USUAL);
    const char *pattern;
    if (files->count == 1) {
        return take_file(s, files->files[0]);
    }
    if (usual) {
        diag_warn(s->d, DIAG_NAME_AMBIGUOUS, dir, str_from(dir),
                  "the directory holds %u safetensors files, taking %s", files->count,
                  diag_visible(s->d, str_from(usual)));
        return take_file(s, usual);
    }
    if (is_one_model(s, files, &pattern)) {
        diag_warn(s->d, DIAG_NO_STATE, dir, str_from(dir),
                  "the directory holds no index of its safetensors files, taking all of %s",
                  diag_visible(s->d, str_from(pattern)));
        return take_files(s, files, pattern, pattern);
    }
    return complain_several(s, dir, files, "safetensors files");
}

errint locate_safetensors_in(struct search *s, const char *dir)
{
    const char *head = locate_join(s->a, dir, STR(""));
    struct matches indexes;
    struct matches files;
    if (!head) {
        return diag_no_memory(s->d);
    }
    errint rc =
        locate_glob(str_from(head), STR("*" INDEX_SUFFIX), s->a, &indexes.files, &indexes.count);
    if (rc == 0) {
        rc = find_files(s, str_from(head), STR("*" SUFFIX), &files);
    }
    if (rc < 0) {
        return complain_glob(s, dir, rc);
    }
    if (indexes.count) {
        return choose_index(s, dir, &indexes, &files);
    }
    return files.count ? choose_files(s, dir, &files) : -ENOENT;
}
