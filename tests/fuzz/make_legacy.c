/* SPDX-License-Identifier: Apache-2.0 */
/* A V1 checkpoint: tables with values in them (tensorflow/core/util/saved_tensor_slice.proto).
 * Words of its head:
 *
 *   shards=N  snappy  block=BYTES  restart=N  min_consumer=N
 *
 * With shards its files are PREFIX-?????-of-N, else the one file is PREFIX.
 * Words of a tensor: shard=N, fill=, text=, parts=AXIS:COUNT, lost=PART (without its values),
 * unpacked, said_dtype=N, raw=HEX (more fields of its values). */
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/made.h"
#include "support/ref_cast.h"

enum { SLICE_NUMBER_MOST = 8191 };

struct tf_v1 {
    struct made_checkpoint *made;
    unsigned count;                       /* of files */
    struct mkckpt tables[MK_SHARDS_MOST]; /* of each, its records; the header is the metadata */
};

/* The field of TensorProto that has values of the type, 0 if none has; *bytes an element of it, 0
 * for varints. */
static unsigned field_of(unsigned dtype, unsigned *bytes)
{
    static const struct {
        unsigned dtype, field, bytes;
    } fields[] = {
        {DTYPE_FLOAT32, 5, 4}, {DTYPE_FLOAT64, 6, 8},      {DTYPE_INT32, 7, 0},
        {DTYPE_INT16, 7, 0},   {DTYPE_INT8, 7, 0},         {DTYPE_UINT16, 7, 0},
        {DTYPE_UINT8, 7, 0},   {DTYPE_QINT8, 7, 0},        {DTYPE_QUINT8, 7, 0},
        {DTYPE_QINT32, 7, 0},  {DTYPE_COMPLEX64, 9, 8},    {DTYPE_INT64, 10, 0},
        {DTYPE_BOOL, 11, 0},   {DTYPE_COMPLEX128, 12, 16}, {DTYPE_FLOAT16, 13, 0},
        {DTYPE_UINT32, 16, 0}, {DTYPE_UINT64, 17, 0},
    };
    for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].dtype == dtype) {
            *bytes = fields[i].bytes;
            return fields[i].field;
        }
    }
    return 0;
}

/* The number that element i is as a varint; negative ones have 64 bits. */
static uint64_t varint_of(const struct made_tensor *t, uint64_t i)
{
    enum dtype type = (enum dtype)t->dtype;
    unsigned bytes = ref_bytes(type);
    uint64_t bits = ref_load(type, t->values.data + i * bytes);
    bool negative = ref_is_integer(type) && ref_decode(type, bits) < 0;
    return negative && bytes < 8 ? bits | UINT64_MAX << 8 * bytes : bits;
}

static void add_tag(struct mkbuf *out, unsigned field, unsigned type)
{
    mkbuf_varint(out, field << 3 | type);
}

static void add_numbers(const struct made_tensor *t, bool unpacked, struct mkbuf *out)
{
    unsigned bytes = 0;
    unsigned field = field_of(t->dtype, &bytes);
    struct mkbuf packed = {0};
    for (uint64_t i = 0; field && t->known && i < t->elements; i++) {
        if (unpacked && bytes <= 8) {
            add_tag(out, field, bytes == 0 ? 0 : bytes == 4 ? 5 : 1);
        }
        struct mkbuf *to = unpacked && bytes <= 8 ? out : &packed;
        if (bytes) {
            mkbuf_add(to, t->values.data + i * bytes, bytes);
        } else {
            mkbuf_varint(to, varint_of(t, i));
        }
    }
    if (packed.len) {
        mkbuf_message(out, field, packed.data, packed.len);
    }
    mkbuf_free(&packed);
}

static void add_values(const struct made_tensor *t, bool unpacked, struct mkbuf *out)
{
    if (t->dtype != DTYPE_STRING) {
        add_numbers(t, unpacked && t->dtype != DTYPE_COMPLEX64, out);
        return;
    }
    for (uint64_t i = 0; t->known && i < t->elements; i++) {
        struct str s = values_string(t, i);
        mkbuf_message(out, 8, s.ptr, s.len);
    }
}

