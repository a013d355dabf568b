/* SPDX-License-Identifier: Apache-2.0 */
/* How libfuse reads requests from /dev/fuse and writes answers to it. The kernel may refuse an
 * answer, where memory is short for one; libfuse drops it then, and its reader waits for ever. */
#ifndef CKPTFS_FUSE_DEVICE_IO_H
#define CKPTFS_FUSE_DEVICE_IO_H

#include "base/errint.h"

struct fuse_session;

/* device_io_take: from now on the requests that `device` has, an open descriptor of /dev/fuse, are
 * the session's, which closes it. An answer that the kernel refuses is offered again for a quarter
 * of a second; then its reader gets EIO, and the log says so. Where the kernel does not take that
 * either, the process is asked to end (SIGTERM), which ends the mount. -EINVAL, -EBADF. */
MUST_CHECK errint device_io_take(struct fuse_session *session, int device);

#endif
