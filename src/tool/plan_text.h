/* SPDX-License-Identifier: Apache-2.0 */
/* What `ckptool plan` prints for people. */
#ifndef CKPTFS_TOOL_PLAN_TEXT_H
#define CKPTFS_TOOL_PLAN_TEXT_H

#include <stdint.h>

#include "tool/tool.h"

/* plan_text: the targets of v, or of them those that `only` marks (selection.h) if that is not
 * NULL, rule by rule, and how each that operations make comes to be; then, of a whole plan, the
 * lists of report.txt. -ENOMEM.
 *
 * plan_text_summary: the last lines: how many targets and bytes, and how these come about. */
MUST_CHECK errint plan_text(const struct view *v, const uint8_t *only, const struct tool_args *args,
                            struct tool_out *o);
void plan_text_summary(const struct view *v, const uint8_t *only, const struct diag *d,
                       struct buf *b);

#endif
