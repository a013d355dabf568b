/* SPDX-License-Identifier: Apache-2.0 */
#include "source/safetensors/st_index.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "base/lower_bound.h"
#include "codec/json_read.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/io_file.h"
#include "source/safetensors/st_header.h"

enum { INDEX_MOST = 1 << 30 };

struct reading {
    struct st_index *x;
    struct diag *d;
    const char *path;
    struct io *io;
    struct json_read json;
    bool has_map;
    uint32_t
        *numbers; /* owns: of each of x->files, as they stand, in the order in which they came */
    size_t numbers_cap;
    uint32_t newest; /* index into x->files of the newest name, which the next one often shares */
};

#define BAD(r, name, ...)                                                                          \
    diag_error((r)->d, DIAG_CHECKPOINT_CORRUPT, (r)->path, (name), __VA_ARGS__)

static errint complain_json(const struct reading *r, errint rc)
{
    const struct json_read *j = &r->json;
    if (rc == -ENOMEM) {
        return diag_no_memory(r->d);
    }
    if (rc == -EOVERFLOW) {
        return diag_error(r->d, DIAG_LIMIT, r->path, STR(""), "the index, at byte %" PRIu64 ": %s",
                          j->wrong_at, j->wrong);
    }
    if (rc != -EBADMSG) {
        return file_complain(r->d, DIAG_FILE_UNREADABLE, r->path, rc);
    }
    return BAD(r, STR(""), "the index is damaged, at byte %" PRIu64 ": %s", j->wrong_at, j->wrong);
}

/* ---- the names of files ---------------------------------------------------------------------- */

static bool is_file_name(struct str s)
{
    return s.len > 0 && !str_eq(s, STR(".")) && str_search(s, STR("..")) < 0 &&
           str_find(s, '/') < 0 && str_find(s, '\0') < 0;
}

/* A file that was not named before, at x->files[at]. */
static errint add_file(struct reading *r, uint32_t at, struct str name)
{
    struct st_index *x = r->x;
    if (x->file_count == ST_FILES_MOST) {
        return diag_error(r->d, DIAG_LIMIT, r->path, STR(""), "the index names more than %d files",
                          ST_FILES_MOST);
    }
    const char *copy = arena_cstr(&x->arena, name);
    if (!copy || !grow(&x->files, &x->file_cap, x->file_count, sizeof(*x->files)) ||
        !grow(&r->numbers, &r->numbers_cap, x->file_count, sizeof(*r->numbers))) {
        return diag_no_memory(r->d);
    }
    size_t behind = x->file_count - at;
    memmove(&x->files[at + 1], &x->files[at], behind * sizeof(*x->files));
    memmove(&r->numbers[at + 1], &r->numbers[at], behind * sizeof(*r->numbers));
    x->files[at] = copy;
    r->numbers[at] = x->file_count++;
    return 0;
}

/* The number of the file: in the order in which they come, until number_files. */
static errint file_number(struct reading *r, struct str name, uint32_t *out)
{
    const struct st_index *x = r->x;
    uint32_t at = r->newest;
    if (x->file_count == 0 || !str_eq(str_from(x->files[at]), name)) {
        at = LOWER_BOUND(i, 0, x->file_count, str_cmp(str_from(x->files[i]), name) < 0);
    }
    if (at == x->file_count || !str_eq(str_from(x->files[at]), name)) {
        errint rc = add_file(r, at, name);
        if (rc < 0) {
            return rc;
        }
    }
    r->newest = at;
    *out = r->numbers[at];
    return 0;
}

/* Numbers become those of the sorted names. */
static errint number_files(struct reading *r)
{
    struct st_index *x = r->x;
    CLEANUP_FREE uint32_t *sorted = malloc(((size_t)x->file_count + 1) * sizeof(*sorted));
    if (!sorted) {
        return diag_no_memory(r->d);
    }
    for (uint32_t i = 0; i < x->file_count; i++) {
        sorted[r->numbers[i]] = i;
    }
    for (size_t i = 0; i < x->count; i++) {
        x->places[i].file = sorted[x->places[i].file];
    }
    return 0;
}

/* ---- the weight map -------------------------------------------------------------------------- */

static errint read_place(struct reading *r, struct str name)
{
    struct st_index *x = r->x;
    struct str file;
    struct str kept = arena_str(&x->arena, name);
    uint32_t number = 0;
    if (!kept.ptr || !grow(&x->places, &x->cap, x->count, sizeof(*x->places))) {
        return diag_no_memory(r->d);
    }
    if (x->count == ST_TENSORS_MOST) {
        return diag_error(r->d, DIAG_LIMIT, r->path, STR(""), "more than %d tensors",
                          ST_TENSORS_MOST);
    }
    errint rc = json_read_string(&r->json, &file);
    if (rc < 0) {
        return complain_json(r, rc);
    }
    if (!is_file_name(file)) {
        return BAD(r, kept,
                   "tensor '%s' is in '%s', expected the name of a file in the directory of the "
                   "index, without '/' and '..'",
                   diag_visible(r->d, str_head(kept, 200)),
                   diag_visible(r->d, str_head(file, 200)));
    }
    rc = file_number(r, file, &number);
    if (rc == 0) {
        x->places[x->count++] = (struct st_place){kept.ptr, (uint32_t)kept.len, number};
    }
    return rc;
}

