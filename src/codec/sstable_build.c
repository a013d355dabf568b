/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/sstable_build.h"

#include <stdlib.h>

#include "base/crc32c.h"
#include "base/grow.h"
#include "base/put.h"
#include "io/file_kind.h"

enum { BLOCK_BYTES = 256 << 10, RESTART_INTERVAL = 16 };

static void put_handle(struct buf *b, struct sstable_handle h)
{
    put_varint(b, h.off);
    put_varint(b, h.bytes);
}

static void put_restarts(struct buf *b, const uint32_t *restarts, size_t count)
{
    if (count == 0) {
        put_le32(b, 0); /* an empty block has one */
        count = 1;
    } else {
        for (size_t i = 0; i < count; i++) {
            put_le32(b, restarts[i]);
        }
    }
    put_le32(b, (uint32_t)count);
}

/* The masked checksum over a block and its type byte. */
static uint32_t checksum(const char *block, uint64_t bytes)
{
    return crc32c_mask(crc32c_extend(0, block, bytes + 1));
}

/* The trailer of the uncompressed block that ends where the table does. */
static struct sstable_handle put_trailer(struct sstable_build *b, size_t start)
{
    struct sstable_handle h = {start, b->out.len - start};
    buf_char(&b->out, SSTABLE_PLAIN);
    put_le32(&b->out, b->out.failed ? 0 : checksum(b->out.data + start, h.bytes));
    return h;
}

/* ---- the index block ------------------------------------------------------------------------- */

/* How many bytes two keys have in common at their beginnings. */
static size_t shared_bytes(struct str a, struct str b)
{
    size_t most = a.len < b.len ? a.len : b.len;
    size_t i = 0;
    while (i < most && a.ptr[i] == b.ptr[i]) {
        i++;
    }
    return i;
}

/* A key >= the last of a block and < `next`, as short as TensorFlow makes it (leveldb's
 * FindShortestSeparator). */
static size_t separator(char *last, size_t len, struct str next)
{
    size_t i = shared_bytes(str_of(last, len), next);
    if (i < len && i < next.len) {
        unsigned char low = (unsigned char)last[i];
        if (low < 0xff && low + 1 < (unsigned char)next.ptr[i]) {
            last[i] = (char)(low + 1);
            return i + 1;
        }
    }
    return len;
}

/* A key >= the last of the table (FindShortSuccessor). */
static size_t successor(char *last, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)last[i] != 0xff) {
            last[i] = (char)(last[i] + 1);
            return i + 1;
        }
    }
    return len;
}

/* The index entry of the newest data block, whose key is the first `len` bytes of b->last. */
static void put_index(struct sstable_build *b, size_t len)
{
    if (!grow(&b->index_restarts, &b->index_cap, b->index_count, sizeof(*b->index_restarts))) {
        b->failed = true;
        return;
    }
    b->index_restarts[b->index_count++] = (uint32_t)b->index.len;
    CLEANUP_BUF struct buf value = {0};
    put_handle(&value, b->blocks[b->block_count - 1]);
    put_varint(&b->index, 0);
    put_varint(&b->index, len);
    put_varint(&b->index, value.len);
    buf_add(&b->index, b->last.data, len);
    buf_str(&b->index, buf_view(&value));
    b->failed |= value.failed;
    b->pending = false;
}

/* ---- data blocks ----------------------------------------------------------------------------- */

static void end_block(struct sstable_build *b)
{
    if (b->out.len == b->block_start) {
        return;
    }
    put_restarts(&b->out, b->restarts, b->restart_count);
    struct sstable_handle h = put_trailer(b, b->block_start);
    if (!grow(&b->blocks, &b->block_cap, b->block_count, sizeof(*b->blocks))) {
        b->failed = true;
        return;
    }
    b->blocks[b->block_count++] = h;
    b->block_start = b->out.len;
    b->restart_count = 0;
    b->run = 0;
    b->pending = true;
}

static void put_entry(struct sstable_build *b, struct str key, size_t value_len)
{
    size_t shared = 0;
    if (b->run == RESTART_INTERVAL || b->restart_count == 0) {
        if (!grow(&b->restarts, &b->restart_cap, b->restart_count, sizeof(*b->restarts))) {
            b->failed = true;
            return;
        }
        b->restarts[b->restart_count++] = (uint32_t)(b->out.len - b->block_start);
        b->run = 0;
    } else {
        shared = shared_bytes(buf_view(&b->last), key);
    }
    put_varint(&b->out, shared);
    put_varint(&b->out, key.len - shared);
    put_varint(&b->out, value_len);
    buf_str(&b->out, str_from_pos(key, shared));
    b->run++;
}

size_t sstable_build_add(struct sstable_build *b, struct str key, struct str value)
{
    if (b->failed || b->out.failed) {
        return 0;
    }
    if (key.len + value.len >= 2 * (size_t)BLOCK_BYTES) {
        end_block(b);
    }
    if (b->pending) {
        put_index(b, b->last.len ? separator(b->last.data, b->last.len, key) : 0);
    }
    put_entry(b, key, value.len);
    size_t at = b->out.len;
    buf_str(&b->out, value);
    b->last.len = 0;
    buf_str(&b->last, key);
    if (b->out.len - b->block_start + 4 * b->restart_count + 4 >= BLOCK_BYTES) {
        end_block(b);
    }
    return at;
}

errint sstable_build_finish(struct sstable_build *b)
{
    unsigned char magic[8];
    put_le64_at(magic, FILE_TABLE_MAGIC);
    end_block(b);
    size_t start = b->out.len;
    put_restarts(&b->out, NULL, 0);
    struct sstable_handle metaindex = put_trailer(b, start);
    if (b->pending) {
        put_index(b, b->last.len ? successor(b->last.data, b->last.len) : 0);
    }
    start = b->out.len;
    buf_str(&b->out, buf_view(&b->index));
    put_restarts(&b->out, b->index_restarts, b->index_count);
    struct sstable_handle index = put_trailer(b, start);
    start = b->out.len;
    put_handle(&b->out, metaindex);
    put_handle(&b->out, index);
    while (!b->out.failed && b->out.len - start < SSTABLE_HANDLES) {
        buf_char(&b->out, 0);
    }
    buf_add(&b->out, magic, sizeof(magic));
    return b->failed || b->out.failed || b->index.failed || b->last.failed ? -ENOMEM : 0;
}

void sstable_build_seal(struct sstable_build *b)
{
    for (size_t i = 0; i < b->block_count; i++) {
        struct sstable_handle h = b->blocks[i];
        uint32_t crc = checksum(b->out.data + h.off, h.bytes);
        put_le32_at(b->out.data + h.off + h.bytes + 1, crc);
    }
}

void sstable_build_fini(struct sstable_build *b)
{
    buf_fini(&b->out);
    buf_fini(&b->index);
    buf_fini(&b->last);
    free(b->blocks);
    free(b->index_restarts);
    free(b->restarts);
    *b = (struct sstable_build){0};
}
