/* SPDX-License-Identifier: Apache-2.0 */
#include "base/escape.h"

#include <stdint.h>

#include "base/hex.h"
#include "base/utf8.h"

enum { COMPONENT_KEPT = 200 };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that %XX at `pos` stands for, or -1 if there is no %XX. */
static int percent_at(struct str s, size_t pos)
{
    if (s.ptr[pos] != '%' || s.len - pos < 3) {
        return -1;
    }
    int high = hex_value(s.ptr[pos + 1]);
    int low = hex_value(s.ptr[pos + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* FNV-1a, 64 bits: stable for ever, since paths of a mount must be. */
static uint64_t hash_of(struct str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ (unsigned char)s.ptr[i]) * 0x100000001b3u;
    }
    return h;
}

/* Adds the path form, whatever its length; returns where it may be cut to at most COMPONENT_KEPT
 * bytes of it. */
static size_t add_form(struct buf *b, struct str component)
{
    if (component.len == 0) {
        buf_char(b, '%');
        return 1;
    }
    if (str_eq(component, STR(".")) || str_eq(component, STR(".."))) {
        buf_text(b, component.len == 1 ? "%2E" : "%2E%2E");
        return 3 * component.len;
    }
    size_t start = b->len;
    size_t cut = 0; /* where the form may be cut to at most COMPONENT_KEPT bytes */
    for (size_t pos = 0; pos < component.len;) {
        size_t unit = utf8_sequence(component, pos);
        unsigned char c = (unsigned char)component.ptr[pos];
        if (b->len - start <= COMPONENT_KEPT) {
            cut = b->len - start;
        }
        /* "%~" begins the hash of a long name, so a name that holds it is told apart too; a lone
         * "%" is an empty component. */
        bool percent = c == '%' && (percent_at(component, pos) >= 0 || component.len == 1 ||
                                    (pos + 1 < component.len && component.ptr[pos + 1] == '~'));
        if (c < 0x20 || c == 0x7f || percent) {
            char text[3] = "%";
            hex_put(text + 1, 2, c, HEX_UPPER);
            buf_add(b, text, sizeof(text));
            pos++;
        } else {
            buf_add(b, component.ptr + pos, unit ? unit : 1);
            pos += unit ? unit : 1;
        }
    }
    return b->len - start <= COMPONENT_KEPT ? b->len - start : cut;
}

void escape_component(struct buf *b, struct str component)
{
    size_t start = b->len;
    add_form(b, component);
    if (b->len - start > COMPONENT_MOST && !b->failed) {
        b->len = start;
        escape_shortened(b, component);
    }
}

void escape_shortened(struct buf *b, struct str component)
{
    size_t start = b->len;
    size_t cut = add_form(b, component);
    if (!b->failed) {
        b->len = start + cut;
        buf_printf(b, "%%~%016llx", (unsigned long long)hash_of(component));
    }
}

void escape_path(struct buf *b, struct str name)
{
    for (;;) {
        long slash = str_find(name, '/');
        if (slash < 0) {
            escape_component(b, name);
            return;
        }
        escape_component(b, str_head(name, (size_t)slash));
        buf_char(b, '/');
        name = str_from_pos(name, (size_t)slash + 1);
    }
}

/* ---- as a map has it ------------------------------------------------------------------------- */

/* Whether the language gives the character at `pos` a meaning there: a blank at an edge, a
 * comment's beginning, a bracket in the first place of a line, a '%' that would be read as an
 * escape. */
static bool is_reserved(struct str name, size_t pos)
{
    char c = name.ptr[pos];
    bool after_blank = pos == 0 || name.ptr[pos - 1] == ' ';
    bool last = pos + 1 == name.len;
    switch (c) {
    case '=':
    case ':':
    case ',':
    case '|':
    case '*':
    case '?':
    case '{':
    case '}':
    case '@':
    case '\\': /* is doubled where names are shown */
        return true;
    case '#':
    case ';':
        return after_blank;
    case ' ':
        return after_blank || last;
    case '[':
    case '>': /* of `=>` */
        return pos == 0;
    case '<': /* of `<=` */
        return last;
    case '%':
        return percent_at(name, pos) >= 0 ||
               ((pos == 0 || name.ptr[pos - 1] == '/') && (last || name.ptr[pos + 1] == '/'));
    default:
        return false;
    }
}

void escape_name(struct buf *b, struct str name, bool is_scope, bool plain)
{
    struct str inside = is_scope && name.len > 1 ? str_head(name, name.len - 1) : name;
    bool root = is_scope && str_eq(name, STR("/"));
    for (size_t pos = 0; pos < inside.len && !root;) {
        size_t len = utf8_sequence(inside, pos);
        bool shown = len && utf8_shown(utf8_decode(inside.ptr + pos, len)) && !(plain && len > 1) &&
                     !is_reserved(inside, pos);
        bool empty = inside.ptr[pos] == '/' && (pos == 0 || inside.ptr[pos - 1] == '/');
        buf_text(b, empty ? "%" : "");
        len = len ? len : 1;
        if (shown) {
            buf_add(b, inside.ptr + pos, len);
        }
        for (size_t i = pos; !shown && i < pos + len; i++) {
            buf_printf(b, "%%%02X", (unsigned char)inside.ptr[i]);
        }
        pos += len;
    }
    buf_text(b, !root && (inside.len == 0 || str_ends(inside, STR("/"))) ? "%" : "");
    buf_text(b, is_scope ? "/" : "");
}

struct str unescape_name(struct arena *a, struct str text)
{
    char *out = arena_bytes(a, text.len);
    if (!out) {
        return (struct str){NULL, 0};
    }
    size_t len = 0;
    for (size_t pos = 0; pos < text.len;) {
        int byte = percent_at(text, pos);
        bool starts = pos == 0 || text.ptr[pos - 1] == '/';
        bool ends = pos + 1 == text.len || text.ptr[pos + 1] == '/';
        if (byte >= 0) {
            out[len++] = (char)byte;
            pos += 3;
        } else if (text.ptr[pos] == '%' && starts && ends) {
            pos++; /* an empty component */
        } else {
            out[len++] = text.ptr[pos++];
        }
    }
    return str_of(out, len);
}
