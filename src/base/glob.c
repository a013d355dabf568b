/* SPDX-License-Identifier: Apache-2.0 */
/* Shell patterns over names. Not fnmatch(): names may hold NUL, and glibc's takes exponential time
 * for many stars. */
#include "base/glob.h"

#include "base/utf8.h"

bool glob_is_pattern(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (memchr("*?[\\", text.ptr[i], 4)) {
            return true;
        }
    }
    return false;
}

/* The set that begins after the '[' at `pos`: whether byte c is in it, and *end behind its ']'. A
 * ']' at the first place is a member. False and *end 0 when there is no closing ']': then '[' is
 * itself. */
static bool in_set(struct str glob, size_t pos, unsigned char c, size_t *end)
{
    bool negated = pos < glob.len && (glob.ptr[pos] == '!' || glob.ptr[pos] == '^');
    pos += negated;
    bool found = false;
    for (size_t i = pos; i < glob.len; i++) {
        if (glob.ptr[i] == ']' && i > pos) {
            *end = i + 1;
            return found != negated;
        }
        i += glob.ptr[i] == '\\' && i + 1 < glob.len;
        unsigned char low = (unsigned char)glob.ptr[i];
        unsigned char high = low;
        if (i + 2 < glob.len && glob.ptr[i + 1] == '-' && glob.ptr[i + 2] != ']') {
            i += 2;
            i += glob.ptr[i] == '\\' && i + 1 < glob.len;
            high = (unsigned char)glob.ptr[i];
        }
        found |= low <= c && c <= high;
    }
    *end = 0;
    return false;
}

/* One step of the pattern other than `*` against the name at *at: whether it fits; both positions
 * move on. */
static bool match_one(struct str glob, size_t *pos, struct str name, size_t *at)
{
    char c = glob.ptr[*pos];
    size_t end = 0;
    if (c == '?') {
        size_t len = utf8_sequence(name, *at);
        *at += len ? len : 1;
        (*pos)++;
        return true;
    }
    if (c == '[') {
        bool in = in_set(glob, *pos + 1, (unsigned char)name.ptr[*at], &end);
        if (end) {
            *pos = end;
            (*at)++;
            return in;
        }
    }
    if (c == '\\' && *pos + 1 < glob.len) {
        c = glob.ptr[++*pos];
    }
    (*pos)++;
    return c == name.ptr[(*at)++];
}

bool glob_match(struct str glob, struct str name)
{
    size_t pos = 0, at = 0;
    bool starred = false; /* after a `*`: where to begin again, one byte further on */
    size_t star_pos = 0, star_at = 0;
    for (;;) {
        if (pos < glob.len && glob.ptr[pos] == '*') {
            starred = true;
            star_pos = ++pos;
            star_at = at;
        } else if (at == name.len && pos == glob.len) {
            return true;
        } else if (pos == glob.len || at == name.len || !match_one(glob, &pos, name, &at)) {
            if (!starred || star_at >= name.len) {
                return false;
            }
            pos = star_pos;
            at = ++star_at;
        }
    }
}

const char *glob_escaped(struct str text, struct arena *a)
{
    char *escaped = arena_bytes(a, 2 * text.len + 1);
    char *end = escaped;
    for (size_t i = 0; escaped && i < text.len; i++) {
        if (memchr("*?[\\", text.ptr[i], 4)) {
            *end++ = '\\';
        }
        *end++ = text.ptr[i];
    }
    if (escaped) {
        *end = '\0';
    }
    return escaped;
}
