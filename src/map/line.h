/* SPDX-License-Identifier: Apache-2.0 */
/* One physical line of an INI file, without its end: what it is before anyone parses it. */
#ifndef CKPTFS_MAP_LINE_H
#define CKPTFS_MAP_LINE_H

#include <stdbool.h>

#include "base/str.h"

enum { LINE_BYTES_MOST = 64 << 10 };

/* line_is_text: whether the bytes are UTF-8 without control bytes, and not too many; if not,
 * `fault` has the message. */
struct line_fault {
    char text[160];
};
bool line_is_text(struct str line, struct line_fault *fault);

/* line_without_comment: the line up to a `;` or `#` at its start or after a blank. */
struct str line_without_comment(struct str line);

/* line_is_indented: whether it begins with a blank. */
bool line_is_indented(struct str line);

/* line_has_spaced_equals: whether ` = ` occurs, also as the last thing: the mark of an item of its
 * own. */
bool line_has_spaced_equals(struct str line);

#endif
