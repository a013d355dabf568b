/* SPDX-License-Identifier: Apache-2.0 */
#include "source/safetensors/st_source.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "source/catalog_build.h"
#include "source/safetensors/st_header.h"
#include "source/safetensors/st_index.h"
#include "source/stored.h"
#include "tensor/dtype.h"

/* What the catalog keeps of its files: also of one in which there is no tensor. */
struct st_state {
    struct st_file *files; /* in the catalog's arena, as the state is */
    uint32_t count;
};

struct opening {
    struct catalog *c;
    struct diag *d;
    struct st_state *state;
    struct st_list list;
    struct st_index index;
    bool indexed;
    struct catalog_build build;
};

/* ---- the files ------------------------------------------------------------------------------- */

/* The paths of the files that the index names, in its own directory. */
static errint paths_of_index(struct opening *o, const char *index_path)
{
    struct catalog *c = o->c;
    const char *slash = strrchr(index_path, '/');
    int dir = slash ? (int)(slash + 1 - index_path) : 0;
    for (uint32_t i = 0; i < o->index.file_count; i++) {
        o->state->files[i].path =
            arena_printf(&c->arena, "%.*s%s", dir, index_path, o->index.files[i]);
        if (!o->state->files[i].path) {
            return diag_no_memory(o->d);
        }
    }
    return 0;
}

static errint paths_of_files(struct opening *o, const struct location *where)
{
    for (uint32_t i = 0; i < where->file_count; i++) {
        o->state->files[i].path = arena_cstr(&o->c->arena, str_from(where->files[i]));
        if (!o->state->files[i].path) {
            return diag_no_memory(o->d);
        }
    }
    return 0;
}

/* The index is what says which tensors there are. */
static errint keep_index(struct opening *o)
{
    struct catalog *c = o->c;
    struct catalog_index *index = ARENA_NEW(&c->arena, struct catalog_index);
    if (!index) {
        return diag_no_memory(o->d);
    }
    *index = (struct catalog_index){c->index_path, o->index.st};
    c->indexes = index;
    c->index_count = 1;
    c->index_st = o->index.st;
    return 0;
}

static errint find_files(struct opening *o, const struct location *where)
{
    struct catalog *c = o->c;
    o->indexed = where->index_path != NULL;
    errint rc = o->indexed ? st_index_read(c->index_path, o->d, &o->index) : 0;
    if (rc < 0) {
        return rc;
    }
    c->file_count = o->indexed ? o->index.file_count : where->file_count;
    c->state = o->state = ARENA_NEW(&c->arena, struct st_state);
    if (!o->state) {
        return diag_no_memory(o->d);
    }
    o->state->files = ARENA_ARRAY(&c->arena, struct st_file, c->file_count);
    if (!o->state->files) {
        return diag_no_memory(o->d);
    }
    o->state->count = c->file_count;
    rc = o->indexed ? keep_index(o) : 0;
    if (rc < 0) {
        return rc;
    }
    return o->indexed ? paths_of_index(o, c->index_path) : paths_of_files(o, where);
}

/* All of them, so that all that is wrong is told. */
static errint read_headers(struct opening *o)
{
    errint first = 0;
    st_list_init(&o->list, o->state->files);
    for (uint32_t i = 0; i < o->state->count; i++) {
        errint rc = st_header_read(&o->list, i, o->d);
        first = first_failure(first, rc);
        if (rc == -ENOMEM) {
            return rc;
        }
    }
    if (first == 0 && !o->indexed) {
        o->c->index_st = o->state->files[0].st;
    }
    return first;
}

/* ---- tensors of one name --------------------------------------------------------------------- */

static const char *shown(const struct opening *o, struct str name)
{
    return diag_visible(o->d, str_head(name, 200));
}

static errint complain_twice(const struct opening *o, const struct st_tensor *a,
                             const struct st_tensor *b)
{
    const struct st_file *files = o->state->files;
    struct str name = st_name(a);
    if (a->file == b->file) {
        return diag_error(o->d, DIAG_CHECKPOINT_CORRUPT, files[a->file].path, name,
                          "tensor '%s' is there twice", shown(o, name));
    }
    return diag_error(o->d, DIAG_CHECKPOINT_CORRUPT, files[b->file].path, name,
                      "tensor '%s' is in %s, too", shown(o, name),
                      diag_visible(o->d, str_from(files[a->file].path)));
}

/* Of one name there is one; in several files only where an index says which. */
static errint check_names(const struct opening *o)
{
    errint first = 0;
    for (size_t i = 1; i < o->list.count; i++) {
        const struct st_tensor *t = &o->list.tensors[i];
        bool same = str_eq(st_name(t - 1), st_name(t));
        if (same && (!o->indexed || t[-1].file == t->file)) {
            errint rc = complain_twice(o, t - 1, t);
            first = first_failure(first, rc);
        }
    }
    return first;
}

/* ---- with an index --------------------------------------------------------------------------- */

static errint complain_missing(const struct opening *o, const struct st_place *p)
{
    struct str name = st_place_name(p);
    return diag_error(o->d, DIAG_CHECKPOINT_CORRUPT, o->c->index_path, name,
                      "the index says that tensor '%s' is in %s, but it is not there",
                      shown(o, name), diag_visible(o->d, str_from(o->state->files[p->file].path)));
}

/* Takes out of the list what the index does not have in that file, and says what it has that is
 * nowhere. Both are sorted by name. */
