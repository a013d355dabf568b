/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/once.h"
#include "base/put.h"
#include "base/utf8.h"
#include "tensor/dtype.h"
#include "view/formats/in_place.h"
#include "view/formats/npy.h"

enum {
    HEADER_MOST = 100 * 1000 * 1000,
    ALIGNMENT = 64,
    VARIABLES_UNASKED = 1024, /* between two questions whether to go on */
};

/* One file: the variables from `first` on that can be in it. */
struct st_file {
    struct variable_cursor first;
    uint32_t count; /* of variables */
    const char *name;
    struct once built; /* then the rest is there */
    char *header;      /* owns: the length before it, and the padding, included */
    struct layout_build layout;
};

struct safetensors {
    struct arena arena;
    const struct catalog *catalog;
    const struct view_variables *variables;
    struct st_file *files; /* owns */
    uint32_t count;
    const char *index_name; /* NULL: one file */
    struct once indexed;
    struct buf index;
};

/* ---- what fits ------------------------------------------------------------------------------- */

/* The format's name of a dtype; NULL if it has none. */
static const char *type_name(unsigned dtype)
{
    static const char *const names[DTYPE_COUNT] = {
        [DTYPE_FLOAT64] = "F64",
        [DTYPE_FLOAT32] = "F32",
        [DTYPE_FLOAT16] = "F16",
        [DTYPE_BFLOAT16] = "BF16",
        [DTYPE_COMPLEX64] = "C64",
        [DTYPE_INT64] = "I64",
        [DTYPE_INT32] = "I32",
        [DTYPE_INT16] = "I16",
        [DTYPE_INT8] = "I8",
        [DTYPE_UINT64] = "U64",
        [DTYPE_UINT32] = "U32",
        [DTYPE_UINT16] = "U16",
        [DTYPE_UINT8] = "U8",
        [DTYPE_BOOL] = "BOOL",
        [DTYPE_FLOAT8_E4M3FN] = "F8_E4M3",
        [DTYPE_FLOAT8_E5M2] = "F8_E5M2",
        [DTYPE_FLOAT8_E4M3FNUZ] = "F8_E4M3FNUZ",
        [DTYPE_FLOAT8_E5M2FNUZ] = "F8_E5M2FNUZ",
    };
    return dtype < DTYPE_COUNT ? names[dtype] : NULL;
}

const char *safetensors_refusal(const struct view_variable *l)
{
    if (!l->whole) {
        return VARIABLE_NOT_WHOLE;
    }
    if (!type_name(target_dtype(l->whole))) {
        return target_sized(l->whole) ? "safetensors has no such dtype; a rule may cast it"
                                      : "safetensors has no strings";
    }
    if (target_shape(l->whole).rank > NPY_RANK_MOST) {
        return "readers of safetensors take 64 axes at most";
    }
    if (!npy_shape_fits(target_shape(l->whole), target_dtype(l->whole))) {
        return "readers of safetensors have no such shape: without the 0 it is more than can be "
               "counted";
    }
    if (!utf8_valid(variable_name(l))) {
        return "names in safetensors are UTF-8";
    }
    return str_eq(variable_name(l), STR("__metadata__"))
               ? "safetensors has another use for the name __metadata__"
               : NULL;
}

/* ---- which files there are ------------------------------------------------------------------- */

/* How many digits the number has. */
static unsigned digits(uint64_t number)
{
    unsigned count = 1;
    while (number > 9) {
        number /= 10;
        count++;
    }
    return count;
}

/* How many bytes a byte of a name takes in a header at most, by its escape: of UTF-8 above ASCII
 * half of \uXXXX. */
static void fill_widths(unsigned char width[256])
{
    for (unsigned c = 0; c < 256; c++) {
        width[c] = c < 0x80 ? 1 : 3;
    }
    memset(width, 6, 0x20);
    width[0x7f] = 6;
    width['"'] = width['\\'] = 2;
}

/* What the variable takes in a header, where offsets have that many digits: no less, and for names
 * in ASCII no more. */
