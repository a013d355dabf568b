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

static const struct slice_record *find_record(const struct bundle_slices *s, struct str key)
{
    uint32_t at = LOWER_BOUND(i, 0, s->count, str_cmp(s->records[i].key, key) < 0);
    return at < s->count && str_eq(s->records[at].key, key) ? &s->records[at] : NULL;
}

/* A slice as a tensor's record lists it. */
struct listed_slice {
    const int64_t *start;
    int64_t *len; /* -1: the whole axis, until fit_slice */
    unsigned rank;
};

/* A tensor that is being put together from the records of its slices. */
struct assembly {
    const struct bundle_slices *slices;
    struct str name;
    const struct bundle_entry *entry;
    struct catalog_build *build;
    struct slices *out; /* in both directions: what is wrong is noted in it */
};

/* out->what is "slice [0:4, 0:3]" and what is wrong with it. */
FORMAT(3, 4)
static void note_wrong(const struct assembly *a, const struct listed_slice *at, const char *fmt,
                       ...)
{
    CLEANUP_BUF struct buf text = {0};
    buf_text(&text, "slice ");
    slices_print(&text, at->start, at->len, at->rank);
    char words[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    buf_text(&text, words);
    a->out->what = text.failed ? NULL : arena_cstr(&a->build->c->arena, buf_view(&text));
}

/* A length that is not given becomes the whole axis. False if the slice leaves the shape. */
static bool fit_slice(const struct bundle_entry *e, const struct listed_slice *at)
{
    for (unsigned i = 0; i < e->rank; i++) {
        if (at->start[i] < 0 || at->start[i] > e->dims[i]) {
            return false;
        }
        int64_t left = e->dims[i] - at->start[i];
        at->len[i] = at->len[i] == -1 ? left : at->len[i];
        if (at->len[i] < 0 || at->len[i] > left) {
            return false;
        }
    }
    return true;
}

/* Whether the record of a slice is one of the tensor's, with as many bytes as *elements take. */
static errint check_record(const struct assembly *a, const struct listed_slice *at,
                           const struct slice_record *record, uint64_t *elements)
{
    const struct bundle_entry *e = a->entry;
    const struct shape shape = {at->len, (uint8_t)e->rank};
    bool strings = e->dtype == DTYPE_STRING;
    uint64_t bytes;
    if (record->dtype != e->dtype) {
        note_wrong(a, at, " is %s, the tensor is %s", dtype_name((unsigned)record->dtype),
                   dtype_name((unsigned)e->dtype));
        return -EBADMSG;
    }
    if (shape_elements(shape, elements) < 0 || shape_bytes(shape, (unsigned)e->dtype, &bytes) < 0) {
        note_wrong(a, at, " has more than 2^63 - 1 bytes");
        return -EBADMSG;
    }
    if (strings ? record->bytes < *elements : record->bytes != bytes) {
        note_wrong(a, at, " has %" PRIu64 " bytes, but %s %s takes %s%" PRIu64, record->bytes,
                   dtype_name((unsigned)e->dtype), shape_text(shape).text,
                   strings ? "at least " : "", strings ? *elements : bytes);
        return -EBADMSG;
    }
    return 0;
}

/* One slice, whose numbers as listed made `key`. */
static errint add_slice(const struct assembly *a, struct str key, const struct listed_slice *at,
                        struct stored_slice *out)
{
    const struct bundle_entry *e = a->entry;
    if (!fit_slice(e, at)) {
        note_wrong(a, at, " is not within the shape %s",
                   shape_text((struct shape){e->dims, (uint8_t)e->rank}).text);
        return -EBADMSG;
    }
    const struct slice_record *record = find_record(a->slices, key);
    if (!record) {
        if (a->out->fault == SLICES_WHOLE) {
            a->out->fault = SLICES_MISSING;
            note_wrong(a, at, " has no record");
        }
        return 0;
    }
    uint64_t elements;
    errint rc = check_record(a, at, record, &elements);
    if (rc < 0) {
        return rc;
    }
    *out = (struct stored_slice){at->start, at->len, record->off, record->shard, record->crc32c};
    if (e->dtype == DTYPE_STRING) {
        const struct strings_run run = {.elements = elements,
                                        .off = record->off,
                                        .bytes = record->bytes,
                                        .crc32c = record->crc32c};
        return catalog_build_strings(a->build, record->shard, &run, &out->off);
    }
    catalog_build_use(a->build, (unsigned)e->dtype, record->shard, record->off, record->bytes);
    return 0;
}

/* All slices, whose starts and lengths follow one another. */
static errint add_slices(const struct assembly *a, const int64_t *start, int64_t *len,
                         struct stored_slice *list)
{
    CLEANUP_BUF struct buf key = {0};
    uint32_t rank = a->entry->rank;
    for (uint32_t i = 0; i < a->entry->slice_count; i++) {
        const struct listed_slice at = {start + (size_t)i * rank, len + (size_t)i * rank, rank};
        key.len = 0;
        slice_key_encode(&key, a->name, at.start, at.len, rank);
        errint rc = key.failed ? -ENOMEM : add_slice(a, buf_view(&key), &at, &list[i]);
        if (rc < 0) {
            return rc;
        }
    }
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
                              struct slices *out)
{
    struct arena *a = &b->c->arena;
    int64_t *start;
    int64_t *len;
    unsigned axes;
    *out = (struct slices){.count = e->slice_count};
    errint rc = bundle_entry_slices(record, e, a, &start, &len, &axes);
    if (rc < 0) {
        out->what = bundle_slices_wrong(a, axes, e->rank);
        return rc;
    }
    struct stored_slice *list = ARENA_ARRAY(a, struct stored_slice, e->slice_count);
    if (!list) {
        return -ENOMEM;
    }
    const struct assembly assembly = {s, name, e, b, out};
    out->slices = list;
    rc = add_slices(&assembly, start, len, list);
    if (rc < 0 || out->fault) {
        return rc;
    }
    return slices_check(out, (struct shape){e->dims, (uint8_t)e->rank}, a);
}
