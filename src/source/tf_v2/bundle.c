/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/bundle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/cleanup.h"
#include "source/catalog_build.h"
#include "source/tf/check_table.h"
#include "source/tf/slice_key.h"
#include "source/tf_v2/bundle_checks.h"
#include "source/tf_v2/bundle_parts.h"
#include "source/tf_v2/bundle_pb.h"
#include "source/tf_v2/bundle_shards.h"
#include "source/tf_v2/bundle_slices.h"
#include "source/tf_v2/objects.h"
#include "tensor/dtype.h"

enum { BAD_RECORDS_FEW = 100, COMPONENTS_MOST = 512, TENSORS_MOST = 16 << 20 };

struct reader {
    struct catalog *c;
    struct diag *d;
    struct arena scratch; /* one record at a time */
    struct catalog_build build;
    struct bundle_slices slices;
    struct bundle_parts in;
    const struct bundle_part *part; /* of the record at hand */
    struct bundle_entry entry; /* of the record at hand: dtype and shape, once they were found to be
                                  right; else zero */
    const char *fault; /* of the record at hand, from record_fault; in the catalog's arena */
    unsigned bad_records;
    errint rc; /* of the first record that passes a limit */
};

#define BAD(r, name, ...)                                                                          \
    diag_error((r)->d, DIAG_CHECKPOINT_CORRUPT, (r)->part->index_path, (name), __VA_ARGS__)

/* A record that contradicts itself: its tensor cannot be shown, and the others can. -EBADMSG. */
FORMAT(2, 3) static errint record_fault(struct reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    CLEANUP_FREE char *text = NULL;
    int len = vasprintf(&text, fmt, args);
    va_end(args);
    r->fault = len < 0 ? NULL : arena_cstr(&r->c->arena, str_from(text));
    return r->fault ? -EBADMSG : diag_no_memory(r->d);
}

/* Whether a record is that of a slice, and no tensor's. */
static bool is_slice(struct str key)
{
    return key.len && key.ptr[0] == '\0' && slice_key_valid(key);
}

static errint check_name(struct reader *r, struct str name)
{
    unsigned components = 1;
    for (size_t i = 0; name.len >= COMPONENTS_MOST && i < name.len; i++) {
        components += name.ptr[i] == '/';
    }
    if (components > COMPONENTS_MOST) {
        return diag_error(r->d, DIAG_LIMIT, r->part->index_path, name,
                          "the name has %u components, the limit is %d", components,
                          COMPONENTS_MOST);
    }
    return 0;
}

/* Rank, signs and products; *bytes is what elements of fixed size take. */
static errint check_shape(struct reader *r, const struct bundle_entry *e, uint64_t *bytes)
{
    *bytes = 0;
    if (e->rank > SHAPE_RANK_MOST) {
        return record_fault(r, "its shape has %u dimensions, expected at most %d", e->rank,
                            SHAPE_RANK_MOST);
    }
    struct shape shape = {e->dims, (uint8_t)e->rank};
    for (uint32_t i = 0; i < e->rank; i++) {
        if (e->dims[i] < 0) {
            return record_fault(r, "dimension %u of its shape is %" PRId64 ", expected 0 or more",
                                i, e->dims[i]);
        }
    }
    uint64_t elements;
    unsigned dtype = dtype_known((uint64_t)e->dtype) ? (unsigned)e->dtype : DTYPE_INVALID;
    if (shape_elements(shape, &elements) < 0 || shape_bytes(shape, dtype, bytes) < 0) {
        return record_fault(r, "its shape %s takes more than 2^63 - 1 %s", shape_text(shape).text,
                            shape_elements(shape, &elements) < 0 ? "elements" : "bytes");
    }
    return 0;
}

static errint complain_strings(struct reader *r, struct str name)
{
    return diag_error(r->d, DIAG_LIMIT, r->part->index_path, name,
                      "with it, string tensors have more than 2^63 - 1 elements");
}

/* Where its bytes lie. */
static errint check_place(struct reader *r, const struct bundle_entry *e)
{
    if (e->offset < 0 || e->size < 0) {
        return record_fault(r, "offset %" PRId64 " and size %" PRId64 ", expected 0 or more",
                            e->offset, e->size);
    }
    if (e->offset > INT64_MAX - e->size) {
        return record_fault(r, "offset %" PRId64 " and size %" PRId64 " together pass 2^63 - 1",
                            e->offset, e->size);
    }
    if (e->shard_id < 0 || e->shard_id >= r->part->header.num_shards) {
        return record_fault(r, "shard %" PRId64 ", but the header says %u shards", e->shard_id,
                            (unsigned)r->part->header.num_shards);
    }
    return 0;
}

