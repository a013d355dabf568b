/* SPDX-License-Identifier: Apache-2.0 */
#include "support/opened.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/dtype.h"

static void open_in(struct opened *o, const char *checkpoint, const char *map, bool unlooked)
{
    const char *path = map ? tmpdir_path(&o->dir, "map.ini") : NULL;
    if (path) {
        mk_write_file(path, map, strlen(map));
    }
    diag_init(&o->diag);
    struct view_request request = {
        .checkpoint = checkpoint, .map = path, .depth = VIEW_DATA, .no_spot_check = unlooked};
    o->rc = view_open(&request, &o->diag, &o->view);
    if (o->rc < 0) {
        for (unsigned i = 0; i < o->diag.kept; i++) {
            fprintf(stderr, "%s\n", o->diag.entries[i].message);
        }
    }
    assert(o->rc == 0);
}

void opened_view(struct opened *o, const char *checkpoint, const char *map)
{
    tmpdir_make(&o->dir);
    open_in(o, checkpoint, map, false);
}

void opened_unlooked(struct opened *o, const char *checkpoint, const char *map)
{
    tmpdir_make(&o->dir);
    open_in(o, checkpoint, map, true);
}

void opened_golden(struct opened *o, const char *name, const char *map)
{
    snprintf(o->golden, sizeof(o->golden), "tests/golden/%s", name);
    opened_view(o, o->golden, map);
}

void opened_made(struct opened *o, struct mkckpt *tensors, const char *map)
{
    tmpdir_make(&o->dir);
    const char *prefix = tmpdir_path(&o->dir, "made.ckpt");
    mkckpt_write(tensors, prefix);
    mkckpt_free(tensors);
    open_in(o, prefix, map, false);
}

void opened_close(struct opened *o)
{
    view_close(&o->view);
    diag_fini(&o->diag);
    tmpdir_remove(&o->dir);
}

void opened_add(struct mkckpt *c, const char *name, unsigned dtype, unsigned rank,
                const int64_t *dims, unsigned shard)
{
    uint64_t bytes;
    errint rc = shape_bytes((struct shape){dims, (uint8_t)rank}, dtype, &bytes);
    assert(rc == 0);
    unsigned char *data = malloc(bytes + 1);
    assert(data);
    for (uint64_t i = 0; i < bytes; i++) {
        data[i] = (unsigned char)(c->count * 31 + i);
    }
    mkckpt_tensor(c, name, dtype, rank, dims, shard, data, bytes);
    free(data);
}

struct view_variable opened_find(const struct opened *o, const char *name)
{
    struct variable_cursor at = variable_first(&o->view.variables);
    struct view_variable l;
    while (variable_next(&at, &l)) {
        if (str_eq(variable_name(&l), str_from(name))) {
            return l;
        }
    }
    fprintf(stderr, "no variable %s\n", name);
    abort();
}

char *opened_bytes(const struct opened *o, const struct layout *l)
{
    struct reader reader = view_reader(&o->view);
    char *all = malloc(l->size + 1);
    assert(all);
    size_t len = 1;
    for (uint64_t off = 0; off < l->size; len = len % 40000 * 3 + 1) {
        size_t want = l->size - off < len ? (size_t)(l->size - off) : len;
        ssize_t got = layout_read(l, &reader, off, len, all + off);
        assert(got == (ssize_t)want);
        off += want;
    }
    ssize_t more = layout_read(l, &reader, l->size, 1, all);
    assert(more == 0);
    reader_fini(&reader);
    return all;
}

char *opened_target(const struct opened *o, const struct target *t, size_t *bytes)
{
    struct reader reader = view_reader(&o->view);
    struct extent own;
    struct layout l;
    errint rc = layout_of_target(&reader, t, &own, &l);
    assert(rc == 0);
    reader_fini(&reader);
    *bytes = l.size;
    return opened_bytes(o, &l);
}
