/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes of a name are well-formed UTF-8 (Unicode 15, table 3-7), and which characters can be
 * seen. */
#ifndef CKPTFS_BASE_UTF8_H
#define CKPTFS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* utf8_sequence: the length, 1 to 4, of the well-formed sequence that starts at byte `pos` of s, or
 * 0 if none does. pos must be < s.len. */
size_t utf8_sequence(struct str s, size_t pos);

/* utf8_valid: whether all of s is well-formed. */
bool utf8_valid(struct str s);

/* utf8_decode: the character of the well-formed sequence of `len` bytes at p. */
uint32_t utf8_decode(const void *p, size_t len);

/* utf8_shown: whether a terminal shows a character as itself. It does not show controls (below
 * U+0020, U+007F to U+009F), which it obeys; what turns the direction of the text around it (U+202E
 * and its like: a name then looks like another); line separators; and what takes no room: Unicode's
 * Default_Ignorable_Code_Point, such as U+200B and U+FEFF, and the marks of annotations. */
bool utf8_shown(uint32_t c);

#endif
