/* SPDX-License-Identifier: Apache-2.0 */
#include "map/token.h"

#include <ctype.h>

#include "base/checked.h"

int64_t token_number(struct str digits)
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

struct str token_without_output(struct str text)
{
    long colon = str_rfind(text, ':');
    bool found = colon > 0 && token_number(str_from_pos(text, (size_t)colon + 1)) >= 0;
    return found ? str_head(text, (size_t)colon) : (struct str){NULL, 0};
}

struct str token_cut(struct str text, char separator, struct str *rest)
{
    long at = str_find(text, separator);
    if (at < 0) {
        *rest = (struct str){NULL, 0};
        return str_trim(text);
    }
    *rest = str_from_pos(text, (size_t)at + 1);
    return str_trim(str_head(text, (size_t)at));
}

struct str token_next(struct str text, struct str *rest)
{
    size_t end = 0;
    text = str_trim(text);
    while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\t') {
        end++;
    }
    *rest = str_trim(str_from_pos(text, end));
    return str_head(text, end);
}

struct str token_cut_name(struct str text, struct str *rest)
{
    bool inside = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        inside = c == '{' || (inside && c != '}');
        if (c == ',' && !inside) {
            *rest = str_from_pos(text, i + 1);
            return str_trim(str_head(text, i));
        }
    }
    *rest = (struct str){NULL, 0};
    return str_trim(text);
}

struct str token_braces(struct str text)
{
    long close = str_find(text, '}');
    return close < 1 ? (struct str){NULL, 0} : str_of(text.ptr + 1, (size_t)close - 1);
}

bool token_is_identifier(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (!(isalpha(c) || c == '_' || (i && isdigit(c)))) {
            return false;
        }
    }
    return text.len > 0;
}
