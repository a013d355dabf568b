/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

void buf_fini(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

/* Room for `more` bytes and a NUL. */
static bool reserve(struct buf *b, size_t more)
{
    if (b->failed || more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap) {
        return true;
    }
    size_t cap = b->cap ? b->cap : 128;
    while (cap < need) {
        cap *= 2;
    }
    char *data = realloc(b->data, cap);
    if (!data) {
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

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        b->failed = true;
    } else if (reserve(b, (size_t)len)) {
        va_start(args, fmt);
        vsnprintf(b->data + b->len, (size_t)len + 1, fmt, args);
        va_end(args);
        b->len += (size_t)len;
    }
}

void buf_visible(struct buf *b, struct str s)
{
    size_t pos = 0;
    while (pos < s.len) {
        unsigned char c = (unsigned char)s.ptr[pos];
        size_t len = utf8_sequence(s, pos);
        bool c1 = len == 2 && c == 0xc2 &&
                  (unsigned char)s.ptr[pos + 1] < 0xa0; /* U+009B begins an escape sequence */
        if (c == '\\') {
            buf_text(b, "\\\\");
            pos++;
        } else if (len == 0 || c < 0x20 || c == 0x7f || c1) {
            buf_printf(b, "\\x%02x", c);
            pos++;
        } else {
            buf_add(b, s.ptr + pos, len);
            pos += len;
        }
    }
}

errint buf_check(const struct buf *b)
{
    return b->failed ? -ENOMEM : 0;
}
