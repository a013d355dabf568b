/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoint of a directory: what its state file says, a SavedModel's variables, the only one
 * there is, or safetensors files. */
#include <stdlib.h>

#include "base/buf.h"
#include "io/file.h"
#include "io/nearest_file.h"
#include "source/tf/locate_scan.h"
#include "source/tf/locate_search.h"
#include "source/tf/locate_v1.h"

/* The variables of a SavedModel (saved_model/constants.py), the name of TensorFlow 0.12 last. */
static const char *const variables_names[] = {"variables", "saved_model_variables"};

/* The checkpoint of one of these names in `dir`, in whatever case. */
static errint try_variables(struct search *s, const char *dir)
{
    errint rc = -ENOENT;
    for (unsigned i = 0; rc == -ENOENT && i < 2 * ARRAY_LEN(variables_names); i++) {
        const char *name = variables_names[i % 2];
        const char *index = i < 2 ? NULL : arena_printf(s->a, "%s.index", name);
        const char *found = index ? nearest_ignoring_case(dir, index, s->a) : NULL;
        struct str stem = found ? locate_without_suffix(str_from(found)) : str_from(name);
        const char *prefix = locate_join(s->a, dir, stem);
        if (!prefix) {
            return diag_no_memory(s->d);
        }
        rc = i < 2 || found ? locate_try_path(s, prefix) : -ENOENT;
    }
    return rc;
}

/* Whether `dir` holds a SavedModel; false, too, when memory is short. */
static bool is_saved_model(struct search *s, const char *dir)
{
    const char *model = locate_join(s->a, dir, STR("saved_model.pb"));
    const char *text = locate_join(s->a, dir, STR("saved_model.pbtxt"));
    return model && text && (locate_probe(model) == 0 || locate_probe(text) == 0);
}

/* In the folder where a SavedModel has them, whatever the case of its name. */
static errint try_folder(struct search *s, const char *dir)
{
    const char *variables = locate_join(s->a, dir, STR("variables"));
    errint rc = variables ? try_variables(s, variables) : diag_no_memory(s->d);
    const char *other = rc == -ENOENT ? nearest_ignoring_case(dir, "variables", s->a) : NULL;
    const char *folder = other ? locate_join(s->a, dir, str_from(other)) : NULL;
    return folder ? try_variables(s, folder) : rc;
}

/* Says so if they are not where TensorFlow looks for them. */
static void warn_variables(struct search *s, const char *dir)
{
    for (unsigned i = 0; i < ARRAY_LEN(variables_names); i++) {
        const char *usual = arena_printf(s->a, "variables/%s", variables_names[i]);
        const char *path = usual ? locate_join(s->a, dir, str_from(usual)) : NULL;
        if (!path || strcmp(path, s->out->prefix) == 0) {
            return;
        }
    }
    diag_warn(s->d, DIAG_MOVED, dir, str_from(dir),
              "a SavedModel has its variables in variables/variables, taking those in %s: "
              "TensorFlow does not "
              "find them",
              diag_visible(s->d, str_from(s->out->prefix)));
}

/* The only checkpoint of the folder, if there is one alone. */
static errint try_only(struct search *s, const char *dir, const struct locate_found *found,
                       uint32_t count)
{
    if (count != 1 || found[0].parts) {
        return -ENOENT;
    }
    const char *path = locate_join(s->a, dir, found[0].name);
    return path ? locate_try_path(s, path) : diag_no_memory(s->d);
}

static errint complain_unreadable(struct search *s, const char *dir, errint rc)
{
    return rc == -ENOMEM ? diag_no_memory(s->d)
                         : file_complain(s->d, DIAG_FILE_UNREADABLE, dir, rc);
}

errint locate_saved_model(struct search *s, const char *dir)
{
    struct locate_found *found = NULL;
    uint32_t count = 0;
    errint rc = try_folder(s, dir);
    rc = rc == -ENOENT ? try_variables(s, dir) : rc;
    errint scanned = rc == -ENOENT ? locate_scan(dir, s->a, &found, &count) : 0;
    if (scanned < 0) {
        return complain_unreadable(s, dir, scanned);
    }
    rc = rc == -ENOENT ? try_only(s, dir, found, count) : rc;
    if (rc == 0) {
        warn_variables(s, dir);
    }
    if (rc != -ENOENT) {
        return rc;
    }
    rc = diag_error(s->d, DIAG_CHECKPOINT_NOT_FOUND, s->argument, str_from(s->argument),
                    "the SavedModel has no variables: there is no %s/variables/variables.index%s",
                    diag_visible(s->d, str_from(dir)), locate_hints(s, dir));
    locate_nearest_below(s, dir);
    return rc;
}