static uint64_t header_bound(const struct view_variable *l, unsigned offset_digits,
                             const unsigned char width[256])
{
    static const char text[] = "\"\": {\"dtype\": \"\", \"shape\": [], \"data_offsets\": [, ]}, ";
    struct str name = variable_name(l);
    struct shape shape = target_shape(l->whole);
    uint64_t bytes =
        sizeof(text) - 1 + strlen(type_name(target_dtype(l->whole))) + 2 * offset_digits;
    for (size_t i = 0; i < name.len; i++) {
        bytes += width[(unsigned char)name.ptr[i]];
    }
    for (unsigned i = 0; i < shape.rank; i++) {
        bytes += digits((uint64_t)shape.dims[i]) + (i ? 2 : 0);
    }
    return bytes;
}

/* The bytes of all tensors that such files can hold. */
static uint64_t total_size(const struct safetensors *s)
{
    uint64_t total = 0;
    struct variable_cursor at = variable_first(s->variables);
    for (struct view_variable l; variable_next(&at, &l);) {
        if (!safetensors_refusal(&l) && !checked_add_u64(total, target_bytes(l.whole), &total)) {
            return UINT64_MAX;
        }
    }
    return total;
}

static errint begin_file(struct safetensors *s, size_t *cap, struct variable_cursor first)
{
    if (!grow(&s->files, cap, s->count, sizeof(*s->files))) {
        return -ENOMEM;
    }
    s->files[s->count++] = (struct st_file){.first = first};
    return 0;
}

/* Cuts the variables, in the order of their names, so that no file has more than `most` bytes of
 * tensors, if it can be. *by_header: some file would have had too long a header. */
static errint cut_files(struct safetensors *s, uint64_t most, bool *by_header)
{
    struct variable_cursor at = variable_first(s->variables);
    size_t cap = 0;
    errint rc = begin_file(s, &cap, at);
    uint64_t bytes = 0;
    uint64_t header = 0;
    unsigned offset_digits = digits(total_size(s));
    unsigned char width[256];
    fill_widths(width);
    struct variable_cursor before = at;
    for (struct view_variable l; rc == 0 && variable_next(&at, &l); before = at) {
        if (safetensors_refusal(&l)) {
            continue;
        }
        uint64_t more = target_bytes(l.whole);
        uint64_t text = header_bound(&l, offset_digits, width);
        bool too_long = header + text > HEADER_MOST - 256;
        uint64_t sum;
        bool too_large = !checked_add_u64(bytes, more, &sum) || sum > most;
        if (s->files[s->count - 1].count && (too_long || too_large)) {
            *by_header |= too_long;
            rc = begin_file(s, &cap, before);
            bytes = header = 0;
        }
        if (rc == 0) {
            s->files[s->count - 1].count++;
        }
        bytes += more;
        header += text;
    }
    return rc;
}

static errint name_files(struct safetensors *s, const struct view_options *options)
{
    struct str base = options->name.len ? options->name : STR("model");
    if (options->safetensors.len) {
        base = str_head(options->safetensors, options->safetensors.len - strlen(".safetensors"));
    }
    for (uint32_t i = 0; i < s->count; i++) {
        s->files[i].name =
            s->count == 1
                ? arena_printf(&s->arena, STR_FMT ".safetensors", STR_ARG(base))
                : arena_printf(&s->arena, STR_FMT "-%05" PRIu32 "-of-%05" PRIu32 ".safetensors",
                               STR_ARG(base), i + 1, s->count);
        if (!s->files[i].name) {
            return -ENOMEM;
        }
    }
    if (s->count > 1) {
        s->index_name = arena_printf(&s->arena, STR_FMT ".safetensors.index.json", STR_ARG(base));
        return s->index_name ? 0 : -ENOMEM;
    }
    return 0;
}

