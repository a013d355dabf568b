/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v1/tf_v1_read.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/grow.h"
#include "io/file.h"
#include "io/io_file.h"
#include "source/tf/slice_decode.h"
#include "source/tf_v1/tf_v1_scan.h"
#include "tensor/dtype.h"

#define BAD(r, file, name, ...)                                                                    \
    diag_error((r)->d, DIAG_CHECKPOINT_CORRUPT, (file)->path, (name), __VA_ARGS__)

errint tf_v1_note_bad(struct tf_v1_reader *r, errint rc)
{
    if (rc == 0 || rc == -ENOMEM) {
        return rc;
    }
    if (r->rc == 0) {
        r->rc = rc;
    }
    return ++r->bad < TF_V1_BAD_MOST ? 0 : rc;
}

struct shape tf_v1_slice_shape(const struct tf_v1_tensor *t, const struct tf_v1_slice *s,
                               int64_t dims[SHAPE_RANK_MOST])
{
    for (uint32_t i = 0; i < s->rank; i++) {
        dims[i] = s->len[i] < 0 ? t->dims[i] : s->len[i];
    }
    return (struct shape){dims, (uint8_t)s->rank};
}

/* What the walker found wrong. */
static errint complain_wire(struct tf_v1_reader *r, const struct tf_v1_file *f, struct str name,
                            errint rc, const struct wire *w, bool packed)
{
    if (rc == -ENOMEM) {
        return diag_no_memory(r->d);
    }
    enum diag_code code = DIAG_CHECKPOINT_CORRUPT;
    if (rc == -EOVERFLOW || rc == -EIO) {
        code = rc == -EIO ? DIAG_FILE_UNREADABLE : DIAG_LIMIT;
    }
    return diag_error(r->d, code, f->path, name, "at byte %" PRIu64 "%s: %s", w->wrong_at,
                      packed ? " of an unpacked block" : "", w->wrong);
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct tf_v1_tensor *)a)->name, ((const struct tf_v1_tensor *)b)->name);
}

static int compare_slices(const struct tf_v1_slice *a, const struct tf_v1_slice *b)
{
    for (uint32_t i = 0; i < a->rank && i < b->rank; i++) {
        if (a->start[i] != b->start[i]) {
            return a->start[i] < b->start[i] ? -1 : 1;
        }
        if (a->len[i] != b->len[i]) {
            return a->len[i] < b->len[i] ? -1 : 1;
        }
    }
    return (a->rank > b->rank) - (a->rank < b->rank);
}

static int by_place(const void *a, const void *b)
{
    return compare_slices(a, b);
}

static errint check_name(struct tf_v1_reader *r, const struct tf_v1_file *f, struct str name)
{
    unsigned components = 1;
    for (size_t i = 0; i < name.len; i++) {
        components += name.ptr[i] == '/';
    }
    if (components > TF_V1_COMPONENTS_MOST) {
        return diag_error(r->d, DIAG_LIMIT, f->path, name,
                          "the name has %u components, the limit is %d", components,
                          TF_V1_COMPONENTS_MOST);
    }
    return name.len ? 0 : BAD(r, f, name, "the metadata record lists a tensor without a name");
}

static errint check_shape(struct tf_v1_reader *r, const struct tf_v1_file *f,
                          const struct tf_v1_tensor *t)
{
    if (t->rank > SHAPE_RANK_MOST) {
        return BAD(r, f, t->name, "its shape has %u dimensions, expected at most %d", t->rank,
                   SHAPE_RANK_MOST);
    }
    struct shape shape = {t->dims, (uint8_t)t->rank};
    for (uint32_t i = 0; i < t->rank; i++) {
        if (t->dims[i] < 0) {
            return BAD(r, f, t->name,
                       "dimension %u of its shape is %" PRId64 ", expected 0 or more", i,
                       t->dims[i]);
        }
    }
    uint64_t size;
    if (shape_elements(shape, &size) < 0 ||
        shape_bytes(shape, dtype_known((uint64_t)t->dtype) ? (unsigned)t->dtype : DTYPE_INVALID,
                    &size) < 0) {
        return BAD(r, f, t->name, "its shape %s takes more than 2^63 - 1 elements or bytes",
                   shape_text(shape).text);
    }
    return 0;
}

