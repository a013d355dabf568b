/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/locate.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "base/path.h"
#include "base/trouble.h"
#include "base/trouble_tell.h"
#include "base/url.h"
#include "io/file.h"
#include "source/tf/locate_glob.h"
#include "source/tf/locate_search.h"
#include "source/tf/locate_v1.h"

errint locate_probe(const char *path)
{
    struct stat st;
    errint rc = file_stat(path, &st);
    if (rc < 0) {
        return rc == -ENOTDIR ? -ENOENT : rc;
    }
    if (S_ISDIR(st.st_mode)) {
        return -EISDIR;
    }
    return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

const char *locate_join(struct arena *a, const char *dir, struct str name)
{
    return arena_printf(a, "%s%s" STR_FMT, dir, str_ends(str_from(dir), STR("/")) ? "" : "/",
                        STR_ARG(name));
}

errint locate_try_prefix(struct search *s, struct str prefix)
{
    const char *text = arena_cstr(s->a, prefix);
    const char *index = text ? arena_printf(s->a, "%s.index", text) : NULL;
    if (!index) {
        return diag_no_memory(s->d);
    }
    errint rc = locate_probe(index);
    if (rc == -ENOENT) {
        return rc;
    }
    if (rc < 0) {
        return file_complain(s->d, DIAG_FILE_UNREADABLE, index, rc);
    }
    *s->out = (struct location){.prefix = text, .driver = LOCATION_V2, .index_path = index};
    return 0;
}

struct str locate_without_suffix(struct str path)
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

errint locate_try_path(struct search *s, const char *path)
{
    errint rc = locate_try_prefix(s, str_from(path));
    return rc == -ENOENT ? locate_v1(path, LOCATE_WILD_ENDING, s->argument, s->a, s->out, s->d)
                         : rc;
}

static errint not_found(struct search *s, struct str prefix)
{
    struct str argument = str_from(s->argument);
    struct str url = url_in(argument);
    if (url.ptr) {
        return diag_error(s->d, DIAG_CHECKPOINT_NOT_FOUND, s->argument, argument,
                          "'%s' is no local path: %s", diag_visible(s->d, url), url_advice(url));
    }
    const char *cut = prefix.ptr ? diag_visible(s->d, prefix) : NULL;
    return diag_error(s->d, DIAG_CHECKPOINT_NOT_FOUND, s->argument, argument,
                      "no checkpoint there: tried the directory and %s.index%s%s%s%s",
                      diag_visible(s->d, argument), cut ? " and " : "", cut ? cut : "",
                      cut ? ".index" : "",
                      glob_is_pattern(locate_head(argument))
                          ? "; wildcards have a meaning in the last component alone"
                          : "");
}

static bool is_saved_model_file(const char *path)
{
    struct str base = path_base(path);
    return str_eq(base, STR("saved_model.pb")) || str_eq(base, STR("saved_model.pbtxt"));
}

/* V1, by the argument, or by what it is without `.meta` and the like. */
static errint search_v1(struct search *s, struct str prefix)
{
    errint rc = locate_v1(s->argument, LOCATE_WILD_ANY, s->argument, s->a, s->out, s->d);
    if (rc == -ENOENT && prefix.ptr) {
        const char *text = arena_cstr(s->a, prefix);
        rc = text ? locate_v1(text, LOCATE_WILD_ENDING, s->argument, s->a, s->out, s->d)
                  : diag_no_memory(s->d);
    }
    return rc;
}

/* The prefix of an index, or a file beside one. */
static errint search_index(struct search *s, struct str prefix)
{
    errint rc = locate_try_prefix(s, str_from(s->argument));
    return rc == -ENOENT && prefix.ptr ? locate_try_prefix(s, prefix) : rc;
}

static errint search_file(struct search *s)
{
    struct str prefix = locate_without_suffix(str_from(s->argument));
    const char *dir = path_dir(s->argument, s->a);
    errint rc = dir ? search_index(s, prefix) : diag_no_memory(s->d);
    if (rc != -ENOENT) {
        return rc;
    }
    errint kind = locate_probe(s->argument);
    if (kind == 0 && str_eq(path_base(s->argument), STR("checkpoint"))) {
        return locate_follow_state(s, s->argument, dir);
    }
    if (kind == 0 && is_saved_model_file(s->argument)) {
        return locate_saved_model(s, dir);
    }
    rc = -ENOENT;
    if (kind == 0) {
        rc = locate_safetensors_file(s);
    } else if (kind == -ENOENT) {
        rc = locate_try_pattern(s, s->argument);
    }
    rc = rc == -ENOENT ? search_v1(s, prefix) : rc;
    rc = rc == -ENOENT && kind == -ENOENT ? locate_safetensors_pattern(s) : rc;
    if (rc != -ENOENT) {
        return rc;
    }
    if (kind < 0 && kind != -ENOENT) {
        return file_complain(s->d, DIAG_FILE_UNREADABLE, s->argument, kind);
    }
    rc = kind == 0 && !prefix.ptr ? locate_complain_no_table(s->argument, s->d)
                                  : not_found(s, prefix);
    if (!url_in(str_from(s->argument)).ptr) {
        locate_nearest(s, dir);
    }
    return rc;
}

void locate_warn_both(const char *path, struct diag *d)
{
    struct arena scratch;
    arena_init(&scratch);
    bool prefix = !str_ends(str_from(path), STR("/")) && locate_probe(path) == -EISDIR;
    const char *index = prefix ? arena_printf(&scratch, "%s.index", path) : NULL;
    if (index && locate_probe(index) == 0) {
        diag_warn(d, DIAG_NAME_AMBIGUOUS, path, str_from(path),
                  "it is a directory and the prefix of a checkpoint, taking the directory, as "
                  "TensorFlow does: "
                  "name %s for the other",
                  diag_visible(d, str_from(index)));
    }
    arena_fini(&scratch);
}

errint locate_checkpoint(const char *argument, struct arena *a, struct location *out,
                         struct diag *d)
{
    *out = (struct location){0};
    struct search s = {argument, a, out, d};
    if (argument[0] == '\0') {
        return diag_error(d, DIAG_CHECKPOINT_NOT_FOUND, "", STR(""),
                          "the path of the checkpoint is empty");
    }
    unsigned troubles = trouble_count();
    errint rc = locate_probe(argument) == -EISDIR ? locate_in_directory(&s) : search_file(&s);
    rc = trouble_refuse(troubles, d, rc); /* another checkpoint may be the right one */
    if (rc < 0) {
        *out = (struct location){0};
        return rc;
    }
    locate_warn_both(argument, d);
    return 0;
}
