/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that take the kernel's requests and answer them, for as long as there is a mount. */
#ifndef CKPTFS_FUSE_REQUESTS_H
#define CKPTFS_FUSE_REQUESTS_H

#include <fuse_lowlevel.h>

#include "base/errint.h"
#include "fuse/capacity.h"
#include "fuse/read_errors.h"

/* requests_take: until the mount ends, or a signal ends it (0), or no more requests can be taken,
 * which is logged. Where memory for one, or a thread, is not to be had it waits a little and goes
 * on, with a line in the log and in `read_errors`. */
MUST_CHECK errint requests_take(struct fuse_session *session, const struct capacity *c,
                                struct read_errors *read_errors);

#endif
