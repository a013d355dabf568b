/* SPDX-License-Identifier: Apache-2.0 */
#include "format/locate.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "format/locate_scan.h"
#include "format/locate_v1.h"
#include "format/nearby.h"
#include "format/statefile.h"

enum { STATE_FILE_MOST = 16 << 20 };

struct search {
    const char *argument;
    struct arena *a;
    struct location *out;
    struct diag *d;
};

/* What is at a path: 0 for a regular file, -EISDIR, -EINVAL for a FIFO or the like, -ENOENT, or another errno. */
static errint probe(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno == ENOTDIR ? -ENOENT : -errno;
    }
    return S_ISREG(st.st_mode) ? 0 : S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

/* Take PREFIX if there is PREFIX.index: 0, -ENOENT without words if there is nothing, or an error in d. */
static errint try_prefix(struct search *s, struct str prefix)
{
    const char *text = arena_cstr(s->a, prefix);
    const char *index = text ? arena_printf(s->a, "%s.index", text) : NULL;
    if (!index) {
        return diag_no_memory(s->d);
    }
    errint rc = probe(index);
    if (rc == -ENOENT) {
        return rc;
    }
    if (rc < 0) {
        return file_complain(s->d, DIAG_FILE_UNREADABLE, index, rc);
    }
    *s->out = (struct location){.prefix = text, .index_path = index};
    return 0;
}

/* PREFIX of PREFIX.index, PREFIX.meta or PREFIX.data-N-of-M; ptr is NULL if the path has no such end. */
static struct str without_suffix(struct str path)
{
    if (str_ends(path, STR(".index"))) {
        return str_head(path, path.len - 6);
    }
    if (str_ends(path, STR(".meta"))) {
        return str_head(path, path.len - 5);
    }
    long dot = str_rfind(path, '.');
    struct str tail = str_from_pos(path, dot < 0 ? path.len : (size_t)dot);
    bool data = str_starts(tail, STR(".data-")) && str_search(tail, STR("-of-")) > 0;
    return data ? str_head(path, (size_t)dot) : (struct str){NULL, 0};
}

/* By TensorFlow's rule: V2 if there is an index, else V1. */
static errint try_path(struct search *s, const char *path)
{
    errint rc = try_prefix(s, str_from(path));
    return rc == -ENOENT ? locate_v1(path, s->argument, s->a, s->out, s->d) : rc;
}

static const char *join(struct arena *a, const char *dir, struct str name)
{
    return arena_printf(a, "%s%s" STR_FMT, dir, str_ends(str_from(dir), STR("/")) ? "" : "/", STR_ARG(name));
}

/* Suggest the .index files of a directory for the newest error. */
static void suggest_indexes(struct search *s, const char *dir)
{
    struct str names[NEARBY_MOST];
    unsigned count = nearby_files(dir, STR(""), STR(".index"), s->a, names);
    for (unsigned i = 0; i < count; i++) {
        const char *path = join(s->a, dir, names[i]);
        if (path) {
            diag_nearest(s->d, str_from(path));
        }
    }
}

/* The last component, whichever system wrote the path. */
static struct str last_component(struct str path)
{
    size_t start = path.len;
    while (start > 0 && path.ptr[start - 1] != '/' && path.ptr[start - 1] != '\\') {
        start--;
    }
    return str_from_pos(path, start);
}

/* The path that the state file `file` in `dir` calls the latest. */
static errint follow_state(struct search *s, const char *file, const char *dir)
{
    struct stat st;
    struct str text;
    struct statefile state;
    errint rc = file_read_text(file, STATE_FILE_MOST, s->a, &text, &st, s->d);
    if (rc < 0 || (rc = statefile_parse(text, file, s->a, &state, s->d)) < 0) {
        return rc;
    }
    if (str_find(state.latest, '\0') >= 0) {
        return diag_error(s->d, DIAG_CHECKPOINT_CORRUPT, file, state.latest,
                          "model_checkpoint_path holds a NUL");
    }
    const char *stated =
        state.latest.ptr[0] == '/' ? arena_cstr(s->a, state.latest) : join(s->a, dir, state.latest);
    const char *beside = join(s->a, dir, last_component(state.latest));
    if (!stated || !beside) {
        return diag_no_memory(s->d);
    }
    rc = try_path(s, stated);
    bool moved = rc == -ENOENT && strcmp(stated, beside) != 0 && last_component(state.latest).len > 0;
    if (moved && (rc = try_path(s, beside)) == 0) {
        const char *suffix = s->out->format == LOCATION_V2 ? ".index" : "";
        diag_warn(s->d, DIAG_MOVED, file, state.latest,
                  "%s%s does not exist, taking %s%s beside the state file",
                  diag_visible(s->d, str_from(stated)), suffix, diag_visible(s->d, str_from(beside)), suffix);
    }
    if (rc != -ENOENT) {
        return rc;
    }
    rc = diag_error(s->d, DIAG_CHECKPOINT_NOT_FOUND, file, state.latest,
                    "the state file names a checkpoint that does not exist: tried %s.index%s%s%s",
                    diag_visible(s->d, str_from(stated)), moved ? " and " : "",
                    moved ? diag_visible(s->d, str_from(beside)) : "", moved ? ".index" : "");
    suggest_indexes(s, dir);
    return rc;
}