/* A TensorSliceProto. `full`: of all of the tensor, whose numbers are left out. */
static void add_slice(struct mkbuf *out, unsigned number, const struct made_box *box, unsigned rank,
                      bool full)
{
    struct mkbuf slice = {0};
    for (unsigned k = 0; k < rank; k++) {
        struct mkbuf extent = {0};
        if (!full) {
            mkbuf_field(&extent, 1, (uint64_t)box->start[k]);
            mkbuf_field(&extent, 2, (uint64_t)box->len[k]);
        }
        mkbuf_message(&slice, 1, extent.data, extent.len);
        mkbuf_free(&extent);
    }
    mkbuf_message(out, number, slice.data, slice.len);
    mkbuf_free(&slice);
}

static void add_key(const struct made_tensor *t, const struct made_box *box, bool full,
                    struct mkbuf *key)
{
    static const int64_t none[MADE_RANK];
    int64_t all[MADE_RANK];
    struct mkbuf name = {0};
    for (unsigned k = 0; k < t->rank; k++) {
        all[k] = -1;
    }
    mkbuf_add(&name, t->key.data, t->key.len);
    mkbuf_u8(&name, 0);
    mk_slice_key(key, (const char *)name.data, t->rank, full ? none : box->start,
                 full ? all : box->len);
    mkbuf_free(&name);
}

static void add_record(struct tf_v1 *l, unsigned file, const struct made_tensor *t,
                       const struct made_tensor *part, const struct made_box *box, bool full,
                       struct str words)
{
    struct mkbuf key = {0}, data = {0}, slice = {0}, record = {0};
    add_values(part, has_word(words, "unpacked"), &data);
    add_hex(&data, word_value(words, "raw"));
    mkbuf_message(&slice, 1, t->key.data, t->key.len);
    add_slice(&slice, 2, box, t->rank, full);
    mkbuf_message(&slice, 3, data.data, data.len);
    mkbuf_message(&record, 2, slice.data, slice.len);
    add_key(t, box, full, &key);
    mkckpt_record(&l->tables[file], key.data, key.len, record.data, record.len);
    mkbuf_free(&key);
    mkbuf_free(&data);
    mkbuf_free(&slice);
    mkbuf_free(&record);
}

static void add_shape(struct mkbuf *out, unsigned number, const struct made_tensor *t)
{
    struct mkbuf shape = {0};
    for (unsigned k = 0; k < t->rank; k++) {
        struct mkbuf dim = {0};
        mkbuf_field(&dim, 1, (uint64_t)t->dims[k]);
        mkbuf_message(&shape, 2, dim.data, dim.len);
        mkbuf_free(&dim);
    }
    mkbuf_message(out, number, shape.data, shape.len);
    mkbuf_free(&shape);
}

/* What the metadata of a file say of t: name, shape, type, and those of its boxes that are in the
 * file. */
static void add_meta(struct tf_v1 *l, unsigned file, const struct made_tensor *t,
                     const struct made_box *boxes, unsigned count, unsigned first, struct str words)
{
    struct mkbuf meta = {0};
    mkbuf_message(&meta, 1, t->key.data, t->key.len);
    add_shape(&meta, 2, t);
    mkbuf_field(&meta, 3, (uint64_t)word_number(words, "said_dtype", t->dtype));
    bool any = false;
    for (unsigned i = 0; i < (count ? count : 1); i++) {
        if ((first + i) % l->count == file) {
            add_slice(&meta, 4, &boxes[i], t->rank, count == 0);
            any = true;
        }
    }
    if (any) {
        mkbuf_message(&l->tables[file].header, 1, meta.data, meta.len);
    }
    mkbuf_free(&meta);
}

static bool has_key(const struct made_tensor *t)
{
    bool good = t->key.len > 0 && !memchr(t->key.data, 0, t->key.len) &&
                !memchr(t->key.data, 0xff, t->key.len);
    for (unsigned k = 0; k < t->rank; k++) {
        good &= t->dims[k] >= 0;
    }
    return good;
}

static void add_parts(struct tf_v1 *l, struct made_tensor *t, const struct made_box *boxes,
                      unsigned count, unsigned first, struct str words)
{
    int64_t lost = word_number(words, "lost", -1);
    for (unsigned i = 0; i < count; i++) {
        struct made_tensor part;
        values_of_box(t, &boxes[i], &part);
        if (i != lost) {
            add_record(l, (first + i) % l->count, t, &part, &boxes[i], false, words);
        }
        mkbuf_free(&part.values);
        mkbuf_free(&part.ends);
    }
}