errint safetensors_open(const struct catalog *c, const struct view_variables *l,
                        const struct view_options *options, struct diag *d,
                        struct safetensors **out)
{
    struct safetensors *s = calloc(1, sizeof(*s));
    *out = s;
    if (!s) {
        return diag_no_memory(d);
    }
    arena_init(&s->arena);
    s->catalog = c;
    s->variables = l;
    bool by_header = false;
    uint64_t most = INT64_MAX - HEADER_MOST; /* of a file */
    if (options->shard_size && options->shard_size < most) {
        most = options->shard_size;
    }
    errint rc = cut_files(s, most, &by_header);
    if (rc == 0) {
        rc = name_files(s, options);
    }
    if (rc < 0) {
        safetensors_close(s);
        *out = NULL;
        return diag_no_memory(d);
    }
    if (by_header) {
        diag_warn(d, DIAG_LIMIT, "", str_from(s->index_name),
                  "one safetensors file would need a header of more than %d bytes, which readers "
                  "refuse: the "
                  "tensors are in %u files",
                  HEADER_MOST, s->count);
    }
    return 0;
}

void safetensors_close(struct safetensors *s)
{
    if (s) {
        for (uint32_t i = 0; i < s->count; i++) {
            free(s->files[i].header);
            layout_build_fini(&s->files[i].layout);
        }
        free(s->files);
        buf_fini(&s->index);
        arena_fini(&s->arena);
        free(s);
    }
}

uint32_t safetensors_count(const struct safetensors *s)
{
    return s->count;
}

const char *safetensors_name(const struct safetensors *s, uint32_t i)
{
    return s->files[i].name;
}

bool safetensors_is_built(const struct safetensors *s, uint32_t i)
{
    return once_state(&s->files[i].built) == ONCE_FULL;
}

bool safetensors_is_indexed(const struct safetensors *s)
{
    return once_state(&s->indexed) == ONCE_FULL;
}

uint32_t safetensors_built(const struct safetensors *s)
{
    uint32_t built = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        built += safetensors_is_built(s, i);
    }
    return built;
}

const char *safetensors_index_name(const struct safetensors *s)
{
    return s->index_name;
}

/* ---- one file -------------------------------------------------------------------------------- */

/* The file's variables, in the order of their bytes. */
struct order {
    const struct target **all; /* owns */
    uint32_t count;
};

/* Which of the classes of element sizes 16, 8, 4, 2, 1. */
static unsigned class_of(const struct target *t)
{
    unsigned class = 0;
    for (unsigned size = 16; size > 1 && dtype_bytes(target_dtype(t)) < size; size /= 2) {
        class ++;
    }
    return class;
}

/* Larger elements first; else in the order of names. */
static errint put_in_order(const struct st_file *f, struct order *out)
{
    enum { CLASSES = 5 };
    const struct target **by_name = calloc((size_t)f->count + 1, sizeof(*by_name));
    *out = (struct order){calloc((size_t)f->count + 1, sizeof(*out->all)), 0};
    if (!by_name || !out->all) {
        free(by_name);
        return -ENOMEM;
    }
    uint32_t next[CLASSES + 1] = {0}; /* where the next of each class goes */
    struct variable_cursor at = f->first;
    for (struct view_variable l; out->count < f->count && variable_next(&at, &l);) {
        if (!safetensors_refusal(&l)) {
            by_name[out->count++] = l.whole;
            next[class_of(l.whole) + 1]++;
        }
    }
    for (unsigned i = 1; i < CLASSES; i++) {
        next[i] += next[i - 1];
    }
    for (uint32_t i = 0; i < out->count; i++) {
        out->all[next[class_of(by_name[i])]++] = by_name[i];
    }
    free(by_name);
    return 0;
}

static void add_entry(struct json *j, const struct target *t, uint64_t begin)
{
    json_key_str(j, target_variable(t));
    json_object(j, JSON_LINE);
    json_key(j, "dtype");
    json_text(j, type_name(target_dtype(t)));
    json_key(j, "shape");
    json_ints(j, target_shape(t).dims, target_shape(t).rank);
    json_key(j, "data_offsets");
    json_array(j, JSON_LINE);
    json_uint(j, begin);
    json_uint(j, begin + target_bytes(t));
    json_array_end(j);
    json_object_end(j);
}

