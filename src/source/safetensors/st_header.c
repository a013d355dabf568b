/* SPDX-License-Identifier: Apache-2.0 */
#include "source/safetensors/st_header.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/grow.h"
#include "codec/json_read.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/io_file.h"
#include "source/catalog_names.h"
#include "source/safetensors/st_cover.h"
#include "source/safetensors/st_dtype.h"
#include "source/safetensors/st_metadata.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

enum { LENGTH_BYTES = 8, DTYPE_NAME_MOST = 32 };

#define METADATA STR("__metadata__")

struct header {
    struct st_list *list;
    struct diag *d;
    struct st_file *file;
    uint32_t number;
    struct io *io;
    uint64_t data; /* offset of the tensors in the file */
    struct json_read json;
    errint rc; /* of the first tensor that is not as it must be; the others are looked at, too */
    bool has_metadata;
};

/* The members of a tensor's entry, as they come. */
struct entry {
    struct str name; /* in the list's arena */
    const struct st_dtype *dtype;
    const char *words; /* of a dtype that is not known */
    int64_t dims[SHAPE_RANK_MOST];
    unsigned rank;
    uint64_t begin;
    uint64_t end;
    bool has_dtype;
    bool has_shape;
    bool has_offsets;
};

void st_list_init(struct st_list *l, struct st_file *files)
{
    *l = (struct st_list){.files = files};
    arena_init(&l->arena);
}

void st_list_fini(struct st_list *l)
{
    free(l->tensors);
    arena_fini(&l->arena);
}

/* ---- errors ---------------------------------------------------------------------------------- */

#define BAD(h, name, ...)                                                                          \
    diag_error((h)->d, DIAG_CHECKPOINT_CORRUPT, (h)->file->path, (name), __VA_ARGS__)

/* What the JSON reader has met. */
static errint complain_json(const struct header *h, errint rc)
{
    const struct json_read *r = &h->json;
    if (rc == -ENOMEM) {
        return diag_no_memory(h->d);
    }
    if (rc == -EOVERFLOW) {
        return diag_error(h->d, DIAG_LIMIT, h->file->path, STR(""),
                          "the header, at byte %" PRIu64 ": %s", r->wrong_at, r->wrong);
    }
    if (rc != -EBADMSG) {
        return file_complain(h->d, DIAG_FILE_UNREADABLE, h->file->path, rc);
    }
    return BAD(h, STR(""), "the header is damaged, at byte %" PRIu64 ": %s", r->wrong_at, r->wrong);
}

static const char *shown(const struct header *h, struct str name)
{
    return diag_visible(h->d, str_head(name, 200));
}

/* A tensor that is not as it must be: those after it are looked at all the same. */
#define BAD_TENSOR(h, name, ...)                                                                   \
    do {                                                                                           \
        errint _rc = BAD(h, name, __VA_ARGS__);                                                    \
        (h)->rc = first_failure((h)->rc, _rc);                                                     \
    } while (0)

/* ---- one entry ------------------------------------------------------------------------------- */

/* Why a tensor of a dtype that is not known cannot be shown. */
static const char *unknown_words(struct st_list *l, struct str dtype)
{
    if (!l->words || !str_eq(l->unknown, dtype)) {
        l->unknown = arena_str(&l->arena, dtype);
        l->words = arena_printf(&l->arena, "its dtype " STR_FMT " is not known", STR_ARG(dtype));
    }
    return l->unknown.ptr ? l->words : NULL;
}

