/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/sstable_block.h"

#include <inttypes.h>
#include <snappy-c.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/pages.h"

/* Room for `need` bytes; the content is not kept. */
static bool make_room(char **buffer, size_t *cap, size_t need)
{
    if (need <= *cap) {
        return true;
    }
    pages_unmap(*buffer, *cap);
    *buffer = pages_map(need);
    *cap = *buffer ? need : 0;
    return *buffer;
}

static errint unpack_snappy(const struct sstable_source *src, struct sstable_handle h,
                            const char *stored, char **plain, size_t *cap, struct str *out)
{
    size_t len;
    if (snappy_uncompressed_length(stored, (size_t)h.bytes, &len) != SNAPPY_OK) {
        return SSTABLE_CORRUPT(src, "the snappy block at byte %" PRIu64 " has no length", h.off);
    }
    if (len > h.bytes * SSTABLE_SNAPPY_MOST || len > SSTABLE_BLOCK_MOST) {
        return SSTABLE_LIMIT(src,
                             "the snappy block at byte %" PRIu64 " claims %zu bytes out of %" PRIu64
                             ", the limit is %d "
                             "times as many and %d",
                             h.off, len, h.bytes, SSTABLE_SNAPPY_MOST, SSTABLE_BLOCK_MOST);
    }
    if (!make_room(plain, cap, len + !len)) {
        return diag_no_memory(src->d);
    }
    size_t got = len;
    if (snappy_uncompress(stored, (size_t)h.bytes, *plain, &got) != SNAPPY_OK || got != len) {
        return SSTABLE_CORRUPT(
            src, "the snappy block at byte %" PRIu64 " does not unpack to the %zu bytes it claims",
            h.off, len);
    }
    *out = str_of(*plain, len);
    return 0;
}

/* The checksum that a block has, of its bytes and its type, and the one that its trailer says. */
static bool sums_agree(struct sstable_handle h, const char *stored, uint32_t *crc,
                       uint32_t *stored_crc)
{
    size_t len = (size_t)h.bytes;
    struct cursor trailer = cursor_over(stored + len + 1, SSTABLE_TRAILER - 1);
    *stored_crc = cursor_le32(&trailer);
    *crc = crc32c_mask(crc32c_extend(0, stored, len + 1));
    return *crc == *stored_crc;
}

errint sstable_unpack(struct sstable_stored b, const char *stored, char *plain, size_t bytes)
{
    size_t len = (size_t)b.handle.bytes;
    size_t got;
    bool good = crc32c_mask(crc32c_extend(0, stored, len + 1)) == b.crc32c &&
                stored[len] == SSTABLE_SNAPPY &&
                snappy_uncompressed_length(stored, len, &got) == SNAPPY_OK && got == bytes &&
                snappy_uncompress(stored, len, plain, &got) == SNAPPY_OK && got == bytes;
    return good ? 0 : -EBADMSG;
}

/* The content of the block at `h`, in `stored` with its trailer, or unpacked into *plain, which has
 * room for *cap bytes and is grown. */
static errint content_of(const struct sstable_source *src, struct sstable_handle h,
                         const char *stored, char **plain, size_t *cap, struct str *out)
{
    size_t len = (size_t)h.bytes;
    uint32_t crc;
    uint32_t stored_crc;
    if (!sums_agree(h, stored, &crc, &stored_crc)) {
        return SSTABLE_CORRUPT(src,
                               "the block at byte %" PRIu64
                               " (%zu bytes) has the checksum %08x, its trailer says "
                               "%08x",
                               h.off, len, crc, stored_crc);
    }
    unsigned type = (unsigned char)stored[len];
    if (type == SSTABLE_SNAPPY) {
        return unpack_snappy(src, h, stored, plain, cap, out);
    }
    if (type != SSTABLE_PLAIN) {
        return SSTABLE_CORRUPT(
            src, "the block at byte %" PRIu64 " has the compression type %u, expected 0 or 1",
            h.off, type);
    }
    *out = str_of(stored, len);
    return 0;
}

