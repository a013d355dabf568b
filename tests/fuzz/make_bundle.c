/* SPDX-License-Identifier: Apache-2.0 */
/* A V2 checkpoint: the index and its data files
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.cc). Words of its head:
 *
 *   shards=N  count=N (in file names)  header=N (what the header says)  big  snappy  block=BYTES
 *   restart=N  min_consumer=N
 *
 * Words of a tensor: shard=N, fill=, text=, parts=AXIS:COUNT, lost=PART (without its record),
 * only=0|1 (even parts, odd ones), gap=BYTES before it, and what makes its record say something
 * else than was stored: crc=XOR, said_dtype=N, said_shard=N, said_off=N, said_size=N, raw=HEX (more
 * fields). */
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/made.h"

#define GRAPH_KEY "_CHECKPOINTABLE_OBJECT_GRAPH"

enum {
    SLICE_NUMBER_MOST = 8191,
    GAP_MOST = 4096,
    UNWRITTEN = MADE_FILES, /* and a shard's number: made_run.file until the file is there */
};

/* The elements as they are in the data file; *crc is what their record has, masked. */
static void encode(const struct made_tensor *t, bool big_endian, struct mkbuf *out, uint32_t *crc)
{
    if (t->dtype == DTYPE_STRING) {
        const void *elements[MADE_STRINGS];
        size_t lens[MADE_STRINGS];
        size_t count = t->ends.len / 8;
        for (size_t i = 0; i < count; i++) {
            struct str s = values_string(t, i);
            elements[i] = s.ptr;
            lens[i] = s.len;
        }
        mk_strings(out, elements, lens, count, big_endian, crc);
        return;
    }
    unsigned unit = dtype_known(t->dtype) ? dtype_bytes(t->dtype) : 1;
    unit = t->dtype == DTYPE_COMPLEX64 || t->dtype == DTYPE_COMPLEX128 ? unit / 2 : unit;
    mkbuf_add(out, t->values.data, t->values.len);
    for (size_t at = 0; big_endian && unit > 1 && at < out->len; at += unit) {
        for (unsigned k = 0; k < unit; k++) {
            out->data[at + k] = t->values.data[at + unit - 1 - k];
        }
    }
    *crc = mk_mask(mk_crc32c(out->data, out->len));
}

static void encode_variants(const struct made_tensor *t, struct mkbuf *out, uint32_t *crc)
{
    struct mkbuf summed = {0};
    *crc = mk_mask(mk_crc32c("", 0));
    for (size_t i = 0; i < t->ends.len / 8; i++) {
        struct str s = values_string(t, i);
        uint64_t len = s.len;
        mkbuf_varint(out, len);
        mkbuf_add(out, s.ptr, s.len);
        mkbuf_add(&summed, &len, sizeof(len));
        mkbuf_add(&summed, s.ptr, s.len);
        *crc = mk_mask(mk_crc32c(summed.data, summed.len));
        mkbuf_le32(out, *crc);
        mkbuf_le32(&summed, *crc);
        *crc = mk_mask(mk_crc32c(summed.data, summed.len));
    }
    mkbuf_free(&summed);
}

struct bundle {
    struct made_checkpoint *made;
    struct mkckpt out;
    unsigned count; /* of shards, in file names */
};

/* Puts values of `part`, all of t or a box of it, into a shard: their entry, and the run in t. */
static struct mkentry store(struct bundle *b, struct made_tensor *t, const struct made_tensor *part,
                            unsigned shard, struct str words)
{
    struct mkbuf *file = &b->out.shards[shard];
    struct mkbuf bytes = {0};
    struct mkentry e = {.dtype = t->dtype, .rank = part->rank, .dims = part->dims, .shard = shard};
    mkbuf_fill(file, 0xee, (size_t)((uint64_t)word_number(words, "gap", 0) % GAP_MOST));
    if (t->dtype == DTYPE_VARIANT) {
        encode_variants(part, &bytes, &e.crc);
    } else {
        encode(part, b->made->big_endian, &bytes, &e.crc);
    }
    uint32_t change = (uint32_t)word_number(words, "crc", 0);
    t->runs[t->run_count++] = (struct made_run){.file = UNWRITTEN + shard,
                                                .off = file->len,
                                                .bytes = bytes.len,
                                                .damaged = change != 0,
                                                .wrong = change != 0};
    t->damaged |= change != 0;
    e.off = file->len;
    e.bytes = bytes.len;
    e.crc ^= change;
    mkbuf_add(file, bytes.data, bytes.len);
    mkbuf_free(&bytes);
    return e;
}

