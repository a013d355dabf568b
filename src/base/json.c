/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/utf8.h"

struct json json_begin(struct buf *out)
{
    return (struct json){.out = out};
}

void json_end(struct json *j)
{
    assert(j->depth == 0 && !j->keyed);
    buf_char(j->out, '\n');
}

static void new_line(struct json *j)
{
    static const char blanks[2 * JSON_DEPTH_MOST + 1] = "\n                               ";
    buf_add(j->out, blanks, 1 + 2 * (size_t)j->depth);
}

/* What stands before an item of the innermost container: a comma, a line break. */
static void before_item(struct json *j)
{
    if (j->keyed || j->depth == 0) {
        j->keyed = false;
        return;
    }
    bool line = j->levels[j->depth - 1].line;
    if (j->levels[j->depth - 1].items) {
        buf_text(j->out, line ? ", " : ",");
    }
    if (!line) {
        new_line(j);
    }
    j->levels[j->depth - 1].items = true;
}

static void open_container(struct json *j, char bracket, enum json_layout layout)
{
    before_item(j);
    buf_char(j->out, bracket);
    assert(j->depth < JSON_DEPTH_MOST);
    bool outer_line = j->depth > 0 && j->levels[j->depth - 1].line;
    j->levels[j->depth].line = outer_line || layout == JSON_LINE;
    j->levels[j->depth].items = false;
    j->depth++;
}

static void close_container(struct json *j, char bracket)
{
    assert(j->depth > 0 && !j->keyed);
    j->depth--;
    if (j->levels[j->depth].items && !j->levels[j->depth].line) {
        new_line(j);
    }
    buf_char(j->out, bracket);
}

void json_object(struct json *j, enum json_layout layout)
{
    open_container(j, '{', layout);
}

void json_object_end(struct json *j)
{
    close_container(j, '}');
}

void json_array(struct json *j, enum json_layout layout)
{
    open_container(j, '[', layout);
}

void json_array_end(struct json *j)
{
    close_container(j, ']');
}

/* Whether the sequence at p may stand in a JSON string as it is. */
static bool is_plain(const unsigned char *p, size_t len)
{
    return p[0] != '"' && p[0] != '\\' && utf8_shown(utf8_decode(p, len));
}

/* One unit of UTF-16. */
static void add_unit(struct buf *b, uint32_t unit)
{
    char text[6] = "\\u";
    hex_put(text + 2, 4, unit, HEX_LOWER);
    buf_add(b, text, sizeof(text));
}

static void add_escape(struct buf *b, const unsigned char *p, size_t len)
{
    static const char shorts[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (len == 0) {
        add_unit(b, 0xdc00u + p[0]);
    } else if (len == 1 && (p[0] == '"' || p[0] == '\\')) {
        buf_char(b, '\\');
        buf_char(b, (char)p[0]);
    } else if (len == 1 && p[0] < 0x20 && shorts[p[0]]) {
        buf_char(b, '\\');
        buf_char(b, shorts[p[0]]);
    } else {
        uint32_t c = utf8_decode(p, len);
        if (c > 0xffff) {
            add_unit(b, 0xd800u + ((c - 0x10000) >> 10));
            c = 0xdc00u + (c & 0x3ff);
        }
        add_unit(b, c);
    }
}

static void add_string(struct buf *b, struct str s)
{
    buf_char(b, '"');
    size_t plain = 0; /* start of a run that needs no escape */
    for (size_t pos = 0; pos < s.len;) {
        const unsigned char *p = (const unsigned char *)s.ptr + pos;
        if (p[0] >= 0x20 && p[0] < 0x7f && p[0] != '"' && p[0] != '\\') { /* nearly all */
            pos++;
            continue;
        }
        size_t len = utf8_sequence(s, pos);
        if (len == 0 || !is_plain(p, len)) {
            buf_add(b, s.ptr + plain, pos - plain);
            add_escape(b, p, len);
            plain = pos + (len ? len : 1);
        }
        pos += len ? len : 1;
    }
    buf_str(b, str_from_pos(s, plain));
    buf_char(b, '"');
}

void json_key(struct json *j, const char *key)
{
    json_key_str(j, str_from(key));
}

void json_key_str(struct json *j, struct str key)
{
    assert(!j->keyed && j->depth > 0);
    before_item(j);
    add_string(j->out, key);
    buf_text(j->out, ": ");
    j->keyed = true;
}

void json_str(struct json *j, struct str s)
{
    before_item(j);
    add_string(j->out, s);
}

void json_text(struct json *j, const char *text)
{
    if (text) {
        json_str(j, str_from(text));
    } else {
        json_null(j);
    }
}

void json_uint(struct json *j, uint64_t value)
{
    before_item(j);
    char digits[20];
    size_t pos = sizeof(digits);
    do {
        digits[--pos] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_add(j->out, digits + pos, sizeof(digits) - pos);
}

void json_int(struct json *j, int64_t value)
{
    if (value >= 0) {
        json_uint(j, (uint64_t)value);
        return;
    }
    before_item(j);
    buf_printf(j->out, "%lld", (long long)value);
}

void json_double(struct json *j, double value)
{
    char text[32] = "null";
    for (int digits = 15; isfinite(value) && digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    before_item(j);
    buf_text(j->out, text);
}

void json_null(struct json *j)
{
    before_item(j);
    buf_text(j->out, "null");
}

void json_ints(struct json *j, const int64_t *values, unsigned count)
{
    json_array(j, JSON_LINE);
    for (unsigned i = 0; i < count; i++) {
        json_int(j, values[i]);
    }
    json_array_end(j);
}
