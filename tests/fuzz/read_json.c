/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/read_json.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

enum { DEPTH_MOST = 64 };

static bool read_value(struct str *rest, unsigned depth, struct json_value *out);

static void skip_blanks(struct str *rest)
{
    while (rest->len && strchr(" \t\r\n", rest->ptr[0]) && rest->ptr[0]) {
        *rest = str_from_pos(*rest, 1);
    }
}

static bool take(struct str *rest, const char *literal)
{
    bool there = str_starts(*rest, str_from(literal));
    *rest = str_from_pos(*rest, there ? strlen(literal) : 0);
    return there;
}

/* How many bytes the escape at the start of s has; 0: it is none. */
static size_t escape_len(struct str s)
{
    if (s.len < 2) {
        return 0;
    }
    if (s.ptr[1] != 'u') {
        return s.ptr[1] && strchr("\"\\/bfnrt", s.ptr[1]) ? 2 : 0;
    }
    for (size_t i = 2; i < 6; i++) {
        if (i >= s.len || !isxdigit((unsigned char)s.ptr[i])) {
            return 0;
        }
    }
    return 6;
}

static bool read_string(struct str *rest, struct str *out)
{
    struct str s = str_from_pos(*rest, 1);
    size_t at = 0;
    while (at < s.len && s.ptr[at] != '"') {
        size_t len =
            s.ptr[at] == '\\' ? escape_len(str_from_pos(s, at)) : (unsigned char)s.ptr[at] >= 0x20;
        if (!len) {
            return false;
        }
        at += len;
    }
    *out = str_head(s, at);
    *rest = str_from_pos(s, at + 1);
    return at < s.len && utf8_valid(*out);
}

static bool read_number(struct str *rest, struct str *out)
{
    size_t at = 0;
    while (at < rest->len && rest->ptr[at] && strchr("0123456789+-.eE", rest->ptr[at])) {
        at++;
    }
    *out = str_head(*rest, at);
    *rest = str_from_pos(*rest, at);
    return at > 0 && (isdigit((unsigned char)out->ptr[at - 1]));
}

/* The rest of an array or object, up to `end`. */
static bool read_items(struct str *rest, char end, unsigned depth, struct str *out)
{
    const char *from = rest->ptr;
    struct str key;
    struct json_value value;
    skip_blanks(rest);
    bool first = true;
    while (rest->len && rest->ptr[0] != end) {
        if (!first && !take(rest, ",")) {
            return false;
        }
        first = false;
        skip_blanks(rest);
        if (end == '}') {
            if (!rest->len || rest->ptr[0] != '"' || !read_string(rest, &key)) {
                return false;
            }
            skip_blanks(rest);
            if (!take(rest, ":")) {
                return false;
            }
        }
        if (!read_value(rest, depth + 1, &value)) {
            return false;
        }
        skip_blanks(rest);
    }
    *out = str_of(from, (size_t)(rest->ptr - from));
    bool ended = rest->len > 0;
    *rest = str_from_pos(*rest, 1);
    return ended;
}

static bool read_value(struct str *rest, unsigned depth, struct json_value *out)
{
    skip_blanks(rest);
    if (!rest->len || depth > DEPTH_MOST) {
        return false;
    }
    switch (rest->ptr[0]) {
    case '"':
        out->kind = JSON_STRING;
        return read_string(rest, &out->text);
    case '[':
    case '{':
        out->kind = rest->ptr[0] == '[' ? JSON_ARRAY : JSON_OBJECT;
        *rest = str_from_pos(*rest, 1);
        return read_items(rest, out->kind == JSON_ARRAY ? ']' : '}', depth, &out->text);
    case 'n':
        out->kind = JSON_NULL;
        return take(rest, "null");
    case 't':
        out->kind = JSON_TRUE;
        return take(rest, "true");
    case 'f':
        out->kind = JSON_FALSE;
        return take(rest, "false");
    default:
        out->kind = JSON_NUMBER;
        return read_number(rest, &out->text);
    }
}

struct json_value json_read(struct str text)
{
    struct json_value value = {JSON_NONE, {"", 0}};
    bool good = read_value(&text, 0, &value);
    skip_blanks(&text);
    return good && text.len == 0 ? value : (struct json_value){JSON_NONE, {"", 0}};
}

bool json_item(struct str *rest, struct str *key, struct json_value *out)
{
    skip_blanks(rest);
    (void)take(rest, ",");
    skip_blanks(rest);
    if (!rest->len) {
        return false;
    }
    if (key) {
        (void)read_string(rest, key);
        skip_blanks(rest);
        (void)take(rest, ":");
    }
    return read_value(rest, 0, out);
}

struct json_value json_member(struct json_value object, const char *key)
{
    struct str rest = object.text;
    struct str name;
    struct json_value value;
    while (object.kind == JSON_OBJECT && json_item(&rest, &name, &value)) {
        if (str_eq(name, str_from(key))) {
            return value;
        }
    }
    return (struct json_value){JSON_NONE, {"", 0}};
}
