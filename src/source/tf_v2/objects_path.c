/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/objects_path.h"

#include <stdbool.h>

#define ATTRIBUTES     "/.ATTRIBUTES/"
#define OPTIMIZER_SLOT "/.OPTIMIZER_SLOT/"

static bool is_escaped(struct str s)
{
    for (size_t i = 0; i + 1 < s.len; i++) {
        if (s.ptr[i] == '.' && (s.ptr[i + 1] == '.' || s.ptr[i + 1] == 'S')) {
            return true;
        }
    }
    return false;
}

/* Left to right: the first `.` of a pair says what the second is. */
static char *unescape(struct str s, char *to)
{
    for (size_t i = 0; i < s.len; i++) {
        bool pair =
            s.ptr[i] == '.' && i + 1 < s.len && (s.ptr[i + 1] == '.' || s.ptr[i + 1] == 'S');
        *to++ = pair && s.ptr[i + 1] == 'S' ? '/' : s.ptr[i];
        i += pair;
    }
    return to;
}

errint objects_path(struct str key, struct arena *a, struct str *out)
{
    *out = STR("");
    long at = str_search(key, STR(ATTRIBUTES));
    if (at <= 0) {
        return 0;
    }
    struct str object = str_head(key, (size_t)at);
    struct str last = str_from_pos(key, (size_t)at + sizeof(ATTRIBUTES) - 1);
    if (str_eq(last, STR("VARIABLE_VALUE"))) {
        last.len = 0;
    }
    long slot = str_search(object, STR(OPTIMIZER_SLOT));
    struct str slot_name = STR("");
    if (slot > 0) {
        slot_name = str_from_pos(object, (size_t)str_rfind(object, '/') + 1);
        object.len = (size_t)slot;
    }
    if (slot <= 0 && !last.len && !is_escaped(object)) {
        *out = object;
        return 0;
    }
    char *text = arena_bytes(a, key.len);
    if (!text) {
        return -ENOMEM;
    }
    char *end = unescape(object, text);
    const struct str more[] = {slot_name, last};
    for (unsigned i = 0; i < 2; i++) {
        if (more[i].len) {
            *end++ = '/';
            end = unescape(more[i], end);
        }
    }
    *out = str_of(text, (size_t)(end - text));
    return 0;
}
