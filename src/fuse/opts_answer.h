/* SPDX-License-Identifier: Apache-2.0 */
/* What ckptfs prints on standard output when it is asked something instead of a mount. Why it
 * cannot be printed is logged. */
#ifndef CKPTFS_FUSE_OPTS_ANSWER_H
#define CKPTFS_FUSE_OPTS_ANSWER_H

#include "base/errint.h"

/* opts_answer_help, opts_answer_version: ours, then libfuse's. */
MUST_CHECK errint opts_answer_help(void);
MUST_CHECK errint opts_answer_version(void);

/* opts_answer_complete: what a shell may offer (fuse/opts_complete.h). */
MUST_CHECK errint opts_answer_complete(int argc, char **argv);

#endif
