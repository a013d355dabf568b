/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/inputs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/grow.h"
#include "model/graph_file.h"
#include "source/catalog_join.h"
#include "source/source.h"
#include "source/tf/locate.h"

static errint add_stat(struct inputs *o, const struct stat *st)
{
    if (!grow(&o->files, &o->cap, o->count, sizeof(*o->files))) {
        return -ENOMEM;
    }
    o->files[o->count++] = *st;
    return 0;
}

/* One whose content is in the view. */
static errint add_content(struct inputs *o, const struct stat *st)
{
    o->mode &= st->st_mode | 0600;
    return add_stat(o, st);
}

/* That it is not known whether a file is there. */
static errint complain_unseen(struct diag *d, const char *path, int error)
{
    static const char words[] = "cannot be looked at: %s";
    if (error == EACCES) {
        diag_warn(d, DIAG_FILE_UNREADABLE, path, str_from(path), words, strerror(error));
        return 0;
    }
    return diag_error(d, DIAG_FILE_UNREADABLE, path, str_from(path), words, strerror(error));
}

static bool is_absent(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP;
}

/* dir/name, or dir alone if name is NULL, if there is a file. */
static errint add_path(struct inputs *o, const char *dir, const char *name, bool content,
                       struct diag *d)
{
    CLEANUP_BUF struct buf path = {0};
    struct stat st;
    buf_text(&path, dir);
    if (name) {
        buf_char(&path, '/');
        buf_text(&path, name);
    }
    if (path.failed) {
        return diag_no_memory(d);
    }
    if (stat(path.data, &st) != 0) {
        return is_absent(errno) ? 0 : complain_unseen(d, path.data, errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return 0;
    }
    errint rc = content ? add_content(o, &st) : add_stat(o, &st);
    return rc < 0 ? diag_no_memory(d) : 0;
}

/* The state file, if the checkpoint was given by it or by its directory. */
static errint add_state(struct inputs *o, const char *checkpoint, struct diag *d)
{
    const char *slash = strrchr(checkpoint, '/');
    if (strcmp(slash ? slash + 1 : checkpoint, "checkpoint") == 0) {
        errint rc = add_path(o, checkpoint, NULL, false, d);
        if (rc < 0) {
            return rc;
        }
    }
    return add_path(o, checkpoint, "checkpoint", false, d);
}

static errint add_located(struct inputs *o, const struct location *where, struct diag *d)
{
    errint rc = where->index_path ? add_path(o, where->index_path, NULL, true, d) : 0;
    for (uint32_t i = 0; rc == 0 && i < where->file_count; i++) {
        rc = add_path(o, where->files[i], NULL, true, d);
    }
    return rc;
}

/* The files that say which tensors there are: of safetensors all that there are. */
static errint add_sources(struct inputs *o, const struct catalog *c, struct diag *d)
{
    const char *path;
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && (path = source_input(c, i)) != NULL; i++) {
        rc = add_path(o, path, NULL, true, d);
    }
    return rc;
}

/* Those that an index alone names. */
static errint add_indexed(struct inputs *o, const struct location *where, struct diag *unheard,
                          struct diag *d)
{
    struct catalog *c = NULL;
    errint rc = 0;
    if (strcmp(where->driver, LOCATION_SAFETENSORS) == 0 && where->index_path) {
        rc = source_open(where, unheard, &c);
        if (rc < 0) {
            return rc == -ENOMEM ? diag_no_memory(d) : 0;
        }
        rc = add_sources(o, c, d);
    }
    catalog_close(c);
    return rc;
}

static errint add_graph(struct inputs *o, const char *graph, struct diag *d)
{
    if (graph_file_named(graph)) {
        errint rc = add_path(o, graph, NULL, true, d);
        if (rc < 0) {
            return rc;
        }
        return add_path(o, graph, "saved_model.pb", true, d);
    }
    struct arena texts;
    struct diag unheard; /* it was found before */
    struct location where;
    arena_init(&texts);
    diag_init(&unheard);
    errint rc = locate_checkpoint(graph, &texts, &where, &unheard);
    if (rc == 0) {
        rc = add_located(o, &where, d);
        rc = first_failure(rc, add_indexed(o, &where, &unheard, d));
    } else {
        rc = rc == -ENOMEM ? diag_no_memory(d) : 0;
    }
    diag_fini(&unheard);
    arena_fini(&texts);
    if (rc < 0) {
        return rc;
    }
    return add_state(o, graph, d);
}

static errint add_indexes(struct inputs *o, const struct catalog *c)
{
    errint rc = add_content(o, &c->index_st);
    for (uint32_t i = 1; rc == 0 && i < c->index_count; i++) {
        rc = add_content(o, &c->indexes[i].st);
    }
    return rc;
}

/* What the view holds open, or has read. */
static errint add_held(struct inputs *o, const struct view *v)
{
    const struct catalog *c = v->catalog;
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < catalog_member_count(c); i++) {
        rc = add_indexes(o, catalog_member(c, i));
    }
    for (uint32_t i = 0; rc == 0 && i < c->shard_count; i++) {
        rc = c->shards[i].opened ? add_content(o, shard_stat(&c->shards[i])) : 0;
    }
    for (uint32_t i = 0; rc == 0 && i < v->sidecars.count; i++) {
        rc = add_content(o, shard_stat(&v->sidecars.files[i]));
    }
    for (uint32_t i = 0; rc == 0 && i < v->map->included_count; i++) {
        rc = add_content(o, &v->map->included[i].st);
    }
    return rc == 0 && v->map->path ? add_content(o, &v->map->st) : rc;
}

errint inputs_find(const struct view *v, const char *graph, struct diag *d, struct inputs *out)
{
    *out = (struct inputs){.mode = 0777};
    if (add_held(out, v) < 0) {
        return diag_no_memory(d);
    }
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < v->member_count; i++) {
        rc = add_sources(out, v->members[i].catalog, d);
    }
    for (uint32_t i = 0; rc == 0 && i < v->member_count; i++) {
        rc = add_state(out, v->members[i].given, d);
    }
    return rc == 0 && graph ? add_graph(out, graph, d) : rc;
}

void inputs_fini(struct inputs *o)
{
    free(o->files);
    *o = (struct inputs){0};
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

errint inputs_have(const struct inputs *o, int at, const char *name)
{
    struct stat own;
    struct stat target;
    if (fstatat(at, name, &own, AT_SYMLINK_NOFOLLOW) != 0) {
        return is_absent(errno) ? 0 : -errno;
    }
    bool link = S_ISLNK(own.st_mode) && fstatat(at, name, &target, 0) == 0;
    if (S_ISLNK(own.st_mode) && !link && !is_absent(errno) && errno != EACCES) {
        return -errno;
    }
    for (size_t i = 0; i < o->count; i++) {
        if (is_same(&o->files[i], &own) || (link && is_same(&o->files[i], &target))) {
            return 1;
        }
    }
    return 0;
}
