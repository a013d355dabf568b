/* SPDX-License-Identifier: Apache-2.0 */
/* The data files that some targets need, and no others: the rest of the checkpoint need not be
 * there. */
#ifndef CKPTFS_TOOL_TARGET_DATA_H
#define CKPTFS_TOOL_TARGET_DATA_H

#include <stddef.h>

#include "base/diag.h"
#include "base/errint.h"
#include "plan/plan.h"

/* target_data_open: opens those of `count` targets of c. For a view_opener (view/view.h). Errors
 * are in d; nothing is said of other files. */
MUST_CHECK errint target_data_open(struct catalog *c, const struct target *const *targets,
                                   size_t count, struct diag *d);

#endif
