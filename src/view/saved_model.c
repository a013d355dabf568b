/* SPDX-License-Identifier: Apache-2.0 */
#include "view/saved_model.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "io/file.h"
#include "io/io_file.h"
#include "source/catalog_names.h"
#include "source/tf_v2/objects_record.h"

static const char *const graphs[] = {"saved_model.pb", "saved_model.pbtxt"};
static const char *const files[] = {"saved_model.pb", "saved_model.pbtxt", "fingerprint.pb",
                                    "keras_metadata.pb"};
static const char *const folders[] = {"assets", "assets.extra"};

/* ---- where it is ----------------------------------------------------------------------------- */

/* The directory of a path; "" if it is the current one. */
static struct str directory_of(struct str path)
{
    long slash = str_rfind(path, '/');
    if (slash == 0) {
        return str_head(path, 1);
    }
    return str_head(path, slash < 0 ? 0 : (size_t)slash);
}

static bool has_graph(struct arena *a, const char *dir)
{
    for (size_t i = 0; dir && i < ARRAY_LEN(graphs); i++) {
        const char *path = arena_printf(a, "%s/%s", dir, graphs[i]);
        struct stat st;
        if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            return true;
        }
    }
    return false;
}

/* The directory above `dir`, a path that may be "": "x/variables" is in x. NULL if `dir` is no
 * folder of variables, or memory is short. */
static const char *above_variables(struct arena *a, struct str dir)
{
    struct str name = path_last(dir);
    if (name.len == strlen("variables") && strncasecmp(name.ptr, "variables", name.len) == 0) {
        struct str above = directory_of(dir);
        return above.len ? arena_cstr(a, above) : ".";
    }
    if (name.len == 0 || str_eq(name, STR(".")) || str_eq(name, STR(".."))) {
        return arena_printf(a, STR_FMT "%s..", STR_ARG(dir), dir.len ? "/" : "");
    }
    return NULL;
}

const char *saved_model_folder(struct arena *a, const char *prefix)
{
    struct str dir = directory_of(str_from(prefix));
    struct str name = path_base(prefix);
    const char *own = dir.len ? arena_cstr(a, dir) : ".";
    if (!str_eq(name, STR("variables")) && !str_eq(name, STR("saved_model_variables"))) {
        return NULL; /* another checkpoint beside it */
    }
    if (has_graph(a, own)) {
        return own;
    }
    const char *above = above_variables(a, dir);
    return has_graph(a, above) ? above : NULL;
}

/* ---- what is in it --------------------------------------------------------------------------- */

static bool is_named(const struct map *m, const char *name)
{
    uint32_t i = 0;
    while (i < m->sidecar_count && !str_eq(m->sidecars[i].name, str_from(name))) {
        i++;
    }
    return i < m->sidecar_count;
}

/* Leaves out, of the files from `from` on, what cannot be opened. */
static errint keep_readable(struct sidecar_list *l, uint32_t from)
{
    uint32_t kept = from;
    errint rc = 0;
    for (uint32_t i = from; rc == 0 && i < l->count; i++) {
        CLEANUP_IO struct io *io = NULL;
        errint opened = io_open(l->files[i].path, &io);
        if (opened == 0 || opened == -EMFILE || opened == -ENFILE) {
            l->files[kept++] = l->files[i];
        } else if (opened != -ENOENT) {
            rc = sidecar_problem(l, &l->files[i], "%s", file_why(l->diag, opened));
        }
    }
    l->count = kept;
    return rc;
}

static errint add_beside(struct sidecar_list *l, const struct map *m, const char *dir,
                         const char *name, bool folder)
{
    uint32_t before = l->count;
    struct sidecar_file f = {.name = name, .path = arena_printf(l->arena, "%s/%s", dir, name)};
    if (!f.path) {
        return diag_no_memory(l->diag);
    }
    if (is_named(m, name)) {
        return 0;
    }
    errint rc = folder ? sidecar_add_folder(l, &f) : sidecar_add(l, f);
    if (rc == -EOVERFLOW) {
        rc = sidecar_problem(l, &f, "there are %d files already", SIDECARS_MOST);
    }
    if (rc == -ENOENT) {
        return 0;
    }
    return rc < 0 ? rc : keep_readable(l, before);
}

/* Where its graph is, and the index of its variables. */
static void add_homes(struct sidecar_list *l, const char *dir, const char *prefix)
{
    struct str folder = directory_of(str_from(prefix));
    const char *variables = folder.len ? arena_cstr(l->arena, folder) : ".";
    const char *index = arena_printf(l->arena, STR_FMT ".index", STR_ARG(path_base(prefix)));
    for (size_t i = 0; i < ARRAY_LEN(graphs) && !l->home_count; i++) {
        sidecar_add_home(l, dir, graphs[i]);
    }
    if (variables && index) {
        sidecar_add_home(l, variables, index);
    }
}

