/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "codec/sstable.h"
#include "fuzz/fuzz.h"
#include "io/io_bytes.h"

enum { FOOTER = 48, TRAILER = 5 };

static void put_le32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

/* The handle of a block; false where it does not lie in the file before the footer. */
static bool read_handle(struct cursor *c, size_t size, size_t *off, size_t *len)
{
    uint64_t at = cursor_varint64(c);
    uint64_t bytes = cursor_varint64(c);
    *off = (size_t)at;
    *len = (size_t)bytes;
    return !c->bad && at <= size - FOOTER && bytes <= size - FOOTER - at &&
           size - FOOTER - at - bytes >= TRAILER;
}

static void repair_block(uint8_t *data, size_t off, size_t len)
{
    put_le32(data + off + len + 1, mk_mask(mk_crc32c(data + off, len + 1)));
}

/* Magic and checksums made right: of the data blocks that an uncompressed index names, then of the
 * index. */
static void repair(uint8_t *data, size_t size)
{
    if (size < FOOTER) {
        return;
    }
    put_le32(data + size - 8, 0x8b80fb57u);
    put_le32(data + size - 4, 0xdb477524u);
    struct cursor footer = cursor_over(data + size - FOOTER, FOOTER - 8);
    (void)cursor_varint64(&footer);
    (void)cursor_varint64(&footer);
    size_t off, len;
    if (!read_handle(&footer, size, &off, &len)) {
        return;
    }
    struct cursor index = cursor_over(data + off, len);
    while (cursor_left(&index) && !index.bad) {
        (void)cursor_varint32(&index);
        uint64_t key = cursor_varint32(&index);
        uint64_t bytes = cursor_varint32(&index);
        (void)cursor_bytes(&index, key);
        struct str value = cursor_bytes(&index, bytes);
        struct cursor handle = cursor_over(value.ptr, value.len);
        size_t block, block_len;
        if (!index.bad && read_handle(&handle, size, &block, &block_len)) {
            repair_block(data, block, block_len);
        }
    }
    repair_block(data, off, len);
}

/* The records, up to where the table stops to be one. The first, if its key is "", is the header of
 * `out`. */
static size_t read_records(const uint8_t *data, size_t size, size_t changed, uint32_t *random,
                           struct mkckpt *out)
{
    struct io_bytes io;
    io_bytes_init(&io, data, size, "mutated");
    struct sstable *t;
    if (sstable_open(&io.io, NULL, &t) < 0) {
        return 0;
    }
    size_t count = 0;
    struct str key, value;
    for (; sstable_next(t, &key, &value) == 1; count++) {
        struct mkbuf k = {0}, v = {0};
        unsigned what = count == changed ? fuzz_random(random) % 16 : 16;
        if (what == 0) {
            continue; /* gone */
        }
        if (what < 4) {
            mutate_bytes_into(&k, (const uint8_t *)key.ptr, key.len);
        } else {
            mkbuf_add(&k, key.ptr, key.len);
        }
        if (what == 4) { /* and the old one stays */
            mkckpt_record(out, key.ptr, key.len, value.ptr, value.len);
            mkbuf_u8(&k, fuzz_random(random) & 255);
        } else if (what == 5) {
            mutate_bytes_into(&v, (const uint8_t *)value.ptr, value.len);
        } else if (what > 5 && what < 16) {
            mutate_message_into(&v, (const uint8_t *)value.ptr, value.len, random);
        }
        if (v.len == 0) {
            mkbuf_add(&v, value.ptr, value.len);
        }
        if (count == 0 && k.len == 0) {
            mkbuf_free(&out->header);
            mkbuf_add(&out->header, v.data, v.len);
        } else {
            mkckpt_record(out, k.data, k.len, v.data, v.len);
        }
        mkbuf_free(&k);
        mkbuf_free(&v);
    }
    sstable_close(t);
    return count;
}

/* The number of bytes, 0 if there was no table or it became too large. */
static size_t mutate_record(uint8_t *data, size_t size, size_t most, uint32_t *random)
{
    struct mkckpt records;
    mkckpt_init(&records, 1);
    size_t count = read_records(data, size, SIZE_MAX, random, &records);
    mkckpt_free(&records);
    if (count == 0) {
        return 0;
    }
    mkckpt_init(&records, 1);
    (void)read_records(data, size, fuzz_random(random) % count, random, &records);
    struct mktable t;
    mktable_init(&t);
    t.snappy = fuzz_random(random) % 8 == 0;
    t.restart_interval = 1 + fuzz_random(random) % 16;
    if (fuzz_random(random) % 4 == 0) {
        t.block_bytes = 16 + fuzz_random(random) % 512;
    }
    mkckpt_into_table(&records, &t);
    mktable_finish(&t);
    size_t len = t.file.len <= most ? t.file.len : 0;
    if (len) {
        memcpy(data, t.file.data, len);
    }
    mktable_free(&t);
    mkckpt_free(&records);
    return len;
}

size_t mutate_table(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    uint32_t random = seed;
    unsigned way = fuzz_random(&random) % 16;
    size_t len = way < 10 ? mutate_record(data, size, most, &random) : 0;
    if (len == 0) {
        len = LLVMFuzzerMutate(data, size, most);
        if (way < 15) {
            repair(data, len);
        }
    }
    return len;
}