/* Varints have 0 and 1. */
static void make_true(struct made_tensor *t)
{
    for (size_t i = 0; t->dtype == DTYPE_BOOL && i < t->values.len; i++) {
        t->values.data[i] = t->values.data[i] != 0;
    }
}

static void add_tensor(struct tf_v1 *l, struct str line)
{
    struct str words;
    struct made_tensor *t = made_tensor_add(l->made, line, &words);
    if (!t || !has_key(t)) {
        return;
    }
    make_true(t);
    struct made_box boxes[MADE_RUNS] = {{{0}, {0}}};
    unsigned parts = made_parts(t, words, boxes);
    for (unsigned k = 0; k < t->rank; k++) {
        parts = t->dims[k] > SLICE_NUMBER_MOST ? 0 : parts;
    }
    unsigned first = (unsigned)((uint64_t)word_number(words, "shard", 0) % l->count);
    for (unsigned file = 0; file < l->count; file++) {
        add_meta(l, file, t, boxes, parts, first, words);
    }
    if (parts) {
        add_parts(l, t, boxes, parts, first, words);
    } else if (word_number(words, "lost", -1) != 0) {
        add_record(l, first, t, t, boxes, true, words);
    }
    t->known &= !word_value(words, "raw").ptr && !word_value(words, "said_dtype").ptr &&
                !word_value(words, "lost").ptr;
}

static void end_header(struct mkbuf *header, struct str words)
{
    struct mkbuf version = {0}, meta = {0};
    mkbuf_field(&version, 1, 1);
    mkbuf_field(&version, 2, (uint64_t)word_number(words, "min_consumer", 0));
    mkbuf_message(header, 2, version.data, version.len);
    mkbuf_message(&meta, 1, header->data, header->len);
    header->len = 0;
    mkbuf_add(header, meta.data, meta.len);
    mkbuf_free(&version);
    mkbuf_free(&meta);
}

/* The file, and in each tensor a run that is all of it: any change of the file may have changed the
 * tensor. */
static void write_table(struct made *m, struct tf_v1 *l, unsigned file, bool sharded,
                        struct str words)
{
    char path[512];
    struct mktable t;
    mktable_init(&t);
    t.snappy = has_word(words, "snappy");
    t.block_bytes = (size_t)(word_number(words, "block", 4096) & 0xfffff) + 1;
    t.restart_interval = (unsigned)(word_number(words, "restart", 16) & 255) + 1;
    end_header(&l->tables[file].header, words);
    mkckpt_into_table(&l->tables[file], &t);
    mktable_finish(&t);
    if (sharded) {
        snprintf(path, sizeof(path), "%s-%05u-of-%05u", l->made->prefix, file, l->count);
    } else {
        snprintf(path, sizeof(path), "%s", l->made->prefix);
    }
    int number = made_write(m, path, &t.file);
    for (unsigned i = 0; number >= 0 && i < l->made->count; i++) {
        struct made_tensor *made = &l->made->tensors[i];
        if (made->run_count < MADE_RUNS) {
            made->runs[made->run_count++] =
                (struct made_run){.file = (uint32_t)number, .bytes = t.file.len};
        }
    }
    mktable_free(&t);
}

void make_legacy(struct made *m, const struct section *s)
{
    static struct tf_v1 l;
    struct str lines = s->body;
    struct str line;
    l = (struct tf_v1){.made = made_checkpoint_add(m, s)};
    if (!l.made) {
        return;
    }
    l.made->legacy = true;
    unsigned shards = (unsigned)((uint64_t)word_number(s->head, "shards", 0) % MK_SHARDS_MOST);
    l.made->shards = shards;
    l.count = shards ? shards : 1;
    for (unsigned i = 0; i < l.count; i++) {
        mkckpt_init(&l.tables[i], 1);
        l.tables[i].header.len = 0;
    }
    while (take_line(&lines, &line)) {
        add_tensor(&l, line);
    }
    for (unsigned i = 0; i < l.count; i++) {
        write_table(m, &l, i, shards > 0, s->head);
        mkckpt_free(&l.tables[i]);
    }
}
