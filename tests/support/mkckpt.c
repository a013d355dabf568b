/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mkckpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what)
{
    perror(what);
    abort();
}

void mkbuf_free(struct mkbuf *b)
{
    free(b->data);
    *b = (struct mkbuf){0};
}

static uint8_t *extend(struct mkbuf *b, size_t len)
{
    if (b->len + len > b->cap) {
        b->cap = (b->len + len) * 2 + 64;
        b->data = realloc(b->data, b->cap);
        if (!b->data) {
            die("mkbuf");
        }
    }
    b->len += len;
    return b->data + b->len - len;
}

void mkbuf_add(struct mkbuf *b, const void *bytes, size_t len)
{
    if (len) {
        memcpy(extend(b, len), bytes, len);
    }
}

void mkbuf_fill(struct mkbuf *b, int byte, size_t count)
{
    if (count) {
        memset(extend(b, count), byte, count);
    }
}

void mkbuf_u8(struct mkbuf *b, unsigned byte)
{
    *extend(b, 1) = (uint8_t)byte;
}

void mkbuf_le32(struct mkbuf *b, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        mkbuf_u8(b, value >> 8 * i & 0xff);
    }
}

void mkbuf_varint(struct mkbuf *b, uint64_t value)
{
    for (; value > 0x7f; value >>= 7) {
        mkbuf_u8(b, (value & 0x7f) | 0x80);
    }
    mkbuf_u8(b, (unsigned)value);
}

void mkbuf_field(struct mkbuf *b, unsigned number, uint64_t value)
{
    if (value) {
        mkbuf_varint(b, number << 3);
        mkbuf_varint(b, value);
    }
}

void mkbuf_message(struct mkbuf *b, unsigned number, const void *bytes, size_t len)
{
    mkbuf_varint(b, number << 3 | 2);
    mkbuf_varint(b, len);
    mkbuf_add(b, bytes, len);
}

uint32_t mk_crc32c(const void *bytes, size_t len)
{
    static uint32_t table[256];
    if (!table[1]) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;
            for (int bit = 0; bit < 8; bit++) {
                c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
            }
            table[i] = c;
        }
    }
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < len; i++) {
        crc = table[(crc ^ ((const uint8_t *)bytes)[i]) & 0xff] ^ crc >> 8;
    }
    return ~crc;
}

uint32_t mk_mask(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

void mk_write_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    if (!f || (len && fwrite(bytes, 1, len, f) != len) || fclose(f) != 0) {
        die(path);
    }
}

void mktable_init(struct mktable *t)
{
    *t = (struct mktable){.block_bytes = 262144,
                          .restart_interval = 16,
                          .restart_count = -1,
                          .magic = 0xdb4775248b80fb57u};
}

void mktable_free(struct mktable *t)
{
    mkbuf_free(&t->file);
    mkbuf_free(&t->block);
    mkbuf_free(&t->index);
    mkbuf_free(&t->restarts);
    mkbuf_free(&t->index_restarts);
    mkbuf_free(&t->last_key);
}

/* Raw snappy of literals only: a block for tests need not be smaller, but must be valid. */
static void snappy_literals(struct mkbuf *out, const uint8_t *bytes, size_t len)
{
    mkbuf_varint(out, len);
    for (size_t at = 0; at < len;) {
        size_t run = len - at < 60 ? len - at : 60;
        mkbuf_u8(out, (unsigned)(run - 1) << 2);
        mkbuf_add(out, bytes + at, run);
        at += run;
    }
}

struct mkhandle mktable_raw_block(struct mktable *t, const void *content, size_t len, unsigned type,
                                  uint32_t crc_xor)
{
    struct mkhandle h = {.off = t->file.len, .bytes = len};
    mkbuf_add(&t->file, content, len);
    mkbuf_u8(&t->file, type);
    h.crc32c = mk_mask(mk_crc32c(t->file.data + h.off, len + 1)) ^ crc_xor;
    mkbuf_le32(&t->file, h.crc32c);
    return h;
}

