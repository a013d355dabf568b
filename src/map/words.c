/* SPDX-License-Identifier: Apache-2.0 */
#include "map/words.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/checked.h"
#include "base/edit_distance.h"
#include "base/nearest.h"
#include "tensor/dtype.h"

enum { SHOWN_MOST = 120 };

const char *words_where(const char *path, uint32_t line, char buf[static WORDS_WHERE_BYTES])
{
    if (line >= WORDS_LINE_ASSIGN) {
        bool define = line >= WORDS_LINE_DEFINE;
        snprintf(buf, WORDS_WHERE_BYTES, "%s:%u", define ? "define" : "assign",
                 line - (define ? WORDS_LINE_DEFINE : WORDS_LINE_ASSIGN));
        return buf;
    }
    snprintf(buf, WORDS_WHERE_BYTES, "%s:%u", path, line);
    return buf;
}

const char *words_shown(struct diag *d, struct str s)
{
    if (!d || d->kept == DIAG_KEPT) {
        return "";
    }
    CLEANUP_BUF struct buf text = {0};
    buf_visible_head(&text, s, SHOWN_MOST);
    const char *copy = text.failed ? NULL : arena_cstr(&d->arena, buf_view(&text));
    return copy ? copy : "?";
}

void words_nearest(struct diag *d, struct str word, const char *const *known, size_t count)
{
    if (!d || d->kept == DIAG_KEPT) {
        return;
    }
    unsigned most = nearest_most(word.len);
    unsigned given = 0;
    for (unsigned distance = 0; distance <= most && given < DIAG_NEAREST; distance++) {
        for (size_t i = 0; i < count && given < DIAG_NEAREST; i++) {
            if (edit_distance(word, str_from(known[i]), most) == distance) {
                diag_nearest(d, str_from(known[i]));
                given++;
            }
        }
    }
}

int64_t words_number(struct str digits)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        if (c < '0' || c > '9' || !checked_mul_u64(value, 10, &value) ||
            !checked_add_u64(value, (uint64_t)(c - '0'), &value) || value > INT64_MAX) {
            return -1;
        }
    }
    return digits.len ? (int64_t)value : -1;
}

struct str words_without_output(struct str text)
{
    long colon = str_rfind(text, ':');
    bool found = colon > 0 && words_number(str_from_pos(text, (size_t)colon + 1)) >= 0;
    return found ? str_head(text, (size_t)colon) : (struct str){NULL, 0};
}

struct str words_cut(struct str text, char separator, struct str *rest)
{
    long at = str_find(text, separator);
    if (at < 0) {
        *rest = (struct str){NULL, 0};
        return str_trim(text);
    }
    *rest = str_from_pos(text, (size_t)at + 1);
    return str_trim(str_head(text, (size_t)at));
}

struct str words_next(struct str text, struct str *rest)
{
    size_t end = 0;
    text = str_trim(text);
    while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\t') {
        end++;
    }
    *rest = str_trim(str_from_pos(text, end));
    return str_head(text, end);
}

void words_nearest_dtype(struct diag *d, struct str word)
{
    const char *known[DTYPE_COUNT];
    size_t count = 0;
    for (unsigned i = 1; i < DTYPE_COUNT; i++) {
        if (dtype_known(i) && i != DTYPE_RESOURCE && i != DTYPE_VARIANT) {
            known[count++] = dtype_name(i);
        }
    }
    words_nearest(d, word, known, count);
}
