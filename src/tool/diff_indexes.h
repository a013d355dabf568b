/* SPDX-License-Identifier: Apache-2.0 */
/* Two checkpoints by their indexes alone, of which one is open at a time. */
#ifndef CKPTFS_TOOL_DIFF_INDEXES_H
#define CKPTFS_TOOL_DIFF_INDEXES_H

#include "tool/diff.h"

/* diff_indexes: compares A and B, as they are, if that is all that the command line asks for and
 * every tensor of both has a checksum: 1, and *l has what came of it, where its pairs are those
 * alone that are told, allocated in `a`. 0, or a failure: it has to be done another way, and d is
 * as it was. */
MUST_CHECK int diff_indexes(const struct tool_args *args, struct diag *d, struct arena *a,
                            struct diff_list *l);

#endif
