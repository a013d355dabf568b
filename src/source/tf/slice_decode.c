/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/slice_decode.h"

#include "base/cursor.h"

enum { SNUM_BYTES_MOST = 10 };

static uint8_t next_byte(struct cursor *c)
{
    struct str b = cursor_bytes(c, 1);
    return b.len ? (uint8_t)b.ptr[0] : 0;
}

static void decode_name(struct cursor *c, struct buf *name)
{
    for (;;) {
        const uint8_t *from = c->pos;
        while (c->pos < c->end && *c->pos != 0x00 && *c->pos != 0xff) {
            c->pos++;
        }
        buf_add(name, from, (size_t)(c->pos - from));
        uint8_t byte = next_byte(c);
        uint8_t next = next_byte(c);
        if (c->bad || (byte == 0x00 && next == 0x01)) {
            return;
        }
        c->bad |= (next ^ byte) != 0xff;
        buf_char(name, (char)byte);
    }
}

static uint64_t decode_num(struct cursor *c)
{
    unsigned len = next_byte(c);
    c->bad |= len > 8;
    uint64_t value = 0;
    while (len-- > 0 && !c->bad) {
        value = value << 8 | next_byte(c);
    }
    return value;
}

/* The sign is the top bit; the run of bits equal to it, which may reach into the second byte, is
 * the length; what follows, sign-extended, is the value. */
static int64_t decode_snum(struct cursor *c)
{
    uint8_t bytes[SNUM_BYTES_MOST] = {next_byte(c)};
    uint8_t flip = bytes[0] & 0x80 ? 0x00 : 0xff;
    unsigned len = 0;
    unsigned got = 1;
    bytes[0] ^= flip;
    while (len < 8 && bytes[0] & 0x80u >> len) {
        len++;
    }
    if (len == 8) {
        bytes[got++] = next_byte(c) ^ flip;
        if (bytes[1] & 0x80) {
            len += bytes[1] & 0x40 ? 2 : 1;
        }
        c->bad |= len == SNUM_BYTES_MOST && bytes[1] & 0x20;
    }
    while (got < len) {
        bytes[got++] = next_byte(c) ^ flip;
    }
    /* Take the header's ones away: what is left is the value, or its complement. */
    unsigned ones = len;
    for (unsigned i = 0; i < 2 && ones; i++) {
        unsigned here = ones < 8 ? ones : 8;
        bytes[i] &= (uint8_t)(0xffu >> here);
        ones -= here;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < len; i++) {
        c->bad |= value >> 56 != 0;
        value = value << 8 | bytes[i];
    }
    c->bad |= value > INT64_MAX;
    return flip ? ~(int64_t)value : (int64_t)value;
}

bool slice_decode(struct str key, struct buf *name, struct slice_decoded *out)
{
    name->len = 0;
    struct cursor c = cursor_over(key.ptr, key.len);
    c.bad = key.len == 0 || next_byte(&c) != 0x00;
    if (!c.bad) {
        decode_name(&c, name);
    }
    uint64_t rank = decode_num(&c);
    if (c.bad || rank > SHAPE_RANK_MOST || name->failed) {
        return false;
    }
    out->rank = (unsigned)rank;
    for (unsigned i = 0; i < out->rank && !c.bad; i++) {
        out->start[i] = decode_snum(&c);
        out->len[i] = decode_snum(&c);
    }
    return !c.bad && cursor_left(&c) == 0;
}