/* Makes the entry what words say, whatever was stored. */
static void tamper(struct made_tensor *t, struct mkentry *e, struct mkbuf *record, struct str words)
{
    static const char *const names[] = {"said_dtype", "said_shard", "said_off", "said_size"};
    uint64_t *const fields[] = {&e->dtype, &e->shard, &e->off, &e->bytes};
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (word_value(words, names[i]).ptr) {
            *fields[i] = (uint64_t)word_number(words, names[i], 0);
            t->known = false;
        }
    }
    mk_entry(record, e);
    struct str raw = word_value(words, "raw");
    if (raw.ptr) {
        add_hex(record, raw);
        t->known = false;
    }
}

static void add_whole(struct bundle *b, struct made_tensor *t, struct str words)
{
    unsigned shard = (unsigned)((uint64_t)word_number(words, "shard", 0) % b->out.num_shards);
    struct mkbuf record = {0};
    struct mkentry e = store(b, t, t, shard, words);
    tamper(t, &e, &record, words);
    mkckpt_record(&b->out, t->key.data, t->key.len, record.data, record.len);
    mkbuf_free(&record);
}

static void add_extents(struct mkbuf *record, const struct made_box *box, unsigned rank)
{
    struct mkbuf slice = {0};
    for (unsigned k = 0; k < rank; k++) {
        struct mkbuf extent = {0};
        mkbuf_field(&extent, 1, (uint64_t)box->start[k]);
        mkbuf_field(&extent, 2, (uint64_t)box->len[k]);
        mkbuf_message(&slice, 1, extent.data, extent.len);
        mkbuf_free(&extent);
    }
    mkbuf_message(record, 7, slice.data, slice.len);
    mkbuf_free(&slice);
}

static void add_part(struct bundle *b, struct made_tensor *t, const struct made_box *box,
                     unsigned number, struct str words)
{
    struct made_tensor part;
    struct mkbuf name = {0}, key = {0}, record = {0};
    values_of_box(t, box, &part);
    unsigned shard =
        (unsigned)(((uint64_t)word_number(words, "shard", 0) + number) % b->out.num_shards);
    struct mkentry e = store(b, t, &part, shard, words);
    tamper(t, &e, &record, words);
    mkbuf_add(&name, t->key.data, t->key.len);
    mkbuf_u8(&name, 0);
    mk_slice_key(&key, (const char *)name.data, t->rank, box->start, box->len);
    mkckpt_record(&b->out, key.data, key.len, record.data, record.len);
    mkbuf_free(&name);
    mkbuf_free(&key);
    mkbuf_free(&record);
    mkbuf_free(&part.values);
    mkbuf_free(&part.ends);
}

/* Whether mk_slice_key can make the keys. */
static bool has_slice_keys(const struct made_tensor *t)
{
    bool good = t->key.len > 0 && !memchr(t->key.data, 0, t->key.len) &&
                !memchr(t->key.data, 0xff, t->key.len);
    for (unsigned k = 0; k < t->rank; k++) {
        good &= t->dims[k] <= SLICE_NUMBER_MOST;
    }
    return good;
}

static void add_parts(struct bundle *b, struct made_tensor *t, const struct made_box *boxes,
                      unsigned count, struct str words)
{
    struct mkbuf owner = {0};
    mk_entry(&owner, &(struct mkentry){.dtype = t->dtype, .rank = t->rank, .dims = t->dims});
    int64_t lost = word_number(words, "lost", -1);
    int64_t only = word_number(words, "only", -1);
    for (unsigned i = 0; i < count; i++) {
        bool listed = only < 0 || i % 2 == (unsigned)only % 2;
        if (listed) {
            add_extents(&owner, &boxes[i], t->rank);
        }
        if (listed && i != lost) {
            add_part(b, t, &boxes[i], i, words);
        }
    }
    t->known &= lost < 0 && only < 0;
    mkckpt_record(&b->out, t->key.data, t->key.len, owner.data, owner.len);
    mkbuf_free(&owner);
}