/* What is left of a SavedModel without its graph. */
static errint try_graphless(struct search *s, const char *dir)
{
    errint rc = try_folder(s, dir);
    if (rc == 0) {
        diag_warn(s->d, DIAG_NO_STATE, dir, str_from(dir),
                  "the directory holds no state file named 'checkpoint' and no saved_model.pb, "
                  "taking the "
                  "variables of a SavedModel, %s",
                  diag_visible(s->d, str_from(s->out->prefix)));
    }
    return rc;
}

/* Parts of a save that was interrupted: what they are, and what takes them as one. */
static errint complain_parts(struct search *s, const char *dir, const struct locate_found *found)
{
    const char *pattern = locate_join(s->a, dir, found->name);
    const char *whole = pattern ? locate_shard_count(pattern) : NULL;
    if (!whole) {
        return diag_no_memory(s->d);
    }
    errint rc = diag_error(
        s->d, DIAG_CHECKPOINT_NOT_FOUND, dir, str_from(dir),
        "the directory holds no checkpoint, but parts of one: a sharded save was interrupted "
        "before it merged them, %u of %lu are there; a pattern takes them as one",
        found->parts, strtoul(whole, NULL, 10));
    diag_nearest(s->d, str_from(pattern));
    return rc;
}

static errint complain_several(struct search *s, const char *dir, const struct locate_found *found,
                               uint32_t count)
{
    CLEANUP_BUF struct buf list = {0};
    for (uint32_t i = 0; i < count && i < NEAREST_FILES_MOST; i++) {
        buf_text(&list, i ? ", " : "");
        buf_visible(&list, found[i].name);
        buf_text(&list, found[i].parts ? " (parts of an interrupted save)" : "");
    }
    buf_text(&list, count > NEAREST_FILES_MOST ? ", ..." : "");
    return diag_error(
        s->d, DIAG_CHECKPOINT_NOT_FOUND, dir, str_from(dir),
        "the directory holds no state file named 'checkpoint', but %u checkpoints: name one of %s",
        count, buf_check(&list) < 0 ? "them" : list.data);
}

static errint complain_none(struct search *s, const char *dir)
{
    errint rc = diag_error(s->d, DIAG_CHECKPOINT_NOT_FOUND, dir, str_from(dir),
                           "the directory holds no checkpoint, and no state file named "
                           "'checkpoint' that says where one is%s",
                           locate_hints(s, dir));
    const char *same_name = arena_printf(s->a, "%s.index", dir);
    if (same_name && locate_is_table(same_name)) {
        diag_nearest(s->d, str_from(same_name));
    }
    locate_nearest_below(s, dir);
    return rc;
}

/* No state file says which: the only checkpoint there is, if there is only one. */
static errint search_without_state(struct search *s, const char *dir)
{
    struct locate_found *found;
    uint32_t count;
    errint scanned = locate_scan(dir, s->a, &found, &count);
    if (scanned == -ENOMEM) {
        return diag_no_memory(s->d);
    }
    errint rc = try_only(s, dir, found, count);
    if (rc == 0) {
        const char *path = locate_join(s->a, dir, found[0].name);
        diag_warn(s->d, DIAG_NO_STATE, dir, str_from(dir),
                  "the directory holds no state file named 'checkpoint', taking the only "
                  "checkpoint in it, %s",
                  path ? diag_visible(s->d, str_from(path)) : "");
    }
    rc = rc == -ENOENT && count == 0 ? try_graphless(s, dir) : rc;
    rc = rc == -ENOENT && count == 0 ? locate_safetensors_in(s, dir) : rc;
    if (rc != -ENOENT) {
        return rc;
    }
    if (scanned < 0) {
        return complain_unreadable(s, dir, scanned);
    }
    if (count == 1 && found[0].parts) {
        return complain_parts(s, dir, found);
    }
    return count > 1 ? complain_several(s, dir, found, count) : complain_none(s, dir);
}

errint locate_in_directory(struct search *s)
{
    const char *dir = s->argument;
    const char *state = locate_join(s->a, dir, STR("checkpoint"));
    const char *above = locate_join(s->a, dir, STR(".."));
    if (!state || !above) {
        return diag_no_memory(s->d);
    }
    errint rc = locate_probe(state);
    if (rc != -ENOENT && rc != -EISDIR) {
        return locate_follow_state(s, state, dir);
    }
    if (is_saved_model(s, dir)) {
        return locate_saved_model(s, dir);
    }
    rc = is_saved_model(s, above) ? try_variables(s, dir) : -ENOENT;
    return rc == -ENOENT ? search_without_state(s, dir) : rc;
}