/* The variables of a SavedModel (saved_model/constants.py), the name of TensorFlow 0.12 last. */
static const char *const variables_names[] = {"variables", "saved_model_variables"};

/* The checkpoint in `dir`, the folder of a SavedModel's variables: 0, -ENOENT without words, or an error in d. */
static errint try_variables(struct search *s, const char *dir)
{
    errint rc = -ENOENT;
    for (unsigned i = 0; rc == -ENOENT && i < ARRAY_LEN(variables_names); i++) {
        const char *prefix = join(s->a, dir, str_from(variables_names[i]));
        if (!prefix) {
            return diag_no_memory(s->d);
        }
        rc = try_path(s, prefix);
    }
    return rc;
}

/* Whether `dir` holds a SavedModel; false, too, when memory is short. */
static bool is_saved_model(struct search *s, const char *dir)
{
    const char *model = join(s->a, dir, STR("saved_model.pb"));
    const char *text = join(s->a, dir, STR("saved_model.pbtxt"));
    return model && text && (probe(model) == 0 || probe(text) == 0);
}

static errint search_saved_model(struct search *s, const char *dir)
{
    const char *variables = join(s->a, dir, STR("variables"));
    errint rc = variables ? try_variables(s, variables) : diag_no_memory(s->d);
    if (rc != -ENOENT) {
        return rc;
    }
    return diag_error(s->d, DIAG_CHECKPOINT_NOT_FOUND, s->argument, str_from(s->argument),
                      "the SavedModel has no variables: there is no %s/variables.index",
                      diag_visible(s->d, str_from(variables)));
}

/* What is left of a SavedModel without its graph: 0, -ENOENT without words, or an error in d. */
static errint try_graphless(struct search *s, const char *dir)
{
    const char *variables = join(s->a, dir, STR("variables"));
    errint rc = variables ? try_variables(s, variables) : diag_no_memory(s->d);
    if (rc == 0) {
        diag_warn(s->d, DIAG_NO_STATE, dir, str_from(dir),
                  "the directory holds no state file named 'checkpoint' and no saved_model.pb, taking the "
                  "variables of a SavedModel, %s",
                  diag_visible(s->d, str_from(s->out->prefix)));
    }
    return rc;
}

/* No state file says which: the only checkpoint there is, if there is only one. */
static errint search_without_state(struct search *s, const char *dir)
{
    struct str *names;
    uint32_t count;
    if (locate_scan(dir, s->a, &names, &count) < 0) {
        return diag_no_memory(s->d);
    }
    if (count == 1) {
        const char *path = join(s->a, dir, names[0]);
        errint rc = path ? try_path(s, path) : diag_no_memory(s->d);
        if (rc == -ENOENT) { /* the directory's name has a meaning in a pattern of shards */
            const char *safe = locate_escaped(dir, s->a);
            const char *pattern = safe ? join(s->a, safe, names[0]) : NULL;
            rc = pattern ? locate_v1(pattern, s->argument, s->a, s->out, s->d) : diag_no_memory(s->d);
        }
        if (rc == 0) {
            diag_warn(
                s->d, DIAG_NO_STATE, dir, str_from(dir),
                "the directory holds no state file named 'checkpoint', taking the only checkpoint in it, %s",
                diag_visible(s->d, str_from(path)));
        }
        if (rc != -ENOENT) {
            return rc;
        }
    }
    errint rc = count == 0 ? try_graphless(s, dir) : -ENOENT;
    if (rc != -ENOENT) {
        return rc;
    }
    CLEANUP_BUF struct buf list = {0};
    for (uint32_t i = 0; count > 1 && i < count && i < NEARBY_MOST; i++) {
        buf_text(&list, i ? ", " : "");
        buf_visible(&list, names[i]);
    }
    buf_text(&list, count > NEARBY_MOST ? ", ..." : "");
    if (count > 1) {
        return diag_error(
            s->d, DIAG_CHECKPOINT_NOT_FOUND, dir, str_from(dir),
            "the directory holds no state file named 'checkpoint', but %u checkpoints: name one of %s", count,
            buf_check(&list) < 0 ? "them" : list.data);
    }
    rc = diag_error(
        s->d, DIAG_CHECKPOINT_NOT_FOUND, dir, str_from(dir),
        "the directory holds no checkpoint, and no state file named 'checkpoint' that says where one is");
    const char *same_name = arena_printf(s->a, "%s.index", dir);
    if (same_name && probe(same_name) == 0) {
        diag_nearest(s->d, str_from(same_name));
    }
    suggest_indexes(s, dir);
    return rc;
}

