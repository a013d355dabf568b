/* SPDX-License-Identifier: Apache-2.0 */
/* Names as a map writes them: %XX stands for a byte, "%" for an empty component, a final '/' makes
 * a scope. */
#ifndef CKPTFS_MAP_NAME_H
#define CKPTFS_MAP_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"

enum { NAME_BYTES_MOST = 64 << 10, NAME_COMPONENTS_MOST = 512 };

struct name {
    struct str text; /* decoded, in the arena; a scope keeps its final '/'; never empty */
    bool is_scope;   /* written with a final '/' (`w/%` and `w%2F` are no scopes, though they decode
                        to "w/") */
};

/* name_parse: the name that trimmed `text` stands for. `role` ("source", "target", "variable") and
 * `at` are for the messages. Refuses an empty name, characters that the language keeps for itself,
 * `x:0`, names over the limits. */
MUST_CHECK errint name_parse(struct str text, const char *role, struct position at, struct arena *a,
                             struct name *out, struct diag *d);

/* name_refuse_checkpoint: the error of an '@' where no checkpoint can be named. */
MUST_CHECK errint name_refuse_checkpoint(struct str text, const char *role, struct position at,
                                         struct diag *d);

/* name_check: whether `name`, decoded, can be one: it is not empty, and within the limits. -EINVAL,
 * -EOVERFLOW, and the error is in d. */
errint name_check(struct str name, const char *role, struct position at, struct diag *d);

/* name_check_reserved: whether `text`, not decoded, has none of the characters that the language
 * keeps for itself, but for those of wildcards where it may be a pattern, and is no name of an
 * output. -EINVAL, and the error is in d. */
errint name_check_reserved(struct str text, bool pattern, const char *role, struct position at,
                           struct diag *d);

/* name_split_part: whether `name`, decoded, is NAME/part_N, with N in decimal without padding.
 * Outputs may be NULL. */
bool name_split_part(struct str name, struct str *whole, int64_t *number);

#endif