static void add_entry(struct mkbuf *b, size_t shared, const void *key, size_t key_len,
                      const void *value, size_t value_len)
{
    mkbuf_varint(b, shared);
    mkbuf_varint(b, key_len - shared);
    mkbuf_varint(b, value_len);
    if (key_len > shared) {
        mkbuf_add(b, (const uint8_t *)key + shared, key_len - shared);
    }
    mkbuf_add(b, value, value_len);
}

void mktable_list(struct mktable *t, const void *key, size_t key_len, struct mkhandle h)
{
    struct mkbuf value = {0};
    mkbuf_varint(&value, h.off);
    mkbuf_varint(&value, h.bytes);
    mkbuf_le32(&t->index_restarts, (uint32_t)t->index.len);
    add_entry(&t->index, 0, key, key_len, value.data, value.len);
    mkbuf_free(&value);
}

void mktable_cut(struct mktable *t)
{
    size_t restarts = t->restarts.len / 4;
    if (restarts == 0) {
        mkbuf_le32(&t->restarts, 0);
        restarts = 1;
    }
    mkbuf_add(&t->block, t->restarts.data, t->restarts.len);
    mkbuf_le32(&t->block, t->restart_count < 0 ? (uint32_t)restarts : (uint32_t)t->restart_count);
    struct mkhandle h;
    if (t->snappy) {
        struct mkbuf packed = {0};
        snappy_literals(&packed, t->block.data, t->block.len);
        h = mktable_raw_block(t, packed.data, packed.len, 1, t->crc_xor);
        mkbuf_free(&packed);
    } else {
        h = mktable_raw_block(t, t->block.data, t->block.len, 0, t->crc_xor);
    }
    mktable_list(t, t->last_key.data, t->last_key.len,
                 h); /* the last key itself is a legal separator */
    t->block.len = t->restarts.len = 0;
    t->since_restart = 0;
}

void mktable_add(struct mktable *t, const void *key, size_t key_len, const void *value,
                 size_t value_len)
{
    size_t shared = 0;
    if (t->block.len == 0 || t->since_restart == t->restart_interval) {
        mkbuf_le32(&t->restarts, (uint32_t)t->block.len);
        t->since_restart = 0;
    } else {
        size_t most = key_len < t->last_key.len ? key_len : t->last_key.len;
        while (shared < most && ((const uint8_t *)key)[shared] == t->last_key.data[shared]) {
            shared++;
        }
    }
    t->since_restart++;
    add_entry(&t->block, shared, key, key_len, value, value_len);
    t->last_key.len = 0;
    mkbuf_add(&t->last_key, key, key_len);
    if (t->block.len + t->restarts.len + 4 >= t->block_bytes) {
        mktable_cut(t);
    }
}

void mktable_raw_entry(struct mktable *t, uint64_t shared, uint64_t unshared, uint64_t value_len,
                       const void *bytes, size_t len)
{
    if (t->block.len == 0) {
        mkbuf_le32(&t->restarts, 0);
    }
    mkbuf_varint(&t->block, shared);
    mkbuf_varint(&t->block, unshared);
    mkbuf_varint(&t->block, value_len);
    mkbuf_add(&t->block, bytes, len);
}

void mktable_finish(struct mktable *t)
{
    if (t->block.len) {
        mktable_cut(t);
    }
    struct mkhandle meta = mktable_raw_block(t, "\0\0\0\0\1\0\0\0", 8, 0, 0);
    uint32_t restarts = (uint32_t)(t->index_restarts.len / 4);
    if (restarts == 0) {
        mkbuf_le32(&t->index_restarts, 0);
        restarts = 1;
    }
    mkbuf_add(&t->index, t->index_restarts.data, t->index_restarts.len);
    mkbuf_le32(&t->index, restarts);
    struct mkhandle index = mktable_raw_block(t, t->index.data, t->index.len, 0, t->index_crc_xor);
    size_t footer = t->file.len;
    mkbuf_varint(&t->file, meta.off);
    mkbuf_varint(&t->file, meta.bytes);
    mkbuf_varint(&t->file, index.off + t->index_off_add);
    mkbuf_varint(&t->file, index.bytes + t->index_bytes_add);
    mkbuf_fill(&t->file, 0, footer + 40 - t->file.len);
    mkbuf_le32(&t->file, (uint32_t)t->magic);
    mkbuf_le32(&t->file, (uint32_t)(t->magic >> 32));
}