/* A string tensor: each element has a length, of a byte at least. */
static errint take_strings(struct reader *r, struct str name, const int64_t *dims, struct tensor *t)
{
    uint64_t elements;
    struct shape shape = {dims, t->rank};
    if (shape_elements(shape, &elements) < 0 || t->bytes < elements) {
        return record_fault(r,
                            "its size is %" PRIu64 " bytes, but string %s takes at least %" PRIu64,
                            t->bytes, shape_text(shape).text, elements);
    }
    const struct strings_run run = {
        .elements = elements, .off = t->off, .bytes = t->bytes, .crc32c = t->crc32c};
    errint rc = catalog_build_strings(&r->build, t->shard, &run, &t->off);
    if (rc == -EOVERFLOW) {
        return complain_strings(r, name);
    }
    return rc < 0 ? diag_no_memory(r->d) : 0;
}

/* A tensor that is stored in slices: from the records that came before. */
static errint take_slices(struct reader *r, struct str key, struct str value,
                          const struct bundle_entry *e, struct tensor *t)
{
    struct slices slices;
    errint rc = bundle_slices_assemble(&r->slices, key, value, e, &r->build, &slices);
    if (rc == -EBADMSG) {
        return record_fault(r, "%s",
                            slices.what ? slices.what : "its slices are not as they must be");
    }
    if (rc == -EOVERFLOW) {
        return diag_error(r->d, DIAG_LIMIT, r->part->index_path, key,
                          "its %u slices are too many, or too entangled, to be put together",
                          e->slice_count);
    }
    if (rc < 0 || catalog_build_slices(&r->build, &slices, &t->off) < 0) {
        return diag_no_memory(r->d);
    }
    t->sliced = 1;
    if (slices.fault) {
        t->hidden = slices.fault == SLICES_MISSING ? TENSOR_SLICES_MISSING : TENSOR_SLICES_OVERLAP;
    }
    for (uint32_t i = 0;
         t->dtype == DTYPE_STRING && slices.fault != SLICES_MISSING && i < slices.count; i++) {
        uint64_t bytes = catalog_build_strings_bytes(&r->build, slices.slices[i].off);
        t->bytes = bytes > UINT64_MAX - t->bytes ? UINT64_MAX : t->bytes + bytes;
    }
    return 0;
}

/* One slice that is all of its tensor, without saying how long, is no slice: TensorFlow reads the
 * record as any other. */
static errint take_whole_slice(struct reader *r, struct str value, struct bundle_entry *e)
{
    int64_t *start;
    int64_t *len;
    unsigned axes;
    errint rc = bundle_entry_slices(value, e, &r->scratch, &start, &len, &axes);
    if (rc == -ENOMEM) {
        return diag_no_memory(r->d);
    }
    bool whole = rc == 0;
    for (uint32_t i = 0; whole && i < e->rank; i++) {
        whole = start[i] == 0 && len[i] == -1;
    }
    if (whole) {
        e->slice_count = 0;
    } else if (rc < 0) {
        return record_fault(r, "%s", bundle_slices_wrong(&r->scratch, axes, e->rank));
    }
    return 0;
}

/* The record as it stands, whatever its numbers are. */
static errint decode_record(struct reader *r, struct str key, struct str value,
                            struct bundle_entry *e)
{
    errint rc = bundle_entry_decode(value, &r->scratch, e);
    if (rc == -ENOMEM) {
        return diag_no_memory(r->d);
    }
    if (rc == -EOVERFLOW) {
        return diag_error(r->d, DIAG_LIMIT, r->part->index_path, key,
                          "its record of %zu bytes is too big to decode: the limits are 4 KiB and "
                          "64 fields beside "
                          "shape and slices, and 1 Mi slices",
                          value.len);
    }
    if (rc < 0) {
        return record_fault(r, "its record of %zu bytes is not a BundleEntryProto", value.len);
    }
    return 0;
}

/* Where a tensor, or a slice, that is stored as a whole lies. t->bytes is what its shape takes, and
 * then what is stored. */
