/* SPDX-License-Identifier: Apache-2.0 */
#include "source/catalog.h"

#include "tensor/dtype.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/lower_bound.h"
#include "io/file.h"
#include "source/source.h"
#include "source/tf/strings.h"

bool tensor_agrees(const struct tensor *a, const struct tensor *b)
{
    bool summed = !a->no_crc && !b->no_crc && !a->sliced && !b->sliced && !a->hidden && !b->hidden;
    return summed && a->dtype == b->dtype && a->bytes == b->bytes && a->crc32c == b->crc32c &&
           shape_eq(tensor_shape(a), tensor_shape(b));
}

enum tensor_hidden tensor_hidden_dtype(int64_t dtype)
{
    if (!dtype_known((uint64_t)dtype)) {
        return TENSOR_DTYPE_UNKNOWN;
    }
    switch (dtype) {
    case DTYPE_RESOURCE:
        return TENSOR_RESOURCE;
    case DTYPE_VARIANT:
        return TENSOR_VARIANT;
    default:
        return TENSOR_SHOWN;
    }
}

const char *tensor_hidden_reason(const struct tensor *t)
{
    static _Thread_local char unknown[40];
    switch ((enum tensor_hidden)t->hidden) {
    case TENSOR_SHOWN:
        return NULL;
    case TENSOR_SLICES_MISSING:
        return "the slices that are stored of it do not cover it";
    case TENSOR_SLICES_OVERLAP:
        return "the slices that are stored of it overlap";
    case TENSOR_RESOURCE:
        return "resource tensors have no bytes to show";
    case TENSOR_VARIANT:
        return "variant tensors have no bytes to show";
    case TENSOR_DTYPE_UNKNOWN:
        snprintf(unknown, sizeof(unknown), "its dtype %" PRId32 " is not known",
                 (int32_t)t->crc32c);
        return unknown;
    case TENSOR_NOT_IN_V1:
        return "V1 checkpoints have no values of its dtype";
    case TENSOR_BLOCK_TOO_LARGE:
        return "unsupported: its values are in a compressed block of more than 256 MiB";
    case TENSOR_UNSUPPORTED:
    case TENSOR_RECORD_BAD:
        return (const char *)(uintptr_t)t->off;
    }
    return "it cannot be shown";
}

/* The position of the first tensor whose name is not below `s`, or, with `past`, of the first above
 * all names that start with `s`. */
static uint32_t find_bound(const struct catalog *c, struct str s, bool past)
{
    return LOWER_BOUND(i, 0, c->count,
                       str_cmp(tensor_name(&c->tensors[i]), s) < 0 ||
                           (past && str_starts(tensor_name(&c->tensors[i]), s)));
}

const struct tensor *catalog_find(const struct catalog *c, struct str name)
{
    uint32_t at = find_bound(c, name, false);
    return at < c->count && str_eq(tensor_name(&c->tensors[at]), name) ? &c->tensors[at] : NULL;
}

const struct tensor *catalog_find_next(const struct catalog *c, struct str name, uint32_t *next)
{
    bool here = *next < c->count && str_eq(tensor_name(&c->tensors[*next]), name);
    const struct tensor *t = here ? &c->tensors[*next] : catalog_find(c, name);
    *next = t ? (uint32_t)(t - c->tensors) + 1 : *next;
    return t;
}

uint32_t catalog_prefix(const struct catalog *c, struct str prefix, uint32_t *first)
{
    *first = find_bound(c, prefix, false);
    return find_bound(c, prefix, true) - *first;
}

void catalog_use_range(struct catalog *c, uint32_t shard, uint64_t off, uint64_t bytes)
{
    struct shard *file = shard_file(&c->shards[shard]);
    c->shards[shard].used = true;
    if (bytes && file->used_bytes < off + bytes) {
        file->used_bytes = off + bytes;
    }
}

void catalog_use(struct catalog *c, const struct tensor *t, const struct stored_slice *s)
{
    uint32_t shard = s ? s->shard : t->shard;
    uint64_t off = s ? s->off : t->off;
    uint64_t bytes = t->bytes;
    const struct strings_run *run;
    if (shard_file(&c->shards[shard])->known) {
        bytes = 0; /* the file has to be what it was when it was read: no length is asked for */
    } else if (t->dtype == DTYPE_STRING &&
               (run = strings_run_at(c->shards[shard].io, off)) != NULL) {
        off = run->off;
        bytes = run->bytes;
    } else if (s && shape_bytes((struct shape){s->len, t->rank}, t->dtype, &bytes) < 0) {
        bytes = 0; /* cannot be: the reader has checked that it fits */
    }
    catalog_use_range(c, shard, off, bytes);
}

void catalog_use_nothing(struct catalog *c)
{
    for (uint32_t i = 0; i < c->shard_count; i++) {
        c->shards[i].used = false;
        c->shards[i].used_bytes = 0;
    }
}

void catalog_use_all(struct catalog *c)
{
    for (uint32_t i = 0; i < c->shard_count; i++) {
        c->shards[i].used = true;
        c->shards[i].used_bytes = c->shards[i].need_bytes;
    }
}

void catalog_use_files(struct catalog *c)
{
    for (uint32_t i = 0; i < c->shard_count; i++) {
        if (c->shards[i].used) {
            shard_file(&c->shards[i])->used = true;
        }
    }
}

/* A data file may lack what is not read. */
static void warn_short(const struct shard *s, struct diag *d)
{
    if (s->opened && !s->base && s->io->size < s->need_bytes) {
        diag_warn(d, DIAG_SHARD_UNUSED, s->path, str_from(s->path),
                  "the data file has %" PRIu64 " bytes, its tensors need %" PRIu64
                  ": it is cut short, but nothing that is shown needs the rest",
                  s->io->size, s->need_bytes);
    }
}

errint catalog_open_shards(struct catalog *c, struct diag *d)
{
    errint first = 0;
    catalog_use_files(c);
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        struct stat st;
        errint rc;
        if (s->used) {
            rc = shard_open(s, d);
            first = first_failure(first, rc);
            warn_short(s, d);
        } else if (!s->base && (rc = file_stat(s->path, &st)) < 0) {
            diag_warn(d, DIAG_SHARD_UNUSED, s->path, str_from(s->path),
                      "the data file cannot be found (%s), but nothing that is shown needs it",
                      file_why(d, rc));
        }
    }
    return first;
}

/* What a checkpoint has besides shards. */
static void free_catalog(struct catalog *c)
{
    if (c->driver && c->driver->close && !c->member_count) {
        c->driver->close(c);
    }
    free(c->tensors_block);
    arena_fini(&c->arena);
    free(c);
}

void catalog_close(struct catalog *c)
{
    if (!c) {
        return;
    }
    for (uint32_t i = 0; i < c->shard_count; i++) {
        shard_close(&c->shards[i]);
    }
    for (uint32_t i = 0; i < c->member_count; i++) {
        free_catalog(c->members[i]); /* its shards are among those */
    }
    free_catalog(c);
}
