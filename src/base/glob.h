/* SPDX-License-Identifier: Apache-2.0 */
/* Shell patterns over names: `*` any bytes, '/' too; `?` one character; `[a-z]`, `[!a-z]` one byte
 * of (or not of) a set; `\` the next byte itself. */
#ifndef CKPTFS_BASE_GLOB_H
#define CKPTFS_BASE_GLOB_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* glob_match: whether all of `name` matches. Time is at most the product of both lengths. */
bool glob_match(struct str glob, struct str name);

/* glob_is_pattern: whether it has any of `*?[\`. */
bool glob_is_pattern(struct str text);

/* glob_escaped: `text` as a pattern that matches nothing else, allocated in `a`; NULL when memory
 * is short. */
const char *glob_escaped(struct str text, struct arena *a);

#endif
