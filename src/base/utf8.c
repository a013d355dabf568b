/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

#include "base/errint.h"

/* How many bytes begin with that one; 0 if none do. */
static size_t sequence_bytes(unsigned char first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    if (first < 0xe0) {
        return 2;
    }
    return first < 0xf0 ? 3 : 4;
}

size_t utf8_sequence(struct str s, size_t pos)
{
    const unsigned char *p = (const unsigned char *)s.ptr + pos;
    size_t left = s.len - pos;
    size_t len = sequence_bytes(p[0]);

    if (len == 0 || len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates, and what lies beyond U+10FFFF show in the second byte. */
    bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
               (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return len > 1 && bad ? 0 : len;
}

/* Whether the eight bytes from `p` on are ASCII. */
static bool ascii_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_valid(struct str s)
{
    for (size_t pos = 0; pos < s.len;) {
        size_t left = s.len - pos;
        if (s.len >= 8 && ascii_word(left >= 8 ? s.ptr + pos : s.ptr + s.len - 8)) {
            pos += left >= 8 ? 8 : left;
            continue;
        }
        size_t len = utf8_sequence(s, pos);
        if (len == 0) {
            return false;
        }
        pos += len;
    }
    return true;
}

uint32_t utf8_decode(const void *p, size_t len)
{
    const unsigned char *bytes = p;
    uint32_t c = len == 1 ? bytes[0] : bytes[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        c = c << 6 | (bytes[i] & 0x3fu);
    }
    return c;
}

bool utf8_shown(uint32_t c)
{
    /* First and last, ascending. */
    static const uint32_t unseen[][2] = {
        {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
        {0x061c, 0x061c},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < ARRAY_LEN(unseen) && unseen[i][0] <= c; i++) {
        if (c <= unseen[i][1]) {
            return false;
        }
    }
    return true;
}
