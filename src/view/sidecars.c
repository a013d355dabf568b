/* SPDX-License-Identifier: Apache-2.0 */
#include "view/sidecars.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "base/trouble.h"
#include "base/url.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/io_file.h"
#include "view/saved_model.h"
#include "view/sidecar_list.h"

/* ---- finding them ---------------------------------------------------------------------------- */

/* A path that is not there and looks like a URL is an error; 0: it does not. */
static errint complain_url(const struct sidecar_file *f, struct diag *d)
{
    struct str url = url_in(str_from(f->path));
    if (!url.ptr) {
        return 0;
    }
    return diag_error_at(d, DIAG_FILE_UNREADABLE, sidecar_position(f), str_from(f->name),
                         "'%s' is no local path: %s", diag_visible(d, url), url_advice(url));
}

/* A folder of the map. */
static errint add_folder(struct sidecar_list *l, const struct sidecar_file *f)
{
    errint rc = sidecar_add_folder(l, f);
    if (rc != -ENOENT) {
        return rc;
    }
    rc = complain_url(f, l->diag);
    return rc < 0 ? rc : sidecar_problem(l, f, "%s", file_why(l->diag, -ENOENT));
}

/* The path of a file of the map; `prefix` is the checkpoint's. NULL when memory is short. */
static const char *path_of(struct arena *a, const struct sidecar *s, const char *prefix)
{
    if (!s->beside) {
        return s->path;
    }
    const char *folder = saved_model_folder(a, prefix);
    folder = folder ? folder : path_dir(prefix, a);
    return folder ? arena_printf(a, "%s/%s", folder, s->path) : NULL;
}

/* Whether there is nothing at the path, which is none of elsewhere. A link that leads nowhere is
 * something. */
static bool is_absent(const struct sidecar_file *f)
{
    struct stat st;
    errint rc = lstat(f->path, &st) == 0 ? 0 : trouble_note(f->path, -errno);
    return rc == -ENOENT && !url_in(str_from(f->path)).ptr;
}

static errint add_named(struct sidecar_list *l, const struct sidecar *s, const char *prefix)
{
    if (s->beside && !prefix) {
        return 0; /* there is no checkpoint, which was said */
    }
    struct sidecar_file f = {
        .name = arena_cstr(l->arena, s->name), .path = path_of(l->arena, s, prefix), .at = s->at};
    if (!f.name || !f.path) {
        return diag_no_memory(l->diag);
    }
    if (s->optional && is_absent(&f)) {
        return 0;
    }
    errint rc = s->folder ? add_folder(l, &f) : sidecar_add(l, f);
    return rc == -EOVERFLOW
               ? sidecar_problem(l, &f, "there are %d files already, with those of folders",
                                 SIDECARS_MOST)
               : rc;
}

/* A shard for each of them, not opened yet. */
static errint make_shards(const struct sidecar_list *l, struct sidecars *out)
{
    out->files = ARENA_ARRAY(&out->arena, struct shard, l->count);
    if (!out->files) {
        return diag_no_memory(l->diag);
    }
    for (uint32_t i = 0; i < l->count; i++) {
        if (shard_init(&out->files[i], l->files[i].path, 0) < 0) {
            return diag_no_memory(l->diag);
        }
        out->count++;
    }
    out->found = l->files;
    return 0;
}

errint sidecars_find(const struct map *m, const char *prefix, struct diag *d, struct sidecars *out)
{
    *out = (struct sidecars){0};
    arena_init(&out->arena);
    bool saved_model = prefix && m->view.layout == VIEW_LAYOUT_SAVEDMODEL;
    if (!m->sidecar_count && !saved_model) {
        return 0;
    }
    struct sidecar_list l = {.arena = &out->arena, .diag = d};
    l.files = ARENA_ARRAY(&out->arena, struct sidecar_file, SIDECARS_MOST);
    if (!l.files) {
        return diag_no_memory(d);
    }
    errint rc = 0;
    for (uint32_t i = 0; i < m->sidecar_count; i++) {
        rc = first_failure(rc, add_named(&l, &m->sidecars[i], prefix));
    }
    rc = first_failure(rc, saved_model ? saved_model_add(&l, m, prefix) : 0);
    errint made = make_shards(&l, out);
    return rc < 0 ? rc : made;
}

/* ---- opening them ---------------------------------------------------------------------------- */

/* What is wrong with the file, in terms of the map. */
static errint check_named(const struct sidecar_file *f, struct diag *d)
{
    CLEANUP_IO struct io *io = NULL;
    errint rc = io_open(f->path, &io);
    struct str name = str_from(f->name);
    const struct file_kind *kind = rc == 0 ? file_kind_of(io) : NULL;
    if (kind && (kind->group == FILE_KIND_POINTER || kind->group == FILE_KIND_EMPTY)) {
        diag_warn_at(d, DIAG_FILE_UNREADABLE, sidecar_position(f), name, "%s is %s%s%s",
                     diag_visible(d, str_from(f->path)), kind->name, kind->remedy ? ": " : "",
                     kind->remedy ? kind->remedy : "");
    }
    if (rc == 0 || rc == -EMFILE || rc == -ENFILE) {
        return 0;
    }
    errint told = rc == -ENOENT ? complain_url(f, d) : 0;
    if (told < 0) {
        return told;
    }
    return diag_error_at(d, DIAG_FILE_UNREADABLE, sidecar_position(f), name,
                         "'%s' of %s cannot be shown: %s: %s%s", diag_visible(d, name),
                         f->at.file ? "[files]" : "the SavedModel",
                         diag_visible(d, str_from(f->path)), file_why(d, rc),
                         rc == -EISDIR ? "; a folder is written with a '/' behind its name" : "");
}

static errint open_one(const struct sidecar_file *f, struct shard *s, struct diag *d)
{
    errint rc = check_named(f, d);
    if (rc == 0) {
        rc = shard_open(s, d);
    }
    if (rc == 0 && f->below &&
        (s->io->st->st_dev != f->st.st_dev || s->io->st->st_ino != f->st.st_ino)) {
        return diag_error_at(d, DIAG_FILE_UNREADABLE, sidecar_position(f), str_from(f->name),
                             "%s was replaced while it was opened",
                             diag_visible(d, str_from(f->path)));
    }
    return rc;
}

errint sidecars_open(struct sidecars *s, struct diag *d)
{
    errint rc = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        rc = first_failure(rc, open_one(&s->found[i], &s->files[i], d));
    }
    return rc;
}

void sidecars_close(struct sidecars *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        shard_close(&s->files[i]);
    }
    arena_fini(&s->arena);
    *s = (struct sidecars){0};
}