/* The stored bytes, checked and without compression. */
static errint read_plain(struct sstable_block *b, const struct sstable_source *src,
                         struct str *plain)
{
    struct sstable_handle h = b->handle;
    if (h.bytes > SSTABLE_BLOCK_MOST) {
        return SSTABLE_LIMIT(src,
                             "the block at byte %" PRIu64 " has %" PRIu64 " bytes, the limit is %d",
                             h.off, h.bytes, SSTABLE_BLOCK_MOST);
    }
    size_t len = (size_t)h.bytes;
    if (!make_room(&b->stored, &b->stored_cap, len + SSTABLE_TRAILER)) {
        return diag_no_memory(src->d);
    }
    if (io_read(src->io, NULL, h.off, len + SSTABLE_TRAILER, b->stored) < 0) {
        return diag_error(src->d, DIAG_FILE_UNREADABLE, src->io->name, STR(""),
                          "cannot read %zu bytes at byte %" PRIu64, len + SSTABLE_TRAILER, h.off);
    }
    return content_of(src, h, b->stored, &b->plain, &b->plain_cap, plain);
}

errint sstable_block_load(struct sstable_block *b, const struct sstable_source *src,
                          struct sstable_handle h)
{
    b->handle = h;
    b->start = "";
    b->entries = cursor_over("", 0);
    struct str plain = STR("");
    errint rc = read_plain(b, src, &plain);
    if (rc < 0) {
        return rc;
    }
    if (plain.len < 4) {
        return SSTABLE_CORRUPT(src,
                               "the block at byte %" PRIu64 " holds %zu bytes, expected at least 4",
                               h.off, plain.len);
    }
    struct cursor tail = cursor_over(plain.ptr + plain.len - 4, 4);
    uint64_t restarts = cursor_le32(&tail);
    if (restarts > (plain.len - 4) / 4) {
        return SSTABLE_CORRUPT(src,
                               "the block at byte %" PRIu64 " has %" PRIu64
                               " restarts, %zu bytes hold at most %zu",
                               h.off, restarts, plain.len, (plain.len - 4) / 4);
    }
    /* No restarts is an empty block whatever lies before, as for TensorFlow (block.cc,
     * Block::NewIterator). */
    size_t entries = restarts ? plain.len - 4 - 4 * (size_t)restarts : 0;
    b->start = plain.ptr;
    b->entries = cursor_over(plain.ptr, entries);
    return 0;
}

int sstable_block_next(struct sstable_block *b, const struct sstable_source *src,
                       struct sstable_entry *e)
{
    struct cursor *c = &b->entries;
    size_t left = cursor_left(c);
    if (left == 0) {
        return 0;
    }
    size_t at = (size_t)((const char *)c->pos - b->start);
    uint64_t unshared;
    uint64_t value;
    if (left >= 3 && (c->pos[0] | c->pos[1] | c->pos[2]) < 0x80) {
        e->shared = c->pos[0];
        unshared = c->pos[1];
        value = c->pos[2];
        c->pos += 3;
    } else {
        e->shared = cursor_varint32(c);
        unshared = cursor_varint32(c);
        value = cursor_varint32(c);
    }
    if (!c->bad &&
        ((uint64_t)e->shared + unshared > SSTABLE_KEY_MOST || value > SSTABLE_VALUE_MOST)) {
        return SSTABLE_LIMIT(src,
                             "entry at byte %zu of the block at byte %" PRIu64 ": a key of %" PRIu64
                             " bytes with a value of %" PRIu64 ", the limits are %d and %d",
                             at, b->handle.off, e->shared + unshared, value, SSTABLE_KEY_MOST,
                             SSTABLE_VALUE_MOST);
    }
    e->unshared = cursor_bytes(c, unshared);
    e->value = cursor_bytes(c, value);
    if (c->bad) {
        return SSTABLE_CORRUPT(src,
                               "entry at byte %zu of the block at byte %" PRIu64
                               " passes the end of the entries, which "
                               "are %zu bytes",
                               at, b->handle.off, at + left);
    }
    return 1;
}

void sstable_block_fini(struct sstable_block *b)
{
    pages_unmap(b->stored, b->stored_cap);
    pages_unmap(b->plain, b->plain_cap);
    *b = (struct sstable_block){0};
}
