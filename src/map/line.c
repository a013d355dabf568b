/* SPDX-License-Identifier: Apache-2.0 */
#include "map/line.h"

#include <stdio.h>

#include "base/utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool line_is_text(struct str line, struct line_fault *fault)
{
    char *to = fault->text;
    const size_t room = sizeof(fault->text);
    if (line.len > LINE_BYTES_MOST) {
        snprintf(to, room, "the line has %zu bytes, the limit is %d: continue it on indented lines",
                 line.len, LINE_BYTES_MOST);
        return false;
    }
    size_t len;
    for (size_t pos = 0; pos < line.len; pos += len) {
        unsigned char c = (unsigned char)line.ptr[pos];
        len = c < 0x80 ? 1 : utf8_sequence(line, pos);
        if (len == 0) {
            snprintf(to, room, "byte %zu of the line, 0x%02x, is not valid UTF-8: write it %%%02X",
                     pos + 1, c, c);
            return false;
        }
        if (c == '\r') {
            snprintf(to, room,
                     "byte %zu of the line is a carriage return: lines end with LF or CRLF",
                     pos + 1);
            return false;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            snprintf(to, room, "byte %zu of the line is the control byte 0x%02x: write it %%%02X",
                     pos + 1, c, c);
            return false;
        }
    }
    return true;
}

struct str line_without_comment(struct str line)
{
    for (size_t pos = 0; pos < line.len; pos++) {
        if ((line.ptr[pos] == ';' || line.ptr[pos] == '#') &&
            (pos == 0 || is_blank(line.ptr[pos - 1]))) {
            return str_head(line, pos);
        }
    }
    return line;
}

bool line_is_indented(struct str line)
{
    return line.len > 0 && is_blank(line.ptr[0]);
}

bool line_has_spaced_equals(struct str line)
{
    for (size_t pos = 1; pos < line.len; pos++) {
        if (line.ptr[pos] == '=' && is_blank(line.ptr[pos - 1]) &&
            (pos + 1 == line.len || is_blank(line.ptr[pos + 1]))) {
            return true;
        }
    }
    return false;
}