static errint search_directory(struct search *s)
{
    const char *dir = s->argument;
    const char *state = join(s->a, dir, STR("checkpoint"));
    const char *above = join(s->a, dir, STR(".."));
    if (!state || !above) {
        return diag_no_memory(s->d);
    }
    errint rc = probe(state);
    if (rc != -ENOENT && rc != -EISDIR) {
        return follow_state(s, state, dir);
    }
    if (is_saved_model(s, dir)) {
        return search_saved_model(s, dir);
    }
    rc = is_saved_model(s, above) ? try_variables(s, dir) : -ENOENT;
    return rc == -ENOENT ? search_without_state(s, dir) : rc;
}

static void suggest_beside(struct search *s)
{
    const char *dir = path_dir(s->argument, s->a);
    if (dir) {
        suggest_indexes(s, dir);
    }
}

static errint not_found(struct search *s, struct str prefix)
{
    const char *cut = prefix.ptr ? diag_visible(s->d, prefix) : NULL;
    errint rc = diag_error(s->d, DIAG_CHECKPOINT_NOT_FOUND, s->argument, str_from(s->argument),
                           "no checkpoint there: tried the directory and %s.index%s%s%s",
                           diag_visible(s->d, str_from(s->argument)), cut ? " and " : "", cut ? cut : "",
                           cut ? ".index" : "");
    suggest_beside(s);
    return rc;
}

static errint search_file(struct search *s)
{
    struct str argument = str_from(s->argument);
    errint rc = try_prefix(s, argument);
    struct str prefix = without_suffix(argument);
    if (rc == -ENOENT && prefix.ptr) {
        rc = try_prefix(s, prefix);
    }
    if (rc != -ENOENT) {
        return rc;
    }
    errint kind = probe(s->argument);
    struct str base = path_base(s->argument);
    if (kind == 0 && str_eq(base, STR("checkpoint"))) {
        const char *dir = path_dir(s->argument, s->a);
        return dir ? follow_state(s, s->argument, dir) : diag_no_memory(s->d);
    }
    if (kind == 0 && (str_eq(base, STR("saved_model.pb")) || str_eq(base, STR("saved_model.pbtxt")))) {
        const char *dir = path_dir(s->argument, s->a);
        return dir ? search_saved_model(s, dir) : diag_no_memory(s->d);
    }
    rc = locate_v1(s->argument, s->argument, s->a, s->out, s->d);
    if (rc == -ENOENT && prefix.ptr) { /* the .meta file beside it */
        const char *text = arena_cstr(s->a, prefix);
        rc = text ? locate_v1(text, s->argument, s->a, s->out, s->d) : diag_no_memory(s->d);
    }
    if (rc != -ENOENT) {
        return rc;
    }
    if (kind < 0 && kind != -ENOENT) {
        return file_complain(s->d, DIAG_FILE_UNREADABLE, s->argument, kind);
    }
    if (kind == 0 && !prefix.ptr) {
        rc = locate_complain_no_table(s->argument, s->d);
        suggest_beside(s);
        return rc;
    }
    return not_found(s, prefix);
}

errint locate_checkpoint(const char *argument, struct arena *a, struct location *out, struct diag *d)
{
    *out = (struct location){0};
    struct search s = {argument, a, out, d};
    if (argument[0] == '\0') {
        return diag_error(d, DIAG_CHECKPOINT_NOT_FOUND, "", STR(""), "the path of the checkpoint is empty");
    }
    errint rc = probe(argument) == -EISDIR ? search_directory(&s) : search_file(&s);
    if (rc < 0) {
        *out = (struct location){0};
    }
    return rc;
}
