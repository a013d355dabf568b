/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/io_file.h"
#include "source/tf_v2/bundle.h"
#include "support/place.h"

unsigned char fake_byte(uint64_t i)
{
    return (unsigned char)((i * 2654435761u) >> 13 ^ i);
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(tensor_name(a), tensor_name(b));
}

/* A temporary file of `bytes` bytes, already without a name. */
static int data_file(uint64_t bytes)
{
    char path[] = "/tmp/ckptfs-fake-XXXXXX";
    int fd = mkstemp(path);
    assert(fd >= 0);
    unlink(path);
    unsigned char block[4096];
    for (uint64_t off = 0; off < bytes;) {
        size_t n = bytes - off < sizeof(block) ? (size_t)(bytes - off) : sizeof(block);
        for (size_t i = 0; i < n; i++) {
            block[i] = fake_byte(off + i);
        }
        ssize_t put = write(fd, block, n);
        assert(put == (ssize_t)n);
        off += n;
    }
    return fd;
}

static void hold(struct shard *s, int fd)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    errint rc = io_file_hold(s->io, path);
    assert(rc == 0);
    s->io->name = s->path;
    s->opened = true;
}

int fake_writable(struct catalog *c)
{
    uint64_t off;
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", io_backing(c->shards[0].io, 0, &off));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert(fd >= 0);
    return fd;
}

void fake_reopened(struct catalog *c)
{
    CLEANUP_CLOSE int fd = fake_writable(c);
    hold(&c->shards[0], fd);
}

struct catalog *fake_catalog(const struct fake_tensor *tensors, uint32_t count, int data)
{
    struct catalog *c = calloc(1, sizeof(*c));
    assert(c);
    arena_init(&c->arena);
    struct tensor *list = ARENA_ARRAY(&c->arena, struct tensor, count);
    uint64_t off = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct tensor *t = &list[i];
        int64_t *dims = ARENA_ARRAY(&c->arena, int64_t, 8);
        memcpy(dims, tensors[i].dims, sizeof(tensors[i].dims));
        *t = (struct tensor){.name_ptr = tensors[i].name,
                             .name_len = (uint32_t)strlen(tensors[i].name),
                             .dims = dims,
                             .rank = (uint8_t)tensors[i].rank,
                             .dtype = (uint8_t)tensors[i].dtype,
                             .hidden = (uint8_t)tensors[i].hidden,
                             .off = off};
        errint rc = shape_bytes(tensor_shape(t), t->dtype, &t->bytes);
        assert(rc == 0);
        off += t->bytes;
        c->hidden_count += t->hidden != TENSOR_SHOWN;
    }
    qsort(list, count, sizeof(*list), by_name);
    c->tensors = list;
    c->count = count;
    c->prefix = "fake";
    c->index_path = "fake.index";
    c->driver = &bundle_driver;
    c->format = "v2";
    c->plain_files = true;
    c->file_count = 1;
    c->shard_count = 1;
    c->shards = ARENA_NEW(&c->arena, struct shard);
    errint rc = shard_init(&c->shards[0], "fake.data-00000-of-00001", 0);
    assert(rc == 0);
    c->shards[0].need_bytes = off;
    if (data) {
        CLEANUP_CLOSE int fd = data_file(off);
        hold(&c->shards[0], fd);
    }
    return c;
}

void fake_close(struct catalog *c)
{
    catalog_close(c);
}

struct map *fake_map(const char *text)
{
    struct diag d;
    diag_init(&d);
    struct map *m = NULL;
    errint rc = map_parse(str_from(text), "map.ini", &d, &m);
    if (rc < 0) {
        fprintf(stderr, "%s\n%s", text, fake_dump(&d));
    }
    assert(rc == 0);
    diag_fini(&d);
    return m;
}

void fake_resolve(struct fake_resolved *r, const struct fake_tensor *tensors, uint32_t count,
                  const char *text)
{
    fake_resolved_close(r);
    r->catalog = fake_catalog(tensors, count, 0);
    r->map = fake_map(text);
    diag_init(&r->diag);
    r->rc = plan_resolve(r->catalog, r->map, &r->map->graph, false, &r->diag, &r->plan);
}

void fake_resolved_close(struct fake_resolved *r)
{
    if (r->catalog) {
        plan_close(r->plan);
        map_close(r->map);
        fake_close(r->catalog);
        diag_fini(&r->diag);
    }
    memset(r, 0, sizeof(*r));
}

int fake_has(const struct diag *d, enum diag_code code, const char *where, const char *words)
{
    for (unsigned i = 0; i < d->kept; i++) {
        const struct diag_entry *e = &d->entries[i];
        if (e->code == code && strcmp(place_text(e->at), where) == 0 && strstr(e->message, words)) {
            return 1;
        }
    }
    fprintf(stderr, "no %s at %s with '%s' in:\n%s", diag_code_name(code), where, words,
            fake_dump(d));
    return 0;
}

const char *fake_dump(const struct diag *d)
{
    static char text[65536];
    size_t len = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < d->kept && len < sizeof(text) - 1024; i++) {
        const struct diag_entry *e = &d->entries[i];
        len += (size_t)snprintf(text + len, sizeof(text) - len, "  %s %s: %.800s (%u near)\n",
                                diag_code_name(e->code), place_text(e->at), e->message,
                                e->nearest_count);
    }
    return text;
}
