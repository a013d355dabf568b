/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/statefile.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

struct parser {
    struct str text;
    size_t pos;
    const char *path;
    struct arena *a;
    struct statefile *out;
    struct str *all;
    size_t all_cap;
    struct diag *d;
};

/* The error "expected ..., found ..." at the present position. */
static errint unexpected(const struct parser *p, const char *expected)
{
    struct position at = {p->path, 1};
    for (size_t i = 0; i < p->pos && i < p->text.len; i++) {
        at.line += p->text.ptr[i] == '\n';
    }
    struct str rest = str_head(str_from_pos(p->text, p->pos), 1);
    return diag_error_at(p->d, DIAG_CHECKPOINT_CORRUPT, at, STR(""), "expected %s, found %s%s%s",
                         expected, rest.len ? "'" : "the end of the file",
                         rest.len ? diag_visible(p->d, rest) : "", rest.len ? "'" : "");
}

static char peek(const struct parser *p)
{
    return p->pos < p->text.len ? p->text.ptr[p->pos] : '\0';
}

static bool at_end(const struct parser *p)
{
    return p->pos >= p->text.len;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '+' || c == '-';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* Over blanks and comments. */
static void skip_blanks(struct parser *p)
{
    bool comment = false;
    for (; !at_end(p); p->pos++) {
        char c = peek(p);
        comment = comment ? c != '\n' : c == '#';
        if (!comment && !is_space(c)) {
            return;
        }
    }
}

static struct str take_word(struct parser *p)
{
    size_t start = p->pos;
    while (!at_end(p) && is_word(peek(p))) {
        p->pos++;
    }
    return str_of(p->text.ptr + start, p->pos - start);
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* Up to `most` digits of `base`; returns how many there were. */
static unsigned take_digits(struct parser *p, int base, unsigned most, uint32_t *value)
{
    unsigned count = 0;
    *value = 0;
    while (count < most && !at_end(p) && digit_value(peek(p)) < base) {
        *value = *value * (uint32_t)base + (uint32_t)digit_value(peek(p));
        p->pos++;
        count++;
    }
    return count;
}

static void add_utf8(struct buf *b, uint32_t point)
{
    if (point < 0x80) {
        buf_char(b, (char)point);
        return;
    }
    unsigned more = 1 + (point >= 0x800) + (point >= 0x10000);
    static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    buf_char(b, (char)(heads[more] | point >> 6 * more));
    while (more-- > 0) {
        buf_char(b, (char)(0x80 | (point >> 6 * more & 0x3f)));
    }
}

/* \uXXXX or \UXXXXXXXX after its letter; a pair of surrogates is one point. */
static errint take_unicode(struct parser *p, unsigned digits, struct buf *b)
{
    uint32_t point;
    if (take_digits(p, 16, digits, &point) < digits) {
        return unexpected(p, digits == 4 ? "4 hex digits after \\u" : "8 hex digits after \\U");
    }
    struct str rest = str_from_pos(p->text, p->pos);
    if (digits == 4 && point >= 0xd800 && point < 0xdc00 && str_starts(rest, STR("\\u"))) {
        p->pos += 2;
        uint32_t low;
        if (take_digits(p, 16, 4, &low) < 4 || low < 0xdc00 || low > 0xdfff) {
            return unexpected(p, "the second half of a surrogate pair");
        }
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return unexpected(p, "a code point before this");
    }
    add_utf8(b, point);
    return 0;
}

/* One escape, at the byte after the backslash. */
static errint take_escape(struct parser *p, struct buf *b)
{
    static const char letters[] = "abfnrtv\\'\"?";
    static const char values[] = "\a\b\f\n\r\t\v\\'\"?";
    char c = peek(p);
    uint32_t value;
    if (c >= '0' && c <= '7') {
        take_digits(p, 8, 3, &value);
        if (value > 0xff) {
            return unexpected(p, "an octal escape of at most \\377 before this");
        }
        buf_char(b, (char)value);
        return 0;
    }
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!letter && c != 'x' && c != 'X' && c != 'u' && c != 'U') {
        return unexpected(p, "an escape after \\");
    }
    p->pos++;
    if (letter) {
        buf_char(b, values[letter - letters]);
        return 0;
    }
    if (c == 'u' || c == 'U') {
        return take_unicode(p, c == 'u' ? 4 : 8, b);
    }
    if (take_digits(p, 16, 2, &value) == 0) {
        return unexpected(p, "a hex digit after \\x");
    }
    buf_char(b, (char)value);
    return 0;
}

/* One literal, at its quote. */
static errint take_literal(struct parser *p, struct buf *b)
{
    char quote = peek(p);
    p->pos++;
    while (!at_end(p) && peek(p) != quote && peek(p) != '\n') {
        char c = peek(p);
        p->pos++;
        if (c != '\\') {
            buf_char(b, c);
            continue;
        }
        errint rc = take_escape(p, b);
        if (rc < 0) {
            return rc;
        }
    }
    if (at_end(p) || peek(p) != quote) {
        return unexpected(p, "a closing quote");
    }
    p->pos++;
    return 0;
}

/* One string, which adjacent literals make up; the value is allocated in the arena. */
static errint take_string(struct parser *p, struct str *value)
{
    CLEANUP_BUF struct buf b = {0};
    do {
        errint rc = take_literal(p, &b);
        if (rc < 0) {
            return rc;
        }
        skip_blanks(p);
    } while (is_quote(peek(p)));
    *value = arena_str(p->a, buf_view(&b));
    return buf_check(&b) < 0 || !value->ptr ? diag_no_memory(p->d) : 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether backslashes separate components in it, each of them one: `D:\train\model`, `runs\model`;
 * *drive: it begins with that of a disk. */
static bool is_windows_path(struct str s, bool *drive)
{
    *drive =
        s.len > 3 && is_letter(s.ptr[0]) && s.ptr[1] == ':' && s.ptr[2] == '\\' && s.ptr[3] != '\\';
    return s.len > 0 && s.ptr[0] != '\\' && str_find(s, '\\') > 0 && str_search(s, STR("\\\\")) < 0;
}

/* The string at its quote, or, if it is none, or could be meant as one, a Windows path as it
 * stands. */
static errint take_path(struct parser *p, struct str *value, struct str *windows)
{
    struct str rest = str_from_pos(p->text, p->pos + 1);
    long end = str_find(rest, peek(p));
    struct str raw = str_head(rest, end < 0 ? 0 : (size_t)end);
    bool drive;
    bool candidate = str_find(raw, '\n') < 0 && is_windows_path(raw, &drive);
    *windows = STR("");
    if (!candidate) {
        return take_string(p, value);
    }
    size_t start = p->pos;
    struct diag *d = p->d;
    p->d = NULL;
    errint rc = take_string(p, value);
    p->d = d;
    if (rc == -EBADMSG) {
        p->pos = start + raw.len + 2;
    }
    struct str copy = rc == -EBADMSG || drive ? arena_str(p->a, raw) : STR("");
    *windows = copy;
    *value = rc == -EBADMSG ? copy : *value;
    return rc == -ENOMEM || !copy.ptr ? diag_no_memory(d) : 0;
}

static errint keep_path(struct parser *p, struct str name, struct str value, struct str windows)
{
    struct statefile *out = p->out;
    if (str_eq(name, STR("model_checkpoint_path"))) {
        out->latest = value;
        out->windows = windows;
    }
    if (!str_eq(name, STR("all_model_checkpoint_paths"))) {
        return 0;
    }
    if (!arena_grow(p->a, &p->all, &p->all_cap, out->all_count, sizeof(*p->all))) {
        return diag_no_memory(p->d);
    }
    p->all[out->all_count++] = value;
    out->all = p->all;
    return 0;
}

/* A message or list of an unknown field, at its opening bracket: over it, whatever it holds. */
static errint skip_nested(struct parser *p)
{
    size_t depth = 0;
    do {
        char c = peek(p);
        if (at_end(p)) {
            return unexpected(p, "a closing bracket");
        }
        if (is_quote(c)) {
            struct str ignored;
            errint rc = take_string(p, &ignored);
            if (rc < 0) {
                return rc;
            }
            continue;
        }
        depth += c == '{' || c == '<' || c == '[';
        depth -= c == '}' || c == '>' || c == ']';
        p->pos++;
        skip_blanks(p);
    } while (depth > 0);
    return 0;
}

/* The value of a field: what is not a string is of no interest here. */
static errint take_value(struct parser *p, struct str name, bool path)
{
    struct str value;
    struct str windows = STR("");
    if (is_quote(peek(p))) {
        errint rc = path ? take_path(p, &value, &windows) : take_string(p, &value);
        return rc < 0 ? rc : keep_path(p, name, value, windows);
    }
    if (path) {
        return unexpected(p, "a quoted string");
    }
    char c = peek(p);
    if (c == '{' || c == '<' || c == '[') {
        return skip_nested(p);
    }
    if (take_word(p).len == 0) {
        return unexpected(p, "a value");
    }
    return 0;
}

/* name: [value, value, ...] of a field that holds paths, at the bracket. */
static errint take_list(struct parser *p, struct str name)
{
    do {
        p->pos++;
        skip_blanks(p);
        if (peek(p) == ']') {
            break;
        }
        errint rc = take_value(p, name, true);
        if (rc < 0) {
            return rc;
        }
        skip_blanks(p);
    } while (peek(p) == ',');
    if (peek(p) != ']') {
        return unexpected(p, "']'");
    }
    p->pos++;
    return 0;
}

static errint take_field(struct parser *p)
{
    bool extension = peek(p) == '[';
    if (extension) {
        errint rc = skip_nested(p); /* its name is in brackets */
        if (rc < 0) {
            return rc;
        }
    }
    struct str name = take_word(p);
    bool path = str_eq(name, STR("model_checkpoint_path")) ||
                str_eq(name, STR("all_model_checkpoint_paths"));
    if (name.len == 0 && !extension) {
        return unexpected(p, "the name of a field");
    }
    skip_blanks(p);
    if (peek(p) == ':') {
        p->pos++;
        skip_blanks(p);
    } else if (peek(p) != '{' && peek(p) != '<') {
        return unexpected(p, "':'");
    }
    errint rc = path && peek(p) == '[' ? take_list(p, name) : take_value(p, name, path);
    skip_blanks(p);
    if (rc == 0 && (peek(p) == ';' || peek(p) == ',')) {
        p->pos++;
        skip_blanks(p);
    }
    return rc;
}

errint statefile_parse(struct str text, const char *path, struct arena *a, struct statefile *out,
                       struct diag *d)
{
    *out = (struct statefile){0};
    struct parser p = {.text = text, .path = path, .a = a, .out = out, .d = d};
    p.pos = str_starts(text, STR("\xef\xbb\xbf")) ? 3 : 0;
    skip_blanks(&p);
    while (!at_end(&p)) {
        errint rc = take_field(&p);
        if (rc < 0) {
            return rc;
        }
    }
    if (out->latest.len == 0) {
        return diag_error(d, DIAG_CHECKPOINT_CORRUPT, path, STR(""),
                          "expected a line model_checkpoint_path: \"NAME\", the file has %s",
                          out->latest.ptr ? "an empty one" : "none");
    }
    return 0;
}