static errint apply_index(struct opening *o)
{
    struct st_list *l = &o->list;
    size_t kept = 0;
    size_t next = 0; /* of the list */
    size_t left_out = 0;
    struct str first_left = STR("");
    errint first = 0;
    for (size_t i = 0; i <= o->index.count; i++) {
        const struct st_place *p = i < o->index.count ? &o->index.places[i] : NULL;
        bool found = false;
        int order = -1;
        for (; next < l->count; next++) {
            const struct st_tensor t = l->tensors[next];
            order = p ? str_cmp(st_name(&t), st_place_name(p)) : -1;
            if (order > 0) {
                break;
            }
            if (order == 0 && t.file == p->file) {
                l->tensors[kept++] = t;
                found = true;
            } else if (left_out++ == 0) {
                first_left = st_name(&t);
            }
        }
        if (p && !found) {
            errint rc = complain_missing(o, p);
            first = first_failure(first, rc);
        }
    }
    l->count = kept;
    if (left_out) {
        diag_warn(o->d, DIAG_CHECKPOINT_CORRUPT, o->c->index_path, first_left,
                  "%zu tensors of its files are left out, since the index does not say that they "
                  "are there: '%s'%s",
                  left_out, shown(o, first_left), left_out > 1 ? ", ..." : "");
    }
    return first;
}

/* ---- the catalog ----------------------------------------------------------------------------- */

static errint add_tensor(struct opening *o, const struct st_tensor *t)
{
    const char *words = t->words;
    if (words) {
        words = arena_cstr(&o->c->arena, str_from(words));
    } else if (t->name_len == 0) {
        words = "it has no name";
    }
    if (t->words && !words) {
        return diag_no_memory(o->d);
    }
    const struct tensor tensor = {
        .off = words ? (uintptr_t)words : t->off,
        .bytes = t->bytes,
        .shard = words ? TENSOR_NO_SHARD : t->file,
        .dtype = t->dtype,
        .rank = t->rank,
        .hidden = words ? TENSOR_UNSUPPORTED : TENSOR_SHOWN,
        .no_crc = 1,
    };
    return catalog_build_add(&o->build, st_name(t), t->dims, &tensor) < 0 ? diag_no_memory(o->d)
                                                                          : 0;
}

static errint build_catalog(struct opening *o)
{
    struct catalog *c = o->c;
    const char **paths = ARENA_ARRAY(&c->arena, const char *, c->file_count);
    if (!paths || catalog_build_init(&o->build, c) < 0) {
        return diag_no_memory(o->d);
    }
    for (uint32_t i = 0; i < c->file_count; i++) {
        paths[i] = o->state->files[i].path;
    }
    o->build.data_paths = paths;
    for (size_t i = 0; i < o->list.count; i++) {
        errint rc = add_tensor(o, &o->list.tensors[i]);
        if (rc < 0) {
            return rc;
        }
    }
    if (catalog_build_finish(&o->build) < 0) {
        return diag_no_memory(o->d);
    }
    for (uint32_t i = 0; i < c->shard_count; i++) {
        c->shards[i].known = &o->state->files[c->shards[i].number].st;
    }
    return 0;
}

static errint read_all(struct opening *o, const struct location *where)
{
    struct catalog *c = o->c;
    c->driver = &st_driver;
    c->format = "safetensors";
    c->plain_files = true; /* TensorFlow asks for no alignment, and for nothing before a tensor */
    c->prefix = arena_cstr(&c->arena, str_from(where->prefix));
    c->index_path =
        where->index_path ? arena_cstr(&c->arena, str_from(where->index_path)) : c->prefix;
    if (!c->prefix || !c->index_path) {
        return diag_no_memory(o->d);
    }
    errint rc = find_files(o, where);
    if (rc == 0) {
        rc = read_headers(o);
    }
    if (rc < 0) {
        return rc;
    }
    st_list_sort(&o->list);
    rc = check_names(o);
    if (rc == 0 && o->indexed) {
        rc = apply_index(o);
    }
    return rc < 0 ? rc : build_catalog(o);
}

errint st_open(const struct location *where, struct diag *d, struct catalog **out)
{
    *out = NULL;
    struct opening o = {.c = calloc(1, sizeof(*o.c)), .d = d};
    if (!o.c) {
        return diag_no_memory(d);
    }
    arena_init(&o.c->arena);
    errint rc = read_all(&o, where);
    catalog_build_fini(&o.build);
    st_list_fini(&o.list);
    st_index_fini(&o.index);
    if (rc < 0) {
        catalog_close(o.c);
        return rc;
    }
    *out = o.c;
    return 0;
}

/* ---- the driver ------------------------------------------------------------------------------ */

static uint64_t check_count(const struct catalog *c)
{
    return c->count;
}

/* There are no checksums: what would be checked is all of a tensor. */
static bool check_find(const struct catalog *c, const struct tensor *t,
                       const struct stored_slice *s, struct source_check *out)
{
    *out = (struct source_check){
        .number = (uint64_t)(t - c->tensors),
        .file = &c->shards[stored_shard(t, s)],
        .off = t->off,
        .bytes = t->bytes,
        .tensor = t,
    };
    return true;
}

static errint check_sum(const struct catalog *c, struct once_waiter *w,
                        const struct source_check *k, char *buf, struct source_meter *m,
                        uint32_t *found)
{
    (void)c;
    (void)w;
    (void)k;
    (void)buf;
    (void)m;
    *found = 0;
    return -ENOTSUP;
}

static const char *input(const struct catalog *c, uint32_t i)
{
    const struct st_state *state = c->state;
    if (c->index_count) {
        if (i == 0) {
            return c->index_path;
        }
        i--;
    }
    return i < state->count ? state->files[i].path : NULL;
}

const struct source_driver st_driver = {
    .name = LOCATION_SAFETENSORS,
    .no_checksums = true,
    .open = st_open,
    .check_count = check_count,
    .check_find = check_find,
    .check_sum = check_sum,
    .input = input,
};