static errint take_place(struct reader *r, struct bundle_entry *e, struct tensor *t)
{
    errint rc = check_place(r, e);
    if (rc < 0) {
        return rc;
    }
    if (dtype_bytes(t->dtype) && (uint64_t)e->size != t->bytes) {
        return record_fault(r, "its size is %" PRId64 " bytes, but %s %s takes %" PRIu64, e->size,
                            dtype_name(t->dtype), shape_text((struct shape){e->dims, t->rank}).text,
                            t->bytes);
    }
    e->shard_id += r->part->first_shard;
    t->off = (uint64_t)e->offset;
    t->bytes = (uint64_t)e->size;
    t->shard = (uint32_t)e->shard_id;
    t->crc32c = t->dtype != DTYPE_INVALID ? e->crc32c : t->crc32c;
    return 0;
}

/* What of a tensor needs no look at where it lies. */
static struct tensor tensor_of(const struct reader *r, const struct bundle_entry *e, uint64_t bytes)
{
    bool known = dtype_known((uint64_t)e->dtype);
    return (struct tensor){
        .bytes = bytes,
        .shard = TENSOR_NO_SHARD,
        .crc32c = known ? 0 : (uint32_t)e->dtype,
        .dtype = known ? (uint8_t)e->dtype : DTYPE_INVALID,
        .rank = (uint8_t)e->rank,
        .hidden = (uint8_t)tensor_hidden_dtype(e->dtype),
        /* What the checksum of a big-endian machine's variants is over is not known. */
        .no_crc = !known || (e->dtype == DTYPE_VARIANT && r->build.big_endian),
    };
}

static errint add_tensor(struct reader *r, struct str key, struct str value,
                         const struct bundle_entry *e, struct tensor *t)
{
    errint rc = 0;
    if (e->slice_count && t->hidden == TENSOR_SHOWN) {
        rc = take_slices(r, key, value, e, t);
    } else if (!e->slice_count && t->dtype == DTYPE_STRING) {
        rc = take_strings(r, key, e->dims, t);
    }
    if (rc < 0) {
        return rc;
    }
    return catalog_build_add(&r->build, key, e->dims, t) < 0 ? diag_no_memory(r->d) : 0;
}

/* A record that is no header: checked, and added unless it is a slice. */
static errint take_record(struct reader *r, struct str key, struct str value)
{
    struct bundle_entry e;
    uint64_t bytes;
    errint rc = decode_record(r, key, value, &e);
    if (rc < 0 || (rc = check_name(r, key)) < 0 || (rc = check_shape(r, &e, &bytes)) < 0) {
        return rc;
    }
    r->entry = e;
    struct tensor t = tensor_of(r, &e, bytes);
    if (e.slice_count == 1 && (rc = take_whole_slice(r, value, &e)) < 0) {
        return rc;
    }
    /* TensorFlow leaves noise in the other fields of a tensor that is stored in slices. */
    if (e.slice_count == 0 && (rc = take_place(r, &e, &t)) < 0) {
        return rc;
    }
    if (is_slice(key)) {
        r->c->slice_records++;
        return bundle_slices_add(&r->slices, key, &e) < 0 ? diag_no_memory(r->d) : 0;
    }
    return add_tensor(r, key, value, &e, &t);
}

/* The tensor of a record that contradicts itself is listed, with the reason, and not shown. A slice
 * that does so is missing in its tensor. */
static errint hide_record(struct reader *r, struct str key)
{
    bool slice = is_slice(key);
    struct tensor t = {
        .shard = TENSOR_NO_SHARD,
        .off = (uintptr_t)r->fault,
        .dtype = dtype_known((uint64_t)r->entry.dtype) ? (uint8_t)r->entry.dtype : DTYPE_INVALID,
        .rank = (uint8_t)r->entry.rank,
        .hidden = TENSOR_RECORD_BAD,
        .no_crc = 1,
    };
    diag_warn(r->d, DIAG_CHECKPOINT_CORRUPT, r->part->index_path, key,
              "%s '%s' cannot be shown: %s", slice ? "a slice" : "tensor",
              diag_visible(r->d, str_head(key, 200)), r->fault);
    if (slice) {
        return 0;
    }
    return catalog_build_add(&r->build, key, r->entry.dims, &t) < 0 ? diag_no_memory(r->d) : 0;
}

static errint take_or_hide(struct reader *r, struct str key, struct str value)
{
    r->entry = (struct bundle_entry){0};
    errint rc = take_record(r, key, value);
    if (rc != -EBADMSG) {
        return rc;
    }
    r->bad_records++;
    return hide_record(r, key);
}

