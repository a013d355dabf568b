/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_read.h"

#include <stdlib.h>

#include "base/utf8.h"

enum { END = -1 };

errint json_read_init(struct json_read *r, struct io *io, uint64_t off, uint64_t end)
{
    *r = (struct json_read){.io = io, .next = off, .end = end, .window = malloc(JSON_READ_WINDOW)};
    return r->window ? 0 : -ENOMEM;
}

void json_read_fini(struct json_read *r)
{
    free(r->window);
    buf_fini(&r->text);
    *r = (struct json_read){0};
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* The offset of the next byte. */
static uint64_t offset(const struct json_read *r)
{
    return r->next - (r->have - r->at);
}

/* What is wrong, at that many bytes before the next one. */
static errint fail_before(struct json_read *r, errint rc, unsigned back, const char *wrong)
{
    r->wrong = wrong;
    r->wrong_at = offset(r) - back;
    return rc;
}

static errint fail(struct json_read *r, const char *wrong)
{
    return fail_before(r, -EBADMSG, 0, wrong);
}

/* More bytes in the window, which has none left. */
static errint fill(struct json_read *r)
{
    uint64_t left = r->end - r->next;
    size_t len = left < JSON_READ_WINDOW ? (size_t)left : JSON_READ_WINDOW;
    r->at = r->have = 0;
    errint rc = len ? io_read(r->io, NULL, r->next, len, r->window) : 0;
    if (rc < 0) {
        return fail_before(r, rc, 0, "it cannot be read");
    }
    r->have = len;
    r->next += len;
    return 0;
}

/* The next byte, which stays there; END, or an error below that. */
static int peek(struct json_read *r)
{
    if (r->at == r->have) {
        errint rc = fill(r);
        if (rc < 0) {
            return rc < END ? rc : -EIO;
        }
    }
    return r->at < r->have ? (unsigned char)r->window[r->at] : END;
}

/* The next byte, taken. */
static int take(struct json_read *r)
{
    int c = peek(r);
    r->at += c >= 0;
    return c;
}

/* The first byte after blanks, which stays there. */
static int peek_word(struct json_read *r)
{
    int c;
    while ((c = peek(r)) == ' ' || c == '\n' || c == '\r' || c == '\t') {
        r->at++;
    }
    return c;
}

/* Takes that byte after blanks; `wrong` if it is another. */
static errint expect(struct json_read *r, char wanted, const char *wrong)
{
    int c = peek_word(r);
    if (c < END) {
        return c;
    }
    if (c != wanted) {
        return fail(r, wrong);
    }
    r->at++;
    return 0;
}

/* ---- strings --------------------------------------------------------------------------------- */

/* A string that is read; what it says is kept unless it is skipped. */
struct reading {
    struct json_read *r;
    bool skip;
};

static errint add(const struct reading *s, const char *bytes, size_t len)
{
    struct json_read *r = s->r;
    if (s->skip) {
        return 0;
    }
    if (r->text.len + len > JSON_READ_STRING_MOST) {
        return fail_before(r, -EOVERFLOW, 0, "the string has more than 64 KiB");
    }
    buf_add(&r->text, bytes, len);
    return buf_check(&r->text);
}

/* The ASCII that the window has before a quote, an escape, or what is neither. */
static errint add_plain(const struct reading *s)
{
    struct json_read *r = s->r;
    size_t from = r->at;
    while (r->at < r->have && (signed char)r->window[r->at] >= 0x20 && r->window[r->at] != '"' &&
           r->window[r->at] != '\\') {
        r->at++;
    }
    return add(s, r->window + from, r->at - from);
}

/* A character of several bytes, which the window may cut. */
static errint add_utf8(const struct reading *s)
{
    struct json_read *r = s->r;
    char bytes[4];
    size_t len = 0;
    int c = peek(r);
    size_t wanted = 2u + (c >= 0xe0) + (c >= 0xf0);
    while (len < wanted && (c = peek(r)) >= 0x80) {
        bytes[len++] = (char)c;
        r->at++;
    }
    if (c < END) {
        return c;
    }
    if (utf8_sequence(str_of(bytes, len), 0) != len) {
        return fail_before(r, -EBADMSG, (unsigned)len, "the bytes of a string are not UTF-8");
    }
    return add(s, bytes, len);
}

/* The four digits of \uXXXX: 0 to 0xffff, or an error. */
static int take_hex(struct json_read *r)
{
    int value = 0;
    for (unsigned i = 0; i < 4; i++) {
        int c = peek(r);
        int lower = c | 0x20;
        int digit = c >= '0' && c <= '9' ? c - '0' : lower - 'a' + 10;
        if (c < END) {
            return c;
        }
        if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'f')) {
            return fail(r, "expected four hex digits after \\u");
        }
        r->at++;
        value = value << 4 | digit;
    }
    return value;
}

