/* SPDX-License-Identifier: Apache-2.0 */
#include "view/saved_model.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "io/file.h"

static const char *const graphs[] = {"saved_model.pb", "saved_model.pbtxt"};
static const char *const files[] = {"saved_model.pb", "saved_model.pbtxt", "fingerprint.pb",
                                    "keras_metadata.pb"};
static const char *const folders[] = {"assets", "assets.extra"};

/* ---- where it is ----------------------------------------------------------------------------- */

/* The directory of a path; "" if it is the current one. */
static struct str directory_of(struct str path)
{
    long slash = str_rfind(path, '/');
    return str_head(path, slash < 0 ? 0 : slash == 0 ? 1 : (size_t)slash);
}

static struct str last_of(struct str path)
{
    return str_from_pos(path, (size_t)(str_rfind(path, '/') + 1));
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

/* The directory above `dir`, a path that may be "": "x/variables" is in x. NULL if that is nobody's
 * folder of variables, or memory is short. */
static const char *above_variables(struct arena *a, struct str dir)
{
    struct str name = last_of(dir);
    if (name.len == strlen("variables") && strncasecmp(name.ptr, "variables", name.len) == 0) {
        struct str above = directory_of(dir);
        return above.len ? arena_cstr(a, above) : ".";
    }
    return name.len == 0 || str_eq(name, STR(".")) || str_eq(name, STR(".."))
               ? arena_printf(a, STR_FMT "%s..", STR_ARG(dir), dir.len ? "/" : "")
               : NULL;
}

static const char *find_model(struct arena *a, const char *prefix)
{
    struct str dir = directory_of(str_from(prefix));
    struct str name = last_of(str_from(prefix));
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
        CLEANUP_CLOSE int fd = -1;
        struct stat st;
        errint opened = file_open(l->files[i].path, &fd, &st);
        if (opened == 0 || opened == -EMFILE || opened == -ENFILE) {
            l->files[kept++] = l->files[i];
        } else if (opened != -ENOENT) {
            rc = sidecar_problem(l, &l->files[i], "%s", file_why(l->diag, opened));
        }
    }
    l->count = kept;
    return rc;
}

static errint add(struct sidecar_list *l, const struct map *m, const char *dir, const char *name,
                  bool folder)
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
    return rc == -ENOENT ? 0 : rc < 0 ? rc : keep_readable(l, before);
}

errint saved_model_add(struct sidecar_list *l, const struct map *m, const char *prefix)
{
    const char *dir = find_model(l->arena, prefix);
    errint rc = 0;
    for (size_t i = 0; dir && rc == 0 && i < ARRAY_LEN(files); i++) {
        rc = add(l, m, dir, files[i], false);
    }
    for (size_t i = 0; dir && rc == 0 && i < ARRAY_LEN(folders); i++) {
        rc = add(l, m, dir, folders[i], true);
    }
    return rc;
}