void mk_header(struct mkbuf *b, unsigned num_shards)
{
    mkbuf_field(b, 1, num_shards);
    mkbuf_message(b, 3, "\x08\x01", 2);
}

void mk_entry(struct mkbuf *b, const struct mkentry *e)
{
    struct mkbuf shape = {0};
    for (unsigned i = 0; i < e->rank; i++) {
        struct mkbuf dim = {0};
        mkbuf_field(&dim, 1, (uint64_t)e->dims[i]);
        mkbuf_message(&shape, 2, dim.data, dim.len);
        mkbuf_free(&dim);
    }
    mkbuf_field(b, 1, e->dtype);
    mkbuf_message(b, 2, shape.data, shape.len);
    mkbuf_free(&shape);
    mkbuf_field(b, 3, e->shard);
    mkbuf_field(b, 4, e->off);
    mkbuf_field(b, 5, e->bytes);
    mkbuf_u8(b, 6 << 3 | 5);
    mkbuf_le32(b, e->crc);
}

static void add_snum(struct mkbuf *b, int64_t value)
{
    if (value == -1 || (value >= 0 && value < 64)) {
        mkbuf_u8(b, value < 0 ? 0x7f : 0x80 | (unsigned)value);
    } else if (value >= 64 && value < 8192) {
        mkbuf_u8(b, 0xc0 | (unsigned)(value >> 8));
        mkbuf_u8(b, value & 0xff);
    } else {
        die("mk_slice_key: a number out of its range");
    }
}

void mk_slice_key(struct mkbuf *b, const char *name, unsigned rank, const int64_t *starts,
                  const int64_t *lengths)
{
    mkbuf_u8(b, 0);
    mkbuf_add(b, name, strlen(name));
    mkbuf_u8(b, 0);
    mkbuf_u8(b, 1);
    mkbuf_u8(b, rank > 0);
    if (rank) {
        mkbuf_u8(b, rank);
    }
    for (unsigned i = 0; i < rank; i++) {
        add_snum(b, starts[i]);
        add_snum(b, lengths[i]);
    }
}

struct mkrecord {
    struct mkbuf key;
    struct mkbuf value;
};

void mkckpt_init(struct mkckpt *c, unsigned num_shards)
{
    *c = (struct mkckpt){.num_shards = num_shards};
    mk_header(&c->header, num_shards);
}

void mkckpt_free(struct mkckpt *c)
{
    for (size_t i = 0; i < c->count; i++) {
        mkbuf_free(&c->records[i].key);
        mkbuf_free(&c->records[i].value);
    }
    for (unsigned i = 0; i < MK_SHARDS_MOST; i++) {
        mkbuf_free(&c->shards[i]);
    }
    mkbuf_free(&c->header);
    free(c->records);
}

void mkckpt_record(struct mkckpt *c, const void *key, size_t key_len, const void *value,
                   size_t value_len)
{
    if ((c->count & (c->count - 1)) == 0) {
        c->records = realloc(c->records, (c->count ? c->count * 2 : 1) * sizeof(*c->records));
        if (!c->records) {
            die("mkckpt");
        }
    }
    struct mkrecord *r = &c->records[c->count++];
    *r = (struct mkrecord){0};
    mkbuf_add(&r->key, key, key_len);
    mkbuf_add(&r->value, value, value_len);
}

