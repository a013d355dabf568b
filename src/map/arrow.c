/* SPDX-License-Identifier: Apache-2.0 */
#include "map/arrow.h"

#include "base/errint.h"

static const struct sign {
    const char *text;
    bool left; /* it points to the left */
} signs[] = {
    {"->", false},
    {"<-", true},
    {"\xe2\x86\x92", false},
    {"\xe2\x86\x90", true},
    {"\xe2\x87\x92", false},
    {"=>", false},
    {"<=", true},
    {"==", false},
    {":=", false},
    {":", false},
};

/* Where the sign stands, or -1: one with '=' only around the first of the text, one without only
 * where there is none. */
static long place_of(struct str text, struct str sign)
{
    long equals = str_find(text, '=');
    long inside = str_find(sign, '=');
    if ((equals < 0) != (inside < 0)) {
        return -1;
    }
    if (equals < 0) {
        return str_search(text, sign);
    }
    long at = equals - inside;
    return at >= 0 && str_starts(str_from_pos(text, (size_t)at), sign) ? at : -1;
}

/* A text as Python's dictionaries have it, without quotes and comma. */
static struct str unquoted(struct str text)
{
    struct str s = str_trim(str_ends(text, STR(",")) ? str_head(text, text.len - 1) : text);
    bool quoted =
        s.len > 2 && (s.ptr[0] == '\'' || s.ptr[0] == '"') && s.ptr[s.len - 1] == s.ptr[0];
    return quoted ? str_of(s.ptr + 1, s.len - 2) : text;
}

bool arrow_find(struct str text, struct arrow *out)
{
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        struct str sign = str_from(signs[i].text);
        long at = place_of(text, sign);
        if (at < 0) {
            continue;
        }
        struct str left = unquoted(str_trim(str_head(text, (size_t)at)));
        struct str right = unquoted(str_trim(str_from_pos(text, (size_t)at + sign.len)));
        *out = (struct arrow){signs[i].text, signs[i].left ? right : left,
                              signs[i].left ? left : right};
        return left.len && right.len;
    }
    return false;
}