static errint add_point(const struct reading *s, uint32_t point)
{
    static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    char bytes[4];
    unsigned more = (point >= 0x80) + (point >= 0x800) + (point >= 0x10000);
    bytes[0] = (char)(heads[more] | point >> 6 * more);
    for (unsigned i = 1; i <= more; i++) {
        bytes[i] = (char)(0x80 | (point >> 6 * (more - i) & 0x3f));
    }
    return add(s, bytes, more + 1);
}

/* What follows \u. A character above U+FFFF is a pair of surrogates, the high one first. */
static errint add_unicode(const struct reading *s)
{
    static const char alone[] = "a surrogate without its other half is no character";
    struct json_read *r = s->r;
    int high = take_hex(r);
    if (high < 0) {
        return high;
    }
    if (high < 0xd800 || high > 0xdfff) {
        return add_point(s, (uint32_t)high);
    }
    if (high > 0xdbff || peek(r) != '\\') {
        return fail(r, alone);
    }
    r->at++;
    if (peek(r) != 'u') {
        return fail(r, alone);
    }
    r->at++;
    int low = take_hex(r);
    if (low < 0) {
        return low;
    }
    if (low < 0xdc00 || low > 0xdfff) {
        return fail(r, alone);
    }
    return add_point(s, 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
}

/* What follows a backslash. */
static errint add_escape(const struct reading *s)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    struct json_read *r = s->r;
    int c = take(r);
    if (c == 'u') {
        return add_unicode(s);
    }
    const char *found = c > 0 ? strchr(names, c) : NULL;
    if (!found) {
        return c < END ? c : fail_before(r, -EBADMSG, c >= 0, "no such escape in a string");
    }
    return add(s, values + (found - names), 1);
}

static errint take_string(struct json_read *r, bool skip)
{
    const struct reading s = {r, skip};
    r->text.len = 0;
    errint rc = expect(r, '"', "expected a string");
    while (rc == 0) {
        int c = peek(r);
        if (c == '"') {
            r->at++;
            return 0;
        }
        if (c < END) {
            return c;
        }
        if (c == END) {
            return fail(r, "the string does not end");
        }
        if (c == '\\') {
            r->at++;
            rc = add_escape(&s);
        } else if (c >= 0x80) {
            rc = add_utf8(&s);
        } else if (c < 0x20) {
            return fail(r, "a control character in a string is not escaped");
        } else {
            rc = add_plain(&s);
        }
    }
    return rc;
}

errint json_read_string(struct json_read *r, struct str *out)
{
    errint rc = take_string(r, false);
    *out = rc == 0 ? buf_view(&r->text) : (struct str){0};
    return rc;
}

errint json_read_skip_string(struct json_read *r)
{
    return take_string(r, true);
}

/* ---- containers ------------------------------------------------------------------------------ */

errint json_read_object(struct json_read *r)
{
    r->first = true;
    return expect(r, '{', "expected an object");
}

errint json_read_array(struct json_read *r)
{
    r->first = true;
    return expect(r, '[', "expected an array");
}

/* Whether the container that ends with that goes on, after the comma: 1. 0: it has ended. */
static int goes_on(struct json_read *r, char end, const char *wrong)
{
    int c = peek_word(r);
    bool first = r->first;
    r->first = false;
    if (c < END) {
        return c;
    }
    if (c == end) {
        r->at++;
        return 0;
    }
    if (first) {
        return 1;
    }
    errint rc = expect(r, ',', wrong);
    if (rc < 0) {
        return rc;
    }
    c = peek_word(r);
    if (c == end) {
        return fail(r, "nothing follows the comma");
    }
    return c < END ? c : 1;
}