static errint check_slices(struct tf_v1_reader *r, const struct tf_v1_file *f,
                           struct tf_v1_tensor *t)
{
    for (uint32_t i = 0; i < t->slice_count; i++) {
        const struct tf_v1_slice *s = &t->slices[i];
        if (s->rank != t->rank) {
            return BAD(r, f, t->name, "a slice of it has %u axes, its shape has %u", s->rank,
                       t->rank);
        }
        for (uint32_t axis = 0; axis < s->rank; axis++) {
            int64_t start = s->start[axis];
            int64_t len = s->len[axis];
            bool whole = len == -1 && start == 0;
            if (!whole &&
                (start < 0 || len < 0 || start > t->dims[axis] || len > t->dims[axis] - start)) {
                return BAD(r, f, t->name,
                           "a slice of it has %" PRId64 " elements from %" PRId64
                           " on axis %u, which has %" PRId64,
                           len, start, axis, t->dims[axis]);
            }
        }
    }
    qsort(t->slices, t->slice_count, sizeof(*t->slices), by_place);
    for (uint32_t i = 1; i < t->slice_count; i++) {
        if (compare_slices(&t->slices[i - 1], &t->slices[i]) == 0) {
            return BAD(r, f, t->name, "a slice of it is listed twice");
        }
    }
    return 0;
}

static errint check_tensors(struct tf_v1_reader *r, struct tf_v1_file *f)
{
    struct tf_v1_meta *m = &f->meta;
    if (m->min_consumer > TF_V1_VERSION || m->disallows_us) {
        return diag_error(
            r->d, DIAG_UNSUPPORTED, f->path, STR(""),
            "the checkpoint %s readers of version %d, which this is (its least version is %" PRId64
            ")",
            m->disallows_us ? "disallows" : "is too new for", TF_V1_VERSION, m->min_consumer);
    }
    if (m->count) {
        qsort(m->tensors, m->count, sizeof(*m->tensors), by_name);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        struct tf_v1_tensor *t = &m->tensors[i];
        errint rc = check_name(r, f, t->name);
        if (rc == 0 && kept && str_eq(m->tensors[kept - 1].name, t->name)) {
            rc = BAD(r, f, t->name, "the metadata record lists it twice");
        }
        if (rc < 0 || (rc = check_shape(r, f, t)) < 0 || (rc = check_slices(r, f, t)) < 0) {
            rc = tf_v1_note_bad(r, rc);
            if (rc < 0) {
                return rc;
            }
            continue;
        }
        m->tensors[kept++] = *t;
    }
    m->count = kept;
    return 0;
}

/* Where bytes of a record are: its file, or its compressed block, which becomes known here. */
static errint base_of(struct tf_v1_reader *r, uint32_t number, const struct tf_v1_record *record,
                      uint32_t *base)
{
    *base = number;
    if (!record->packed) {
        return 0;
    }
    const struct tf_v1_block *newest = r->block_count ? &r->blocks[r->block_count - 1] : NULL;
    if (!newest || newest->file != number ||
        newest->stored.handle.off != record->block.handle.off) {
        if (r->block_count > TF_V1_NUMBER ||
            !grow(&r->blocks, &r->block_cap, r->block_count, sizeof(*r->blocks))) {
            return diag_no_memory(r->d);
        }
        r->blocks[r->block_count++] =
            (struct tf_v1_block){number, record->block, record->block_bytes};
    }
    *base = TF_V1_IN_BLOCK | (uint32_t)(r->block_count - 1);
    return 0;
}

static errint place_values(struct tf_v1_reader *r, uint32_t number,
                           const struct tf_v1_record *record, const struct tf_v1_tensor *t,
                           struct tf_v1_slice *s)
{
    const struct tf_v1_file *f = &r->files[number];
    int64_t dims[SHAPE_RANK_MOST];
    uint64_t count;
    const char *why;
    s->off = record->value.off;
    errint rc = base_of(r, number, record, &s->shard);
    struct tf_v1_coding coding =
        tf_v1_coding(dtype_known((uint64_t)t->dtype) ? (unsigned)t->dtype : DTYPE_INVALID);
    if (rc < 0 || coding.field == 0) {
        return rc;
    }
    if (shape_elements(tf_v1_slice_shape(t, s, dims), &count) < 0) {
        return BAD(r, f, t->name, "a slice of it has more than 2^63 - 1 elements");
    }
    count *= coding.each;
    int placed = tf_v1_values_place(record->wire, record->value, &coding, count, &s->off, &why);
    if (placed < 0 && !why) {
        return complain_wire(r, f, t->name, placed, record->wire, record->packed);
    }
    if (placed < 0) {
        return BAD(r, f, t->name, "%s (%" PRIu64 ", in a record of %" PRIu64 " bytes)", why,
                   count / coding.each, wire_len(record->value));
    }
    if (placed == 0) {
        if (r->decoded_count > TF_V1_NUMBER ||
            !grow(&r->decoded, &r->decoded_cap, r->decoded_count, sizeof(*r->decoded))) {
            return diag_no_memory(r->d);
        }
        r->decoded[r->decoded_count] =
            (struct tf_v1_decoded){s->shard, record->value, coding, count};
        s->shard = TF_V1_IN_VALUES | (uint32_t)r->decoded_count++;
        s->off = 0;
    }
    return 0;
}