errint saved_model_add(struct sidecar_list *l, const struct map *m, const char *prefix)
{
    const char *dir = saved_model_folder(l->arena, prefix);
    errint rc = 0;
    if (dir) {
        add_homes(l, dir, prefix);
    }
    for (size_t i = 0; dir && rc == 0 && i < ARRAY_LEN(files); i++) {
        rc = add_beside(l, m, dir, files[i], false);
    }
    for (size_t i = 0; dir && rc == 0 && i < ARRAY_LEN(folders); i++) {
        rc = add_beside(l, m, dir, folders[i], true);
    }
    return rc;
}

/* ---- whether it will be loaded --------------------------------------------------------------- */

/* Whether the view shows the graph of the SavedModel that its checkpoint is of: what another one's
 * graph wants is not known. */
static bool is_own(const struct view *v)
{
    const struct sidecars *s = &v->sidecars;
    for (uint32_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(graphs); k++) {
            if (!s->found[i].at.file && strcmp(s->found[i].name, graphs[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_changed(const struct target *t, const struct tensor *stored)
{
    return target_dtype(t) != stored->dtype || !shape_eq(target_shape(t), tensor_shape(stored));
}

static void warn_changed(const struct view *v, const struct target *t, const struct tensor *stored,
                         struct diag *d)
{
    struct str key = catalog_key(v->catalog, stored);
    diag_warn(d, DIAG_UNSUPPORTED, "", STR("saved_model.pb"),
              "TensorFlow will not load this as a SavedModel: '%s' is %s %s, and the model has %s "
              "%s",
              diag_visible(d, key), dtype_name(target_dtype(t)), shape_text(target_shape(t)).text,
              dtype_name((enum dtype)stored->dtype), shape_text(tensor_shape(stored)).text);
}

/* The variable of that name in TensorFlow's files, or NULL. */
static const struct target *find_variable(const struct view *v, struct str name)
{
    uint32_t i = plan_lower(v->plan, name);
    const struct target *t = i < v->plan->count ? &v->plan->targets[i] : NULL;
    if (!t || !str_eq(target_variable(t), name)) {
        return NULL;
    }
    struct view_variable plain = {.whole = t};
    const struct view_variable *l = variable_of_part(&v->variables, t);
    l = l ? l : &plain;
    const void *state = v->formats.state[FORMAT_TENSORFLOW];
    return view_formats[FORMAT_TENSORFLOW]->refusal(state, l) ? NULL : l->whole;
}

/* Whether everything but the object graph is there by its friendly name: without that graph,
 * TensorFlow goes by the names of variables. */
static bool goes_by_names(const struct view *v)
{
    const struct catalog *c = v->catalog;
    for (uint32_t i = 0; c->names && i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct target *named = find_variable(v, catalog_friendly(c, t));
        if (!str_eq(catalog_key(c, t), STR(OBJECTS_KEY)) && (!named || is_changed(named, t))) {
            return false;
        }
    }
    return c->names;
}

static void warn_missing(const struct view *v, const struct tensor *first, uint32_t missing,
                         struct diag *d)
{
    const struct catalog *c = v->catalog;
    const char *remedy = c->names && c->names->friendly ? ": names = keys keeps them" : "";
    if (goes_by_names(v)) {
        diag_warn(d, DIAG_UNSUPPORTED, "", STR("saved_model.pb"),
                  "TensorFlow loads this as a SavedModel only if its model's variables are called "
                  "as those of the view, since keys and object graph are not there%s",
                  remedy);
        return;
    }
    diag_warn(d, DIAG_UNSUPPORTED, "", STR("saved_model.pb"),
              "TensorFlow will not load this as a SavedModel: %u of its %u tensors %s not in the "
              "view under %s, '%s' first%s",
              missing, c->count, missing == 1 ? "is" : "are",
              missing == 1 ? "its own key" : "their own keys",
              diag_visible(d, catalog_key(c, first)), remedy);
}

void saved_model_warn(const struct view *v, struct diag *d)
{
    const struct catalog *c = v->catalog;
    const struct tensor *first = NULL;
    const void *state = v->formats.state[FORMAT_TENSORFLOW];
    uint32_t count = is_own(v) ? c->count : 0;
    uint32_t missing = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct target *there = find_variable(v, catalog_key(c, t));
        if (there && is_changed(there, t)) {
            warn_changed(v, there, t, d);
            return;
        }
        if (!there && !view_formats[FORMAT_TENSORFLOW]->keeps(state, t)) {
            first = missing++ ? first : t;
        }
    }
    if (missing) {
        warn_missing(v, first, missing, d);
    }
}