static bool is_dtype_name(struct str s)
{
    bool word = s.len > 0 && s.len <= DTYPE_NAME_MOST;
    for (size_t i = 0; word && i < s.len; i++) {
        char c = s.ptr[i];
        word =
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    return word;
}

static errint read_dtype(struct header *h, struct entry *e)
{
    struct str text;
    errint rc = json_read_string(&h->json, &text);
    if (rc < 0) {
        return complain_json(h, rc);
    }
    if (!is_dtype_name(text)) {
        return BAD(h, e->name, "tensor '%s': its dtype '%s' is none", shown(h, e->name),
                   shown(h, text));
    }
    e->has_dtype = true;
    e->dtype = st_dtype_find(text);
    e->words = e->dtype ? e->dtype->why : unknown_words(h->list, text);
    return e->dtype || e->words ? 0 : diag_no_memory(h->d);
}

static errint read_shape(struct header *h, struct entry *e)
{
    errint rc = json_read_array(&h->json);
    int more = 0;
    while (rc == 0 && (more = json_read_item(&h->json)) > 0) {
        uint64_t dim;
        if (e->rank == SHAPE_RANK_MOST) {
            return diag_error(h->d, DIAG_LIMIT, h->file->path, e->name,
                              "tensor '%s' has more than %d dimensions", shown(h, e->name),
                              SHAPE_RANK_MOST);
        }
        rc = json_read_count(&h->json, &dim);
        e->dims[e->rank++] = rc == 0 ? (int64_t)dim : 0;
    }
    e->has_shape = true;
    rc = first_failure(rc, more);
    return rc < 0 ? complain_json(h, rc) : 0;
}

static errint read_offsets(struct header *h, struct entry *e)
{
    uint64_t value[2] = {0, 0};
    unsigned count = 0;
    errint rc = json_read_array(&h->json);
    int more = 0;
    while (rc == 0 && (more = json_read_item(&h->json)) > 0) {
        if (count == ARRAY_LEN(value)) {
            return BAD(h, e->name, "tensor '%s': its data_offsets are more than two",
                       shown(h, e->name));
        }
        rc = json_read_count(&h->json, &value[count++]);
    }
    rc = first_failure(rc, more);
    if (rc < 0) {
        return complain_json(h, rc);
    }
    if (count < ARRAY_LEN(value)) {
        return BAD(h, e->name, "tensor '%s': its data_offsets are %u, expected two",
                   shown(h, e->name), count);
    }
    e->has_offsets = true;
    e->begin = value[0];
    e->end = value[1];
    return 0;
}

static errint read_field(struct header *h, struct str field, struct entry *e)
{
    bool dtype = str_eq(field, STR("dtype"));
    bool shape = str_eq(field, STR("shape"));
    bool offsets = str_eq(field, STR("data_offsets"));
    if (!dtype && !shape && !offsets) {
        return BAD(h, e->name,
                   "tensor '%s' has a member '%s', expected dtype, shape and data_offsets alone",
                   shown(h, e->name), shown(h, field));
    }
    if ((dtype && e->has_dtype) || (shape && e->has_shape) || (offsets && e->has_offsets)) {
        return BAD(h, e->name, "tensor '%s' has two members '%s'", shown(h, e->name),
                   shown(h, field));
    }
    if (dtype) {
        return read_dtype(h, e);
    }
    return shape ? read_shape(h, e) : read_offsets(h, e);
}

/* All members of it. */
static errint read_entry(struct header *h, struct entry *e)
{
    struct str field;
    int more = 0;
    errint rc = json_read_object(&h->json);
    while (rc == 0 && (more = json_read_member(&h->json, &field)) > 0) {
        errint bad = read_field(h, field, e);
        if (bad < 0) {
            return bad;
        }
    }
    rc = first_failure(rc, more);
    if (rc < 0) {
        return complain_json(h, rc);
    }
    if (!e->has_dtype || !e->has_shape || !e->has_offsets) {
        const char *with_shape = e->has_shape ? "data_offsets" : "shape";
        return BAD(h, e->name, "tensor '%s' has no member '%s'", shown(h, e->name),
                   e->has_dtype ? with_shape : "dtype");
    }
    return 0;
}

/* ---- whether it fits ------------------------------------------------------------------------- */

/* The bytes that dtype and shape make. */
static bool size_of(const struct st_dtype *dtype, struct shape shape, uint64_t *bytes)
{
    uint64_t elements;
    uint64_t bits;
    if (shape_elements(shape, &elements) < 0 || !checked_mul_u64(elements, dtype->bits, &bits) ||
        bits % 8) {
        return false;
    }
    *bytes = bits / 8;
    return true;
}

/* Its place, against the file, its dtype and its shape. */
static void check_entry(struct header *h, const struct entry *e)
{
    struct shape shape = {e->dims, (uint8_t)e->rank};
    uint64_t left = h->io->size - h->data;
    uint64_t bytes = 0;
    if (e->begin > e->end) {
        BAD_TENSOR(h, e->name, "tensor '%s' begins at %" PRIu64 ", behind its end at %" PRIu64,
                   shown(h, e->name), e->begin, e->end);
    } else if (e->end > left) {
        BAD_TENSOR(h, e->name,
                   "tensor '%s' ends at %" PRIu64 ", but the file has %" PRIu64
                   " bytes of tensors: it is cut short, or its header lies",
                   shown(h, e->name), e->end, left);
    } else if (e->dtype && !size_of(e->dtype, shape, &bytes)) {
        BAD_TENSOR(h, e->name, "tensor '%s': %s %s is no whole number of bytes below 2^63",
                   shown(h, e->name), e->dtype->name, shape_text(shape).text);
    } else if (e->dtype && e->end - e->begin != bytes) {
        BAD_TENSOR(h, e->name, "tensor '%s' has %" PRIu64 " bytes, but %s %s takes %" PRIu64,
                   shown(h, e->name), e->end - e->begin, e->dtype->name, shape_text(shape).text,
                   bytes);
    } else if (!catalog_name_fits(e->name)) {
        errint rc =
            diag_error(h->d, DIAG_LIMIT, h->file->path, e->name,
                       "the name of tensor '%s' is too long, or has more than %d components",
                       shown(h, e->name), CATALOG_COMPONENTS_MOST);
        h->rc = first_failure(h->rc, rc);
    }
}

/* The dims in the list's arena; NULL when memory is short. */
static const int64_t *keep_dims(struct st_list *l, const struct entry *e)
{
    size_t bytes = e->rank * sizeof(*e->dims);
    if (l->dims && l->rank == e->rank && memcmp(l->dims, e->dims, bytes) == 0) {
        return l->dims;
    }
    int64_t *dims = arena_alloc(&l->arena, bytes ? bytes : 1);
    if (dims) {
        memcpy(dims, e->dims, bytes);
        l->dims = dims;
        l->rank = (uint8_t)e->rank;
    }
    return dims;
}

static errint keep_entry(struct header *h, const struct entry *e)
{
    struct st_list *l = h->list;
    if (l->count == ST_TENSORS_MOST) {
        return diag_error(h->d, DIAG_LIMIT, h->file->path, STR(""), "more than %d tensors",
                          ST_TENSORS_MOST);
    }
    const int64_t *dims = keep_dims(l, e);
    if (!dims || !grow(&l->tensors, &l->cap, l->count, sizeof(*l->tensors))) {
        return diag_no_memory(h->d);
    }
    l->tensors[l->count++] = (struct st_tensor){
        .name_ptr = e->name.ptr,
        .name_len = (uint32_t)e->name.len,
        .dims = dims,
        .rank = (uint8_t)e->rank,
        .off = h->data + e->begin,
        .bytes = e->end - e->begin,
        .file = h->number,
        .dtype = e->dtype ? e->dtype->dtype : DTYPE_INVALID,
        .words = e->words,
    };
    return 0;
}

/* ---- the header ------------------------------------------------------------------------------ */

static errint read_metadata(struct header *h)
{
    if (h->has_metadata) {
        return BAD(h, METADATA, "__metadata__ is there twice");
    }
    h->has_metadata = true;
    struct str twice;
    errint rc = st_metadata_check(&h->json, &h->list->arena, &twice);
    if (rc == -EEXIST) {
        return BAD(h, METADATA, "__metadata__ has two members '%s'", shown(h, twice));
    }
    return rc < 0 ? complain_json(h, rc) : 0;
}

static errint read_tensor(struct header *h, struct str name)
{
    struct entry e;
    e.name = arena_str(&h->list->arena, name);
    if (!e.name.ptr) {
        return diag_no_memory(h->d);
    }
    e.dtype = NULL;
    e.words = NULL;
    e.rank = 0;
    e.has_dtype = e.has_shape = e.has_offsets = false;
    errint rc = read_entry(h, &e);
    if (rc < 0) {
        return rc;
    }
    check_entry(h, &e);
    return keep_entry(h, &e);
}

static errint read_members(struct header *h)
{
    struct str name;
    int more = 0;
    errint rc = json_read_object(&h->json);
    while (rc == 0 && (more = json_read_member(&h->json, &name)) > 0) {
        errint bad = str_eq(name, METADATA) ? read_metadata(h) : read_tensor(h, name);
        if (bad < 0) {
            return bad;
        }
    }
    rc = first_failure(rc, more);
    if (rc == 0) {
        rc = json_read_end(&h->json);
    }
    return rc < 0 ? complain_json(h, rc) : h->rc;
}

/* What it is instead, where that is known. */
static errint complain_no_header(const struct header *h, const char *what)
{
    const struct file_kind *kind = file_kind_of(h->io);
    if (kind->group != FILE_KIND_UNKNOWN && kind->group != FILE_KIND_SAFETENSORS) {
        return file_kind_complain(h->d, DIAG_CHECKPOINT_CORRUPT, h->file->path, kind,
                                  "a safetensors file");
    }
    return BAD(h, STR(""), "%s", what);
}

/* The length of the header, and that it can be one. */
static errint read_length(struct header *h, uint64_t *length)
{
    char bytes[LENGTH_BYTES + 1];
    *length = 0;
    if (h->io->size < LENGTH_BYTES) {
        return complain_no_header(h, "the file has less than the 8 bytes of a header's length");
    }
    size_t len = h->io->size > LENGTH_BYTES ? sizeof(bytes) : LENGTH_BYTES;
    errint rc = io_read(h->io, NULL, 0, len, bytes);
    if (rc < 0) {
        return file_complain(h->d, DIAG_FILE_UNREADABLE, h->file->path, rc);
    }
    struct cursor c = cursor_over(bytes, LENGTH_BYTES);
    *length = cursor_le64(&c);
    CLEANUP_BUF struct buf what = {0};
    if (*length > ST_HEADER_MOST) {
        buf_printf(&what, "the header has %" PRIu64 " bytes, the limit is %d", *length,
                   ST_HEADER_MOST);
    } else if (*length > h->io->size - LENGTH_BYTES) {
        buf_printf(&what,
                   "the header has %" PRIu64 " bytes, but the file ends after %" PRIu64 " of them",
                   *length, h->io->size - LENGTH_BYTES);
    } else if (*length == 0 || bytes[LENGTH_BYTES] != '{') {
        buf_text(&what, "the header does not begin with '{'");
    }
    if (what.failed) {
        return diag_no_memory(h->d);
    }
    return what.len ? complain_no_header(h, what.data) : 0;
}

static errint read_header(struct header *h)
{
    uint64_t length;
    size_t first = h->list->count;
    errint rc = read_length(h, &length);
    if (rc < 0) {
        return rc;
    }
    h->data = LENGTH_BYTES + length;
    if (json_read_init(&h->json, h->io, LENGTH_BYTES, h->data) < 0) {
        return diag_no_memory(h->d);
    }
    rc = read_members(h);
    if (rc < 0) {
        return rc;
    }
    return st_cover_check(h->list, first, h->file, h->data, h->d);
}

errint st_header_read(struct st_list *l, uint32_t file, struct diag *d)
{
    struct header h = {.list = l, .d = d, .file = &l->files[file], .number = file};
    CLEANUP_IO struct io *io = NULL;
    errint rc = io_open(h.file->path, &io);
    if (rc < 0) {
        return file_complain(d, rc == -ENOENT ? DIAG_CHECKPOINT_NOT_FOUND : DIAG_FILE_UNREADABLE,
                             h.file->path, rc);
    }
    h.io = io;
    h.file->st = *io->st;
    rc = read_header(&h);
    json_read_fini(&h.json);
    if (io_unchanged(io) < 0) {
        return diag_error(d, DIAG_FILE_UNREADABLE, h.file->path, str_from(h.file->path),
                          "the file changed while its header was read");
    }
    return rc;
}

/* ---- by name --------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct st_tensor *left = a;
    const struct st_tensor *right = b;
    int order = str_cmp(st_name(left), st_name(right));
    return order ? order : (left->file > right->file) - (left->file < right->file);
}

void st_list_sort(struct st_list *l)
{
    bool sorted = true;
    for (size_t i = 1; sorted && i < l->count; i++) {
        sorted = by_name(&l->tensors[i - 1], &l->tensors[i]) <= 0;
    }
    if (!sorted) {
        qsort(l->tensors, l->count, sizeof(*l->tensors), by_name);
    }
}
