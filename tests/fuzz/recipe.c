/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/recipe.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

bool take_line(struct str *rest, struct str *line)
{
    if (rest->len == 0) {
        return false;
    }
    long end = str_find(*rest, '\n');
    *line = str_head(*rest, end < 0 ? rest->len : (size_t)end);
    *rest = str_from_pos(*rest, line->len + 1);
    return true;
}

bool take_word(struct str *rest, struct str *word)
{
    while (rest->len && is_blank(rest->ptr[0])) {
        *rest = str_from_pos(*rest, 1);
    }
    size_t len = 0;
    while (len < rest->len && !is_blank(rest->ptr[len])) {
        len++;
    }
    *word = str_head(*rest, len);
    *rest = str_from_pos(*rest, len);
    return len > 0;
}

static bool begins_section(struct str line)
{
    return str_starts(line, STR("== "));
}

size_t recipe_sections(struct str text, struct section *out)
{
    size_t count = 0;
    struct str line;
    for (const char *end = text.ptr; take_line(&text, &line); end = text.ptr) {
        if (begins_section(line)) {
            if (count == RECIPE_SECTIONS) {
                break;
            }
            struct section *s = &out[count++];
            s->head = str_from_pos(line, 3);
            (void)take_word(&s->head, &s->kind);
            s->body = str_of(text.ptr, 0);
        } else if (count) {
            out[count - 1].body.len += (size_t)(text.ptr - end);
        }
    }
    return count;
}

struct str word_value(struct str words, const char *key)
{
    struct str want = str_from(key);
    struct str word;
    while (take_word(&words, &word)) {
        if (str_starts(word, want) && word.len > want.len && word.ptr[want.len] == '=') {
            return str_from_pos(word, want.len + 1);
        }
    }
    return (struct str){NULL, 0};
}

bool has_word(struct str words, const char *word)
{
    struct str one;
    while (take_word(&words, &one)) {
        if (str_eq(one, str_from(word))) {
            return true;
        }
    }
    return false;
}

int64_t number_of(struct str text, int64_t otherwise)
{
    bool negative = text.len > 1 && text.ptr[0] == '-';
    uint64_t value = 0;
    for (size_t i = negative; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return otherwise;
        }
        value = value * 10 +
                (uint64_t)(text.ptr[i] - '0'); /* modulo 2^64: one number as good as another */
    }
    return text.len ? (int64_t)(negative ? 0 - value : value) : otherwise;
}

int64_t word_number(struct str words, const char *key, int64_t otherwise)
{
    return number_of(word_value(words, key), otherwise);
}

unsigned numbers_of(struct str text, int64_t *out, unsigned most)
{
    unsigned count = 0;
    while (text.len && count < most && !str_eq(text, STR("."))) {
        long comma = str_find(text, ',');
        struct str one = str_head(text, comma < 0 ? text.len : (size_t)comma);
        out[count++] = number_of(one, 1);
        text = str_from_pos(text, one.len + 1);
    }
    return count;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* The byte of two hex digits at `at`; -1 if there are none. */
static int hex_byte(struct str text, size_t at)
{
    int high = at + 1 < text.len ? hex_digit(text.ptr[at]) : -1;
    int low = high < 0 ? -1 : hex_digit(text.ptr[at + 1]);
    return low < 0 ? -1 : high << 4 | low;
}

void add_unescaped(struct mkbuf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        int byte = text.ptr[i] == '%' ? hex_byte(text, i + 1) : -1;
        mkbuf_u8(out, byte < 0 ? (unsigned char)text.ptr[i] : (unsigned)byte);
        i += byte < 0 ? 0 : 2;
    }
}

void add_hex(struct mkbuf *out, struct str text)
{
    int byte;
    for (size_t i = 0; (byte = hex_byte(text, i)) >= 0; i += 2) {
        mkbuf_u8(out, (unsigned)byte);
    }
}