static int next_member(struct json_read *r, bool skip)
{
    int more = goes_on(r, '}', "expected ',' or the end of the object");
    errint rc = more > 0 ? take_string(r, skip) : 0;
    if (more > 0 && rc == 0) {
        rc = expect(r, ':', "expected ':' after the name");
    }
    return rc < 0 ? rc : more;
}

int json_read_member(struct json_read *r, struct str *name)
{
    int more = next_member(r, false);
    *name = more > 0 ? buf_view(&r->text) : (struct str){0};
    return more;
}

int json_read_item(struct json_read *r)
{
    return goes_on(r, ']', "expected ',' or the end of the array");
}

/* ---- other values ---------------------------------------------------------------------------- */

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

errint json_read_count(struct json_read *r, uint64_t *out)
{
    uint64_t value = 0;
    int c = peek_word(r);
    if (c < END) {
        return c;
    }
    if (!is_digit(c)) {
        return fail(r, "expected a whole number of 0 or more");
    }
    bool zero = c == '0';
    for (unsigned digits = 0; is_digit(c = peek(r)); digits++) {
        if ((zero && digits) || value > (uint64_t)(INT64_MAX - (c - '0')) / 10) {
            return zero ? fail(r, "a number does not begin with 0")
                        : fail_before(r, -EOVERFLOW, 0, "the number is above 2^63 - 1");
        }
        value = value * 10 + (uint64_t)(c - '0');
        r->at++;
    }
    if (c < END) {
        return c;
    }
    if (c == '.' || c == 'e' || c == 'E') {
        return fail(r, "expected a whole number, without point and exponent");
    }
    *out = value;
    return 0;
}

/* One digit or more. */
static errint skip_digits(struct json_read *r)
{
    int c = peek(r);
    if (!is_digit(c)) {
        return c < END ? c : fail(r, "expected a digit");
    }
    while (is_digit(c = peek(r))) {
        r->at++;
    }
    return c < END ? c : 0;
}

static errint skip_number(struct json_read *r)
{
    r->at += peek(r) == '-';
    bool zero = peek(r) == '0';
    r->at += zero;
    if (zero && is_digit(peek(r))) {
        return fail(r, "a number does not begin with 0");
    }
    errint rc = zero ? 0 : skip_digits(r);
    if (rc == 0 && peek(r) == '.') {
        r->at++;
        rc = skip_digits(r);
    }
    int c = rc == 0 ? peek(r) : 0;
    if (c == 'e' || c == 'E') {
        r->at++;
        c = peek(r);
        r->at += c == '+' || c == '-';
        rc = skip_digits(r);
    }
    return rc;
}

static errint skip_word(struct json_read *r, const char *word)
{
    for (; *word; word++) {
        int c = peek(r);
        if (c != *word) {
            return c < END ? c : fail(r, "expected a value");
        }
        r->at++;
    }
    return 0;
}

/* A value that is no container. */
static errint skip_scalar(struct json_read *r, int first)
{
    switch (first) {
    case '"':
        return take_string(r, true);
    case 't':
        return skip_word(r, "true");
    case 'f':
        return skip_word(r, "false");
    case 'n':
        return skip_word(r, "null");
    default:
        return first == '-' || is_digit(first) ? skip_number(r) : fail(r, "expected a value");
    }
}

errint json_read_skip(struct json_read *r)
{
    bool object[JSON_READ_DEPTH_MOST];
    unsigned depth = 0;
    do {
        int more = 1;
        if (depth) {
            more = object[depth - 1] ? next_member(r, true) : json_read_item(r);
        }
        if (more < 0) {
            return more;
        }
        if (more == 0) {
            depth--;
            continue;
        }
        int c = peek_word(r);
        if (c == '{' || c == '[') {
            if (depth == JSON_READ_DEPTH_MOST) {
                return fail_before(r, -EOVERFLOW, 0, "values are nested more than 64 deep");
            }
            object[depth++] = c == '{';
            r->at++;
            r->first = true;
            continue;
        }
        errint rc = c < END ? c : skip_scalar(r, c);
        if (rc < 0) {
            return rc;
        }
    } while (depth);
    return 0;
}

errint json_read_end(struct json_read *r)
{
    int c = peek_word(r);
    if (c < END) {
        return c;
    }
    return c == END ? 0 : fail(r, "something follows the end of the JSON");
}
