/* SPDX-License-Identifier: Apache-2.0 */
#include "format/slice_key.h"

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

/* The length is the run of ones at the head, of zeros for a negative number; it may reach into the second byte. */
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
    len += second & 0x80 ? (second & 0x40 ? 2 : 1) : 0;
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
