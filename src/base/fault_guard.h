/* SPDX-License-Identifier: Apache-2.0 */
/* Reading memory that is mapped from a file: where the file has no such bytes any more, or they
 * cannot be read, the system says so by SIGBUS. */
#ifndef CKPTFS_BASE_FAULT_GUARD_H
#define CKPTFS_BASE_FAULT_GUARD_H

#include <stdbool.h>

#include "base/errint.h"

/* fault_guarded: does work(context). Returns 0; -EIO: a SIGBUS of this thread ended it somewhere;
 * or why no handler could be set, and nothing was done. `work` holds no lock, owns nothing that its
 * end would lose, and guards nothing itself. Any thread; others that get a SIGBUS meanwhile die of
 * it. */
MUST_CHECK errint fault_guarded(void (*work)(void *context), void *context);

#endif