static errint read_map(struct reading *r)
{
    if (r->has_map) {
        return BAD(r, STR("weight_map"), "weight_map is there twice");
    }
    r->has_map = true;
    struct str name;
    int more = 0;
    errint rc = json_read_object(&r->json);
    while (rc == 0 && (more = json_read_member(&r->json, &name)) > 0) {
        errint bad = read_place(r, name);
        if (bad < 0) {
            return bad;
        }
    }
    rc = first_failure(rc, more);
    return rc < 0 ? complain_json(r, rc) : 0;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(st_place_name(a), st_place_name(b));
}

static errint sort_places(struct reading *r)
{
    struct st_index *x = r->x;
    bool sorted = true;
    for (size_t i = 1; sorted && i < x->count; i++) {
        sorted = by_name(&x->places[i - 1], &x->places[i]) < 0;
    }
    if (!sorted) {
        qsort(x->places, x->count, sizeof(*x->places), by_name);
    }
    for (size_t i = 1; !sorted && i < x->count; i++) {
        if (by_name(&x->places[i - 1], &x->places[i]) == 0) {
            struct str name = st_place_name(&x->places[i]);
            return BAD(r, name, "tensor '%s' is in the weight_map twice",
                       diag_visible(r->d, str_head(name, 200)));
        }
    }
    return 0;
}

/* ---- the index ------------------------------------------------------------------------------- */

static errint read_members(struct reading *r)
{
    struct str name;
    int more = 0;
    errint rc = json_read_object(&r->json);
    while (rc == 0 && (more = json_read_member(&r->json, &name)) > 0) {
        if (str_eq(name, STR("weight_map"))) {
            errint bad = read_map(r);
            if (bad < 0) {
                return bad;
            }
        } else {
            rc = json_read_skip(&r->json);
        }
    }
    rc = first_failure(rc, more);
    if (rc == 0) {
        rc = json_read_end(&r->json);
    }
    return rc < 0 ? complain_json(r, rc) : 0;
}

/* What it is instead, where that is known. */
static errint check_kind(const struct reading *r)
{
    const struct file_kind *kind = file_kind_of(r->io);
    switch (kind->group) {
    case FILE_KIND_POINTER:
    case FILE_KIND_EMPTY:
    case FILE_KIND_ARCHIVE:
    case FILE_KIND_SAFETENSORS:
        return file_kind_complain(r->d, DIAG_CHECKPOINT_CORRUPT, r->path, kind,
                                  "the index of safetensors files, which is JSON");
    default:
        return 0;
    }
}

static errint read_index(struct reading *r)
{
    errint rc = check_kind(r);
    if (rc < 0) {
        return rc;
    }
    if (r->io->size > INDEX_MOST) {
        return diag_error(r->d, DIAG_LIMIT, r->path, STR(""),
                          "the index has %" PRIu64 " bytes, the limit is %d", r->io->size,
                          INDEX_MOST);
    }
    if (json_read_init(&r->json, r->io, 0, r->io->size) < 0) {
        return diag_no_memory(r->d);
    }
    rc = read_members(r);
    if (rc == 0 && r->x->count == 0) {
        return BAD(r, STR(""), "the index has no weight_map%s",
                   r->has_map ? " with a tensor in it" : "");
    }
    if (rc == 0) {
        rc = number_files(r);
    }
    return rc < 0 ? rc : sort_places(r);
}

errint st_index_read(const char *path, struct diag *d, struct st_index *out)
{
    *out = (struct st_index){0};
    arena_init(&out->arena);
    struct reading r = {.x = out, .d = d, .path = path};
    CLEANUP_IO struct io *io = NULL;
    errint rc = io_open(path, &io);
    if (rc < 0) {
        return file_complain(d, rc == -ENOENT ? DIAG_CHECKPOINT_NOT_FOUND : DIAG_FILE_UNREADABLE,
                             path, rc);
    }
    r.io = io;
    out->st = *io->st;
    rc = read_index(&r);
    json_read_fini(&r.json);
    free(r.numbers);
    if (io_unchanged(io) < 0) {
        return diag_error(d, DIAG_FILE_UNREADABLE, path, str_from(path),
                          "the file changed while it was read");
    }
    return rc;
}

void st_index_fini(struct st_index *x)
{
    free(x->places);
    free(x->files);
    arena_fini(&x->arena);
}

const struct st_place *st_index_find(const struct st_index *x, struct str name)
{
    size_t at = LOWER_BOUND(i, 0, x->count, str_cmp(st_place_name(&x->places[i]), name) < 0);
    return at < x->count && str_eq(st_place_name(&x->places[at]), name) ? &x->places[at] : NULL;
}
