/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/slice_key.h"

#include <stdint.h>

#include "base/cursor.h"

enum { NUM_BYTES_MOST = 8, SNUM_BYTES_MOST = 10 };

static uint8_t next_byte(struct cursor *c)
{
    struct str b = cursor_bytes(c, 1);
    return b.len ? (uint8_t)b.ptr[0] : 0;
}

/* Up to and with the terminator 00 01. */
static void skip_string(struct cursor *c)
{
    while (!c->bad) {
        uint8_t byte = next_byte(c);
        if (byte != 0x00 && byte != 0xff) {
            continue;
        }
        uint8_t next = next_byte(c);
        if (byte == 0x00 && next == 0x01) {
            return;
        }
        c->bad |= (next ^ byte) != 0xff;
    }
}

static uint64_t read_num(struct cursor *c)
{
    unsigned len = next_byte(c);
    c->bad |= len > NUM_BYTES_MOST;
    uint64_t value = 0;
    while (len-- > 0 && !c->bad) {
        value = value << 8 | next_byte(c);
    }
    return value;
}

/* The length is the run of ones at the head, of zeros for a negative number; it may reach into the
 * second byte. */
static void skip_snum(struct cursor *c)
{
    uint8_t first = next_byte(c);
    uint8_t flip = first & 0x80 ? 0x00 : 0xff;
    uint8_t head = first ^ flip;
    unsigned len = 0;
    while (len < 8 && head & 0x80u >> len) {
        len++;
    }
    if (len < 8) {
        cursor_bytes(c, len - 1);
        return;
    }
    uint8_t second = next_byte(c) ^ flip;
    if (second & 0x80) {
        len += second & 0x40 ? 2 : 1;
    }
    c->bad |= len == SNUM_BYTES_MOST && second & 0x20;
    cursor_bytes(c, len - 2);
}

bool slice_key_valid(struct str key)
{
    struct cursor c = cursor_over(key.ptr, key.len);
    c.bad = key.len == 0 || next_byte(&c) != 0x00;
    skip_string(&c);
    uint64_t rank = read_num(&c);
    while (rank-- > 0 && !c.bad) {
        skip_snum(&c);
        skip_snum(&c);
    }
    return !c.bad && cursor_left(&c) == 0;
}

static void add_num(struct buf *b, uint64_t value)
{
    uint8_t bytes[9];
    unsigned len = 0;
    while (len < 8 && value >> (8 * len)) {
        len++;
    }
    bytes[0] = (uint8_t)len;
    for (unsigned i = 0; i < len; i++) {
        bytes[1 + i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    }
    buf_add(b, bytes, 1 + len);
}

/* The low bytes of the two's complement, big-endian, with the length's run of ones xored into the
 * first two. */
static void add_snum(struct buf *b, int64_t value)
{
    uint64_t magnitude = (uint64_t)(value < 0 ? ~value : value);
    unsigned bits = 0;
    while (bits < 64 && magnitude >> bits) {
        bits++;
    }
    unsigned len = bits <= 6 ? 1 : (bits + 1 + 6) / 7;
    uint8_t bytes[SNUM_BYTES_MOST];
    for (unsigned i = 0; i < len; i++) {
        unsigned shift = 8 * (len - 1 - i);
        uint8_t sign = value < 0 ? 0xff : 0x00;
        bytes[i] = (uint8_t)(shift < 64 ? (uint64_t)value >> shift : sign);
    }
    static const uint8_t heads[SNUM_BYTES_MOST + 1][2] = {
        {0, 0},    {0x80, 0}, {0xc0, 0}, {0xe0, 0},    {0xf0, 0},   {0xf8, 0},
        {0xfc, 0}, {0xfe, 0}, {0xff, 0}, {0xff, 0x80}, {0xff, 0xc0}};
    bytes[0] = (uint8_t)(bytes[0] ^ heads[len][0]);
    if (len > 1) {
        bytes[1] = (uint8_t)(bytes[1] ^ heads[len][1]);
    }
    buf_add(b, bytes, len);
}

void slice_key_encode(struct buf *b, struct str name, const int64_t *start, const int64_t *len,
                      unsigned rank)
{
    buf_char(b, '\0');
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = (uint8_t)name.ptr[i];
        buf_char(b, (char)byte);
        if (byte == 0x00 || byte == 0xff) {
            buf_char(b, (char)(byte ^ 0xff));
        }
    }
    buf_add(b, "\0\1", 2);
    add_num(b, rank);
    for (unsigned i = 0; i < rank; i++) {
        add_snum(b, start[i]);
        add_snum(b, len[i]);
    }
}
