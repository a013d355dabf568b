/* SPDX-License-Identifier: Apache-2.0 */
/* What people write between a source and its target where a map has '='. */
#ifndef CKPTFS_MAP_ARROW_H
#define CKPTFS_MAP_ARROW_H

#include <stdbool.h>

#include "base/str.h"

struct arrow {
    const char *sign; /* "->" */
    struct str from;  /* trimmed; what it points from, on whichever side that stands; never empty */
    struct str to;    /* trimmed; what it points to; never empty */
};

/* arrow_find: whether `text`, a trimmed line without comment, has another sign than a lone '='
 * between two texts: `a -> b`, `a: b`, `a => b`, `a := b`, `a == b`; or `b <- a`, `b <= a`, where
 * the left one is what it points to. Of a line with a '=', only a sign that holds its first '='
 * counts. */
bool arrow_find(struct str text, struct arrow *out);

#endif
