/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded reader of records with a sticky error: past the end, or after a malformed number, every
 * read yields zero and `bad` stays set, so the caller checks once. All integers are little-endian;
 * varints are those of protobuf (7 bits a byte, low group first). */
#ifndef CKPTFS_BASE_CURSOR_H
#define CKPTFS_BASE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct cursor {
    const uint8_t *pos;
    const uint8_t *end;
    bool bad;
};

static inline struct cursor cursor_over(const void *bytes, size_t len)
{
    return (struct cursor){bytes, (const uint8_t *)bytes + len, false};
}

static inline size_t cursor_left(const struct cursor *c)
{
    return c->bad ? 0 : (size_t)(c->end - c->pos);
}

/* The next `len` bytes, borrowed; an empty run if there are fewer. */
static inline struct str cursor_bytes(struct cursor *c, uint64_t len)
{
    if (len > cursor_left(c)) {
        c->bad = true;
        return (struct str){"", 0};
    }
    struct str run = {(const char *)c->pos, (size_t)len};
    c->pos += len;
    return run;
}

static inline uint32_t cursor_le32(struct cursor *c)
{
    struct str b = cursor_bytes(c, 4);
    const uint8_t *p = (const uint8_t *)b.ptr;
    return b.len
               ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24
               : 0;
}

static inline uint64_t cursor_le64(struct cursor *c)
{
    uint64_t low = cursor_le32(c);
    return low | (uint64_t)cursor_le32(c) << 32;
}

/* A varint of at most 10 bytes whose value fits 64 bits. */
static inline uint64_t cursor_varint64(struct cursor *c)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (cursor_left(c) == 0) {
            break;
        }
        uint8_t byte = *c->pos++;
        if (shift == 63 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    c->bad = true;
    return 0;
}

/* A varint of at most 5 bytes whose value fits 32 bits. */
static inline uint32_t cursor_varint32(struct cursor *c)
{
    const uint8_t *start = c->pos;
    uint64_t value = cursor_varint64(c);
    if (value > UINT32_MAX || c->pos - start > 5) {
        c->bad = true;
        return 0;
    }
    return (uint32_t)value;
}

#endif
