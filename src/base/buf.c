/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/trouble.h"
#include "base/utf8.h"

void buf_fini(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

/* Room for `more` bytes and a NUL. */
static bool reserve(struct buf *b, size_t more)
{
    if (!b->failed && more < b->cap - b->len) {
        return true;
    }
    if (b->failed || more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + more + 1;
    size_t cap = b->cap ? b->cap : 128;
    while (cap < need) {
        cap *= 2;
    }
    char *data = realloc(b->data, cap);
    if (!data) {
        trouble_note(NULL, -ENOMEM);
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (reserve(b, len)) {
        if (len) {
            memcpy(b->data + b->len, bytes, len);
        }
        b->len += len;
        b->data[b->len] = '\0';
    }
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.ptr, s.len);
}

void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_list(struct buf *b, const char *const *words, size_t count, const char *last)
{
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_text(b, i + 1 < count ? ", " : last);
        }
        buf_text(b, words[i]);
    }
}

void buf_char(struct buf *b, char c)
{
    if (reserve(b, 1)) {
        b->data[b->len++] = c;
        b->data[b->len] = '\0';
    }
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = b->failed ? 0 : b->cap - b->len;
    int len = vsnprintf(room ? b->data + b->len : NULL, room, fmt, args);
    if (len < 0) {
        b->failed = true;
    } else if (reserve(b, (size_t)len)) {
        if ((size_t)len >= room) {
            vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
        }
        b->len += (size_t)len;
    } else if (room) {
        b->data[b->len] = '\0';
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(b, fmt, args);
    va_end(args);
}

static void add_hex(struct buf *b, unsigned char byte)
{
    char text[4] = "\\x";
    hex_put(text + 2, 2, byte, HEX_LOWER);
    buf_add(b, text, sizeof(text));
}

/* Bytes that are shown as they are, in runs. */
static void add_shown(struct buf *b, struct str s, bool double_backslash)
{
    size_t plain = 0; /* where the run began */
    for (size_t pos = 0; pos < s.len;) {
        unsigned char c = (unsigned char)s.ptr[pos];
        if (c >= ' ' && c <= '~' && c != '\\') { /* nearly all */
            pos++;
            continue;
        }
        size_t len = utf8_sequence(s, pos);
        bool backslash = double_backslash && c == '\\';
        if (len && !backslash && utf8_shown(utf8_decode(s.ptr + pos, len))) {
            pos += len;
            continue;
        }
        buf_add(b, s.ptr + plain, pos - plain);
        plain = pos + (len ? len : 1);
        while (pos < plain && !backslash) {
            add_hex(b, (unsigned char)s.ptr[pos++]);
        }
        buf_text(b, backslash ? "\\\\" : "");
        pos = plain;
    }
    buf_str(b, str_from_pos(s, plain));
}

void buf_visible(struct buf *b, struct str s)
{
    add_shown(b, s, true);
}

void buf_visible_head(struct buf *b, struct str s, size_t most)
{
    if (s.len <= most) {
        buf_visible(b, s);
        return;
    }
    size_t cut = most;
    while (cut > 0 && most - cut < 3 && utf8_sequence(s, cut) == 0) {
        cut--; /* not amid a sequence */
    }
    buf_visible(b, str_head(s, cut));
    buf_text(b, "...");
}

void buf_safe(struct buf *b, struct str text)
{
    add_shown(b, text, false);
}

errint buf_check(const struct buf *b)
{
    return b->failed ? -ENOMEM : 0;
}
