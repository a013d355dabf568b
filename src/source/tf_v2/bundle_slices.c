/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/bundle_slices.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/grow.h"
#include "base/lower_bound.h"
#include "source/tf/slice_key.h"
#include "tensor/dtype.h"

struct slice_record {
    struct str key;
    uint64_t off;
    uint64_t bytes;
    uint32_t shard;
    uint32_t crc32c;
    int64_t dtype;
};

void bundle_slices_init(struct bundle_slices *s)
{
    *s = (struct bundle_slices){0};
    arena_init(&s->arena);
}

void bundle_slices_fini(struct bundle_slices *s)
{
    free(s->records);
    arena_fini(&s->arena);
}

errint bundle_slices_add(struct bundle_slices *s, struct str key, const struct bundle_entry *e)
{
    struct str copy = arena_str(&s->arena, key);
    if (!copy.ptr || !grow(&s->records, &s->cap, s->count, sizeof(*s->records))) {
        return -ENOMEM;
    }
    s->records[s->count++] = (struct slice_record){
        .key = copy,
        .off = (uint64_t)e->offset,
        .bytes = (uint64_t)e->size,
        .shard = (uint32_t)e->shard_id,
        .crc32c = e->crc32c,
        .dtype = e->dtype,
    };
    return 0;
}

static const struct slice_record *find(const struct bundle_slices *s, struct str key)
{
    uint32_t at = LOWER_BOUND(i, 0, s->count, str_cmp(s->records[i].key, key) < 0);
    return at < s->count && str_eq(s->records[at].key, key) ? &s->records[at] : NULL;
}

/* "slice [0:4, 0:3]" and what is wrong with it, in the arena. */
FORMAT(5, 6)
static const char *tell(struct arena *a, const int64_t *start, const int64_t *len, unsigned rank,
                        const char *fmt, ...)
{
    CLEANUP_BUF struct buf text = {0};
    buf_text(&text, "slice ");
    slices_print(&text, start, len, rank);
    char words[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    buf_text(&text, words);
    return text.failed ? NULL : arena_cstr(a, buf_view(&text));
}

/* A length that is not given is the whole axis. False if the slice leaves the shape. */
static bool fit(const struct bundle_entry *e, const int64_t *start, int64_t *len)
{
    for (unsigned i = 0; i < e->rank; i++) {
        if (start[i] < 0 || start[i] > e->dims[i]) {
            return false;
        }
        len[i] = len[i] == -1 ? e->dims[i] - start[i] : len[i];
        if (len[i] < 0 || len[i] > e->dims[i] - start[i]) {
            return false;
        }
    }
    return true;
}

/* One slice, whose numbers as listed made `key`. */
static errint take(const struct bundle_slices *s, struct str key, const struct bundle_entry *e,
                   const int64_t *start, int64_t *len, struct catalog_build *b,
                   struct stored_slice *out, struct slices *all, const char **why)
{
    struct arena *a = &b->c->arena;
    if (!fit(e, start, len)) {
        *why = tell(a, start, len, e->rank, " is not within the shape %s",
                    shape_text((struct shape){e->dims, (uint8_t)e->rank}).text);
        return -EBADMSG;
    }
    const struct slice_record *record = find(s, key);
    if (!record) {
        if (all->fault == SLICES_WHOLE) {
            all->fault = SLICES_MISSING;
            all->what = tell(a, start, len, e->rank, " has no record");
        }
        return 0;
    }
    struct shape shape = {len, (uint8_t)e->rank};
    bool strings = e->dtype == DTYPE_STRING;
    uint64_t bytes;
    uint64_t elements;
    if (record->dtype != e->dtype) {
        *why = tell(a, start, len, e->rank, " is %s, the tensor is %s",
                    dtype_name((unsigned)record->dtype), dtype_name((unsigned)e->dtype));
        return -EBADMSG;
    }
    if (shape_elements(shape, &elements) < 0 ||
        shape_bytes(shape, (unsigned)e->dtype, &bytes) < 0) {
        *why = tell(a, start, len, e->rank, " has more than 2^63 - 1 bytes");
        return -EBADMSG;
    }
    if (strings ? record->bytes < elements : record->bytes != bytes) {
        *why = tell(a, start, len, e->rank, " has %" PRIu64 " bytes, but %s %s takes %s%" PRIu64,
                    record->bytes, dtype_name((unsigned)e->dtype), shape_text(shape).text,
                    strings ? "at least " : "", strings ? elements : bytes);
        return -EBADMSG;
    }
    *out = (struct stored_slice){start, len, record->off, record->shard, record->crc32c};
    if (strings) {
        return catalog_build_strings(b, record->shard, record->off, record->bytes, elements,
                                     record->crc32c, &out->off);
    }
    catalog_build_use(b, (unsigned)e->dtype, record->shard, record->off, record->bytes);
    return 0;
}

const char *bundle_slices_wrong(struct arena *a, unsigned axes, unsigned rank)
{
    const char *words =
        axes == rank ? "a slice that it lists is not a TensorSliceProto"
                     : arena_printf(a, "a slice that it lists has rank %u, its shape has rank %u",
                                    axes, rank);
    return words ? words : "a slice that it lists has another rank";
}

errint bundle_slices_assemble(const struct bundle_slices *s, struct str name, struct str record,
                              const struct bundle_entry *e, struct catalog_build *b,
                              struct slices *out, const char **why)
{
    *why = NULL;
    struct arena *a = &b->c->arena;
    int64_t *start;
    int64_t *len;
    *out = (struct slices){.count = e->slice_count};
    unsigned axes;
    errint rc = bundle_entry_slices(record, e, a, &start, &len, &axes);
    if (rc < 0) {
        *why = bundle_slices_wrong(a, axes, e->rank);
        return rc;
    }
    struct stored_slice *list = ARENA_ARRAY(a, struct stored_slice, e->slice_count);
    if (!list) {
        return -ENOMEM;
    }
    CLEANUP_BUF struct buf key = {0};
    for (uint32_t i = 0; rc == 0 && i < e->slice_count; i++) {
        key.len = 0;
        slice_key_encode(&key, name, start + (size_t)i * e->rank, len + (size_t)i * e->rank,
                         e->rank);
        rc = key.failed ? -ENOMEM
                        : take(s, buf_view(&key), e, start + (size_t)i * e->rank,
                               len + (size_t)i * e->rank, b, &list[i], out, why);
    }
    out->slices = list;
    return rc < 0 || out->fault ? rc
                                : slices_check(out, (struct shape){e->dims, (uint8_t)e->rank}, a);
}