void mkckpt_tensor(struct mkckpt *c, const char *name, unsigned dtype, unsigned rank,
                   const int64_t *dims, unsigned shard, const void *bytes, size_t len)
{
    struct mkbuf value = {0};
    mk_entry(&value, &(struct mkentry){.dtype = dtype,
                                       .rank = rank,
                                       .dims = dims,
                                       .shard = shard,
                                       .off = c->shards[shard].len,
                                       .bytes = len,
                                       .crc = mk_mask(mk_crc32c(bytes, len))});
    mkbuf_add(&c->shards[shard], bytes, len);
    mkckpt_record(c, name, strlen(name), value.data, value.len);
    mkbuf_free(&value);
}

static void fixed_length(struct mkbuf *b, uint32_t value, bool big_endian)
{
    for (unsigned i = 0; i < 4; i++) {
        mkbuf_u8(b, value >> (big_endian ? 24 - 8 * i : 8 * i) & 0xff);
    }
}

void mk_strings(struct mkbuf *b, const void *const *elements, const size_t *lens, size_t count,
                bool big_endian, uint32_t *crc)
{
    struct mkbuf summed = {0}; /* what the checksums are over */
    for (size_t i = 0; i < count; i++) {
        mkbuf_varint(b, lens[i]);
        fixed_length(&summed, (uint32_t)lens[i], big_endian);
    }
    uint32_t lengths = mk_mask(mk_crc32c(summed.data, summed.len));
    fixed_length(b, lengths, big_endian);
    fixed_length(&summed, lengths, big_endian);
    for (size_t i = 0; i < count; i++) {
        mkbuf_add(b, elements[i], lens[i]);
        mkbuf_add(&summed, elements[i], lens[i]);
    }
    *crc = mk_mask(mk_crc32c(summed.data, summed.len));
    mkbuf_free(&summed);
}

static int compare_records(const void *left, const void *right)
{
    const struct mkrecord *a = left;
    const struct mkrecord *b = right;
    size_t common = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = common ? memcmp(a->key.data, b->key.data, common) : 0;
    return order ? order : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

void mkckpt_into_table(struct mkckpt *c, struct mktable *t)
{
    if (c->count) {
        qsort(c->records, c->count, sizeof(*c->records), compare_records);
    }
    mktable_add(t, "", 0, c->header.data, c->header.len);
    for (size_t i = 0; i < c->count; i++) {
        struct mkrecord *r = &c->records[i];
        mktable_add(t, r->key.data, r->key.len, r->value.data, r->value.len);
    }
}

static void write_index(const char *prefix, struct mktable *t)
{
    char path[4096];
    mktable_finish(t);
    snprintf(path, sizeof(path), "%s.index", prefix);
    mk_write_file(path, t->file.data, t->file.len);
}

void mkckpt_write(struct mkckpt *c, const char *prefix)
{
    struct mktable t;
    mktable_init(&t);
    mkckpt_into_table(c, &t);
    write_index(prefix, &t);
    mktable_free(&t);
    for (unsigned i = 0; i < c->num_shards; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s.data-%05u-of-%05u", prefix, i, c->num_shards);
        mk_write_file(path, c->shards[i].data, c->shards[i].len);
    }
}

void mk_write_big_index(const char *prefix, unsigned count)
{
    static const int64_t dims[] = {16, 4};
    struct mkbuf value = {0};
    struct mktable t;
    mktable_init(&t);
    mk_header(&value, 1);
    mktable_add(&t, "", 0, value.data, value.len);
    for (unsigned i = 0; i < count; i++) {
        char name[64];
        int len = snprintf(name, sizeof(name), "model/layer_%06u/sub/kernel", i);
        value.len = 0;
        mk_entry(&value, &(struct mkentry){.dtype = 1,
                                           .rank = 2,
                                           .dims = dims,
                                           .off = i * UINT64_C(256),
                                           .bytes = 256,
                                           .crc = i});
        mktable_add(&t, name, (size_t)len, value.data, value.len);
    }
    write_index(prefix, &t);
    mktable_free(&t);
    mkbuf_free(&value);
}