/* Some tensors of other writers contradict themselves. Where most do, it is the index that is
 * wrong. */
static errint check_most_are_good(struct reader *r)
{
    uint64_t all = (uint64_t)r->c->count + r->c->slice_records;
    if (r->bad_records <= BAD_RECORDS_FEW || r->bad_records <= all / 2) {
        return 0;
    }
    return BAD(r, STR(""), "%u of %" PRIu64 " records contradict themselves", r->bad_records, all);
}

/* All records after the header. One that passes a limit does not stop the others from being
 * checked. */
static errint read_records(struct reader *r)
{
    struct str key;
    struct str value;
    int got;
    while ((got = bundle_parts_next(&r->in, &key, &value, &r->part)) > 0) {
        if (r->c->count == TENSORS_MOST) {
            return diag_error(r->d, DIAG_LIMIT, r->c->index_path, STR(""), "more than %d tensors",
                              TENSORS_MOST);
        }
        arena_reset(&r->scratch);
        errint rc = take_or_hide(r, key, value);
        if (rc == -ENOMEM) {
            return rc;
        }
        if (r->rc == 0) {
            r->rc = rc;
        }
    }
    if (got < 0 || r->rc < 0) {
        return got < 0 ? got : r->rc;
    }
    return check_most_are_good(r);
}

static errint read_index(struct reader *r)
{
    struct catalog *c = r->c;
    c->file_count = r->in.shards;
    if (catalog_build_init(&r->build, c) < 0) {
        return diag_no_memory(r->d);
    }
    r->build.big_endian = r->in.parts[0].header.big_endian;
    r->build.data_paths = r->in.apart ? bundle_parts_paths(&r->in, &c->arena) : NULL;
    if (r->in.apart && !r->build.data_paths) {
        return diag_no_memory(r->d);
    }
    errint rc = read_records(r);
    if (rc < 0) {
        return rc;
    }
    return catalog_build_finish(&r->build) < 0 ? diag_no_memory(r->d) : 0;
}

/* The indexes that were read. */
static errint keep_indexes(struct reader *r)
{
    struct catalog *c = r->c;
    struct catalog_index *indexes = ARENA_ARRAY(&c->arena, struct catalog_index, r->in.count);
    for (uint32_t i = 0; indexes && i < r->in.count; i++) {
        indexes[i] = (struct catalog_index){r->in.parts[i].index_path, *r->in.parts[i].io->st};
    }
    if (!indexes) {
        return diag_no_memory(r->d);
    }
    c->indexes = indexes;
    c->index_count = r->in.count;
    c->index_path = indexes[0].path;
    c->index_st = indexes[0].st;
    return 0;
}

static errint open_index(struct reader *r, const struct location *where)
{
    struct catalog *c = r->c;
    c->driver = &bundle_driver;
    c->format = "v2";
    c->plain_files = true;
    c->prefix = arena_cstr(&c->arena, str_from(where->prefix));
    if (!c->prefix) {
        return diag_no_memory(r->d);
    }
    errint rc = bundle_parts_open(where, c, r->d, &r->in);
    if (rc < 0 || (rc = keep_indexes(r)) < 0 || (rc = read_index(r)) < 0) {
        return rc;
    }
    if (!r->in.apart && bundle_shards_recount(c, r->d) < 0) {
        return diag_no_memory(r->d);
    }
    return objects_load(c, r->d);
}

errint bundle_open(const struct location *where, struct diag *d, struct catalog **out)
{
    *out = NULL;
    struct reader r = {.c = calloc(1, sizeof(*r.c)), .d = d};
    if (!r.c) {
        return diag_no_memory(d);
    }
    arena_init(&r.c->arena);
    arena_init(&r.scratch);
    bundle_slices_init(&r.slices);
    errint rc = open_index(&r, where);
    catalog_build_fini(&r.build);
    bundle_slices_fini(&r.slices);
    bundle_parts_close(&r.in);
    arena_fini(&r.scratch);
    if (rc < 0) {
        catalog_close(r.c);
        return rc;
    }
    *out = r.c;
    return 0;
}

static const char *input(const struct catalog *c, uint32_t i)
{
    return i < c->index_count ? c->indexes[i].path : NULL;
}

const struct source_driver bundle_driver = {
    .name = LOCATION_V2,
    .open = bundle_open,
    .check_count = bundle_check_count,
    .check_find = bundle_check_find,
    .check_sum = bundle_check_sum,
    .input = input,
    .check_input = tf_check_table,
};
