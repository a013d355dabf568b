/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that take the kernel's requests and answer them, for as long as there is a mount. */
#ifndef CKPTFS_FUSE_REQUESTS_H
#define CKPTFS_FUSE_REQUESTS_H

#include <fuse_lowlevel.h>

#include "base/errint.h"
#include "fuse/capacity.h"
#include "fuse/read_errors.h"

/* requests_take: answers requests until the mount ends or a signal ends it, with as many threads as
 * `c` says. Where memory for a request, or a thread, is not to be had, it waits a little and goes
 * on, with a line in the log and in `read_errors`. Returns 0 at the end, or why no more requests
 * can be taken, which is logged. */
MUST_CHECK errint requests_take(struct fuse_session *session, const struct capacity *c,
                                struct read_errors *read_errors);

#endif
