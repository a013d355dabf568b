/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes of a name are well-formed UTF-8 (Unicode 15, table 3-7). */
#ifndef CKPTFS_BASE_UTF8_H
#define CKPTFS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* utf8_sequence: the length, 1 to 4, of the well-formed sequence that starts at byte `pos` of s, or 0
 * if none does. pos must be < s.len. */
size_t utf8_sequence(struct str s, size_t pos);

/* utf8_valid: whether all of s is well-formed. */
bool utf8_valid(struct str s);

#endif