/* A record with values. One that the metadata do not list is passed over. */
static errint take_record(struct tf_v1_reader *r, uint32_t number,
                          const struct tf_v1_record *record, struct buf *name,
                          struct slice_decoded *key)
{
    if (!slice_decode(record->key, name, key)) {
        return name->failed ? diag_no_memory(r->d) : 0;
    }
    const struct tf_v1_meta *m = &r->files[number].meta;
    struct tf_v1_tensor wanted = {.name = buf_view(name)};
    struct tf_v1_tensor *t =
        m->count ? bsearch(&wanted, m->tensors, m->count, sizeof(wanted), by_name) : NULL;
    struct tf_v1_slice place = {.start = key->start, .len = key->len, .rank = key->rank};
    struct tf_v1_slice *s =
        t && t->slice_count ? bsearch(&place, t->slices, t->slice_count, sizeof(place), by_place)
                            : NULL;
    if (!s || s->found) {
        return 0;
    }
    s->found = true; /* even if it is bad: that is said once */
    return tf_v1_note_bad(r, place_values(r, number, record, t, s));
}

static errint read_metadata(struct tf_v1_reader *r, struct tf_v1_file *f, struct tf_v1_scan *scan)
{
    struct tf_v1_record record;
    int got = tf_v1_scan_next(scan, &record);
    if (got < 0) {
        return got;
    }
    if (got == 0 && tf_v1_scan_passed(scan)) {
        return diag_error(r->d, DIAG_UNSUPPORTED, f->path, STR(""),
                          "its metadata are in a compressed block of more than %d bytes",
                          SSTABLE_BLOCK_MOST);
    }
    if (got == 0 || record.key.len) {
        return BAD(
            r, f, STR(""),
            "the first record is %s, expected the metadata of tensor slices, whose key is empty",
            got == 0 ? "missing" : diag_visible(r->d, str_head(record.key, 200)));
    }
    errint rc = tf_v1_meta_read(record.wire, record.value, &r->arena, &f->meta);
    return rc < 0 ? complain_wire(r, f, STR(""), rc, record.wire, record.packed)
                  : check_tensors(r, f);
}

static errint keep_blocks(struct tf_v1_reader *r, struct tf_v1_file *f,
                          const struct tf_v1_scan *scan)
{
    size_t count;
    const struct sstable_stored *blocks = tf_v1_scan_blocks(scan, &count);
    f->blocks = count < UINT32_MAX ? ARENA_ARRAY(&r->arena, struct sstable_stored, count) : NULL;
    if (!f->blocks) {
        return diag_no_memory(r->d);
    }
    if (count) {
        memcpy(f->blocks, blocks, count * sizeof(*blocks));
    }
    f->block_count = (uint32_t)count;
    return 0;
}

static errint read_records(struct tf_v1_reader *r, uint32_t number, struct tf_v1_scan *scan)
{
    CLEANUP_BUF struct buf name = {0};
    CLEANUP_FREE struct slice_decoded *key = malloc(sizeof(*key));
    if (!key) {
        return diag_no_memory(r->d);
    }
    struct tf_v1_record record;
    int got;
    while ((got = tf_v1_scan_next(scan, &record)) > 0) {
        errint rc = take_record(r, number, &record, &name, key);
        if (rc < 0) {
            return rc;
        }
    }
    r->files[number].passed = tf_v1_scan_passed(scan);
    return got < 0 ? got : keep_blocks(r, &r->files[number], scan);
}

errint tf_v1_read_file(struct tf_v1_reader *r, uint32_t number)
{
    struct tf_v1_file *f = &r->files[number];
    CLEANUP_IO struct io *io = NULL;
    errint rc = io_open(f->path, &io);
    if (rc < 0) {
        return file_complain(r->d, rc == -ENOENT ? DIAG_CHECKPOINT_NOT_FOUND : DIAG_FILE_UNREADABLE,
                             f->path, rc);
    }
    f->st = *io->st;
    struct tf_v1_scan *scan;
    rc = tf_v1_scan_open(io, r->d, &scan);
    if (rc == 0) {
        rc = read_metadata(r, f, scan);
    }
    if (rc == 0) {
        rc = read_records(r, number, scan);
    }
    tf_v1_scan_close(scan);
    return rc;
}