static void add_tensor(struct bundle *b, struct str line)
{
    struct str words;
    struct made_tensor *t = made_tensor_add(b->made, line, &words);
    struct made_box boxes[MADE_RUNS];
    unsigned parts = t && has_slice_keys(t) ? made_parts(t, words, boxes) : 0;
    if (parts) {
        add_parts(b, t, boxes, parts, words);
    } else if (t) {
        add_whole(b, t, words);
    }
}

/* The object graph is a string like any other. */
static void add_objects(struct bundle *b, struct str lines)
{
    struct mkbuf graph = {0};
    struct str none;
    made_objects(&graph, lines);
    struct made_tensor *t =
        graph.len ? made_tensor_add(b->made, STR(GRAPH_KEY " string . text="), &none) : NULL;
    if (t) {
        uint64_t end = graph.len;
        t->ends.len = 0;
        mkbuf_add(&t->values, graph.data, graph.len);
        mkbuf_add(&t->ends, &end, sizeof(end));
        add_whole(b, t, STR(""));
    }
    mkbuf_free(&graph);
}

static void write_data(struct made *m, struct bundle *b)
{
    for (unsigned i = 0; i < b->out.num_shards; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s.data-%05u-of-%05u", b->made->prefix, i, b->count);
        int number = made_write(m, path, &b->out.shards[i]);
        for (unsigned k = 0; k < b->made->count; k++) {
            struct made_tensor *t = &b->made->tensors[k];
            for (unsigned r = 0; r < t->run_count; r++) {
                if (t->runs[r].file == UNWRITTEN + i) {
                    t->runs[r].file = (uint32_t)number;
                    t->known &= number >= 0;
                }
            }
        }
    }
}

static void write_index(struct made *m, struct bundle *b, struct str words)
{
    char path[512];
    struct mktable t;
    mktable_init(&t);
    t.snappy = has_word(words, "snappy");
    t.block_bytes = (size_t)(word_number(words, "block", 4096) & 0xfffff) + 1;
    t.restart_interval = (unsigned)(word_number(words, "restart", 16) & 255) + 1;
    mkckpt_into_table(&b->out, &t);
    mktable_finish(&t);
    snprintf(path, sizeof(path), "%s.index", b->made->prefix);
    (void)made_write(m, path, &t.file);
    mktable_free(&t);
}

static void write_header(struct bundle *b, struct str words)
{
    struct mkbuf version = {0};
    mkbuf_field(&version, 1, 1);
    mkbuf_field(&version, 2, (uint64_t)word_number(words, "min_consumer", 0));
    b->out.header.len = 0;
    mkbuf_field(&b->out.header, 1, (uint64_t)word_number(words, "header", b->count));
    mkbuf_field(&b->out.header, 2, b->made->big_endian);
    mkbuf_message(&b->out.header, 3, version.data, version.len);
    mkbuf_free(&version);
}

void make_bundle(struct made *m, const struct section *s)
{
    static struct bundle b;
    struct str lines = s->body;
    struct str line;
    b = (struct bundle){.made = made_checkpoint_add(m, s)};
    if (!b.made) {
        return;
    }
    b.made->big_endian = has_word(s->head, "big");
    unsigned shards = (unsigned)((uint64_t)word_number(s->head, "shards", 1) % MK_SHARDS_MOST);
    mkckpt_init(&b.out, shards ? shards : 1);
    b.count = (unsigned)word_number(s->head, "count", b.out.num_shards);
    write_header(&b, s->head);
    while (take_line(&lines, &line)) {
        if (!str_starts(line, STR("@"))) {
            add_tensor(&b, line);
        }
    }
    add_objects(&b, s->body);
    for (unsigned i = 0; i < b.made->count; i++) { /* another count may lead to other files */
        b.made->tensors[i].known &= !word_value(s->head, "header").ptr;
    }
    write_data(m, &b);
    write_index(m, &b, s->head);
    mkckpt_free(&b.out);
}