/* -ENOMEM, -EINTR. */
static errint write_header(const struct order *o, const struct once_waiter *w, struct buf *b)
{
    uint64_t off = 0;
    buf_add(b, "\0\0\0\0\0\0\0\0", 8); /* its length, later */
    struct json j = json_begin(b);
    json_object(&j, JSON_LINE);
    json_key(&j, "__metadata__");
    json_object(&j, JSON_LINE);
    json_key(&j, "format");
    json_text(&j, "pt");
    json_object_end(&j);
    for (uint32_t i = 0; i < o->count; i++) {
        if (i % VARIABLES_UNASKED == 0 && once_interrupted(w)) {
            return -EINTR;
        }
        add_entry(&j, o->all[i], off);
        off += target_bytes(o->all[i]);
    }
    json_object_end(&j);
    while (!b->failed && b->len % ALIGNMENT) {
        buf_char(b, ' ');
    }
    if (!b->failed) {
        put_le64_at(b->data, b->len - 8);
    }
    return buf_check(b);
}

/* Bytes that stand in a file as they are, are read from there: neighbours then are one extent. */
static struct extent extent_of(const struct catalog *c, const struct target *t)
{
    struct in_place at;
    return in_place_of(c, t, &at) ? (struct extent){.kind = EXTENT_SHARD,
                                                    .shard = &c->shards[at.shard],
                                                    .from_off = at.off}
                                  : (struct extent){.kind = EXTENT_TARGET, .target = t};
}

struct building {
    struct safetensors *s;
    struct st_file *file; /* NULL: the index */
    struct once_waiter *waiter;
};

static errint build_file(void *context)
{
    const struct building *b = context;
    struct st_file *f = b->file;
    struct order o;
    errint rc = put_in_order(f, &o);
    struct buf header = {0};
    if (rc == 0) {
        rc = write_header(&o, b->waiter, &header);
    }
    layout_build_fini(&f->layout);
    free(f->header);
    f->header = header.data;
    if (rc == 0) {
        layout_add(&f->layout, (struct extent){.kind = EXTENT_BYTES, .bytes = f->header},
                   header.len);
        for (uint32_t i = 0; i < o.count; i++) {
            layout_add(&f->layout, extent_of(b->s->catalog, o.all[i]), target_bytes(o.all[i]));
        }
        rc = layout_build_check(&f->layout);
    }
    free(o.all);
    return rc;
}

errint safetensors_file(struct safetensors *s, uint32_t i, struct once_waiter *w,
                        struct layout *out)
{
    struct building b = {s, &s->files[i], w};
    errint rc = once_need(&b.file->built, w, build_file, &b);
    if (rc == 0) {
        *out = layout_made(&b.file->layout);
    }
    return rc;
}

/* ---- the index of several -------------------------------------------------------------------- */

static errint build_index(void *context)
{
    const struct building *b = context;
    struct safetensors *s = b->s;
    s->index.len = 0;
    struct json j = json_begin(&s->index);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "metadata");
    json_object(&j, JSON_BLOCK);
    json_key(&j, "total_size");
    json_uint(&j, total_size(s));
    json_object_end(&j);
    json_key(&j, "weight_map");
    json_object(&j, JSON_BLOCK);
    for (uint32_t i = 0; i < s->count; i++) {
        struct variable_cursor at = s->files[i].first;
        struct view_variable l;
        for (uint32_t seen = 0; seen < s->files[i].count && variable_next(&at, &l);) {
            if (seen % VARIABLES_UNASKED == 0 && once_interrupted(b->waiter)) {
                return -EINTR;
            }
            if (!safetensors_refusal(&l)) {
                seen++;
                json_key_str(&j, variable_name(&l));
                json_text(&j, s->files[i].name);
            }
        }
    }
    json_object_end(&j);
    json_object_end(&j);
    json_end(&j);
    return buf_check(&s->index);
}

errint safetensors_index(struct safetensors *s, struct once_waiter *w, struct extent *own,
                         struct layout *out)
{
    struct building b = {s, NULL, w};
    errint rc = once_need(&s->indexed, w, build_index, &b);
    if (rc == 0) {
        *out = layout_of_bytes(buf_view(&s->index), own);
    }
    return rc;
}
