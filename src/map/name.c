/* SPDX-License-Identifier: Apache-2.0 */
#include "map/name.h"

#include "base/escape.h"
#include "map/message.h"
#include "map/token.h"

errint name_refuse_checkpoint(struct str text, const char *role, struct position at, struct diag *d)
{
    return diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                         "an '@' in the %s '%s': it stands before the name of a [checkpoint NAME] "
                         "at the end of a source alone; write %%40 for a literal '@'",
                         role, message_shown(d, text));
}

errint name_check_reserved(struct str text, bool pattern, const char *role, struct position at,
                           struct diag *d)
{
    if (text.ptr[0] == '[') {
        return diag_error_at(
            d, DIAG_MAP_SYNTAX, at, text,
            "the %s '%s' begins with '[': lists have no brackets; write %%5B for a literal '['",
            role, message_shown(d, text));
    }
    struct str bare = token_without_output(text);
    if (bare.ptr) {
        const char *number = message_shown(d, str_from_pos(text, bare.len + 1));
        const char *name = message_shown(d, bare);
        return diag_error_at(
            d, DIAG_MAP_SYNTAX, at, text,
            "variables have no ':%s': write '%s', or '%s%%3A%s' if the name itself ends so", number,
            name, name, number);
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool wildcard = c == '*' || c == '{' || c == '}' || c == ',';
        if (wildcard && pattern) {
            continue;
        }
        switch (c) {
        case '@':
            return name_refuse_checkpoint(text, role, at, d);
        case '*':
        case '{':
        case '}':
        case '?':
        case '=':
        case ':':
        case ',':
        case '|':
            return diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                                 "a '%c' in the %s '%s': write %%%02X for a literal '%c'", c, role,
                                 message_shown(d, text), c, c);
        default:
            break;
        }
    }
    return 0;
}

static size_t count_components(struct str name)
{
    size_t count = 1;
    for (size_t i = 0; i < name.len; i++) {
        count += name.ptr[i] == '/';
    }
    return count;
}

errint name_check(struct str name, const char *role, struct position at, struct diag *d)
{
    if (name.len == 0) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, name,
                             "a %s is the empty name, which no tensor can have", role);
    }
    if (name.len > NAME_BYTES_MOST) {
        return diag_error_at(d, DIAG_LIMIT, at, STR(""), "a %s has %zu bytes, the limit is %d",
                             role, name.len, NAME_BYTES_MOST);
    }
    if (count_components(name) > NAME_COMPONENTS_MOST) {
        return diag_error_at(d, DIAG_LIMIT, at, STR(""), "a %s has %zu components, the limit is %d",
                             role, count_components(name), NAME_COMPONENTS_MOST);
    }
    return 0;
}

errint name_parse(struct str text, const char *role, struct position at, struct arena *a,
                  struct name *out, struct diag *d)
{
    *out = (struct name){.text = STR("")};
    if (text.len == 0) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                             "a %s is empty: expected a name, a scope such as 'a/b/', "
                             "or the root '/'",
                             role);
    }
    errint rc = name_check_reserved(text, false, role, at, d);
    if (rc < 0) {
        return rc;
    }
    struct name name = {unescape_name(a, text), text.ptr[text.len - 1] == '/'};
    if (!name.text.ptr) {
        return diag_no_memory(d);
    }
    if (name.text.len == 0) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                             "the %s '%%' is the empty name, which no tensor can have", role);
    }
    if (name.is_scope && str_eq(name.text, STR("/")) && text.len > 1) {
        return diag_error_at(
            d, DIAG_MAP_SYNTAX, at, text,
            "the scope '%s' would be taken for the root '/': name its tensors one by one",
            message_shown(d, text));
    }
    rc = name_check(name.text, role, at, d);
    if (rc < 0) {
        return rc;
    }
    *out = name;
    return 0;
}

bool name_split_part(struct str name, struct str *whole, int64_t *number)
{
    long slash = str_rfind(name, '/');
    if (slash <= 0 || !str_starts(str_from_pos(name, (size_t)slash + 1), STR("part_"))) {
        return false;
    }
    struct str digits = str_from_pos(name, (size_t)slash + 1 + 5);
    int64_t value = token_number(digits);
    if (value < 0 || (digits.len > 1 && digits.ptr[0] == '0')) {
        return false;
    }
    if (whole) {
        *whole = str_head(name, (size_t)slash);
    }
    if (number) {
        *number = value;
    }
    return true;
}
