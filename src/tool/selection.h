/* SPDX-License-Identifier: Apache-2.0 */
/* PATTERN arguments of commands: which names they select. */
#ifndef CKPTFS_TOOL_SELECTION_H
#define CKPTFS_TOOL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "view/view.h"

/* selection_matches: whether the pattern, a shell pattern on all of the name, or, without any of
 * the characters * ? [, a part of it, selects the name. */
bool selection_matches(struct str pattern, struct str name);

/* selection_targets: which targets of v's plan `count` patterns select, by their names or their
 * paths in the mount: an array of the caller's (free), one byte a target, not 0 where it is
 * selected. A pattern that selects none is an error in d, with near names. -EINVAL, -ENOMEM. */
MUST_CHECK errint selection_targets(const struct view *v, const char *const *patterns, size_t count,
                                    struct diag *d, uint8_t **out);

#endif
