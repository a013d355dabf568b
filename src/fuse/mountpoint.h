/* SPDX-License-Identifier: Apache-2.0 */
/* The directory that the view is mounted on, resolved and opened once, and -u. What is wrong is
 * logged.
 *
 * As libfuse does, we also take `/dev/fd/N`: a descriptor of /dev/fuse that another program has
 * opened and mounted. Then there is no directory to look at, and nothing to unmount. */
#ifndef CKPTFS_FUSE_MOUNTPOINT_H
#define CKPTFS_FUSE_MOUNTPOINT_H

#include <limits.h>
#include <stdbool.h>

#include "base/errint.h"

struct mountpoint {
    char path[PATH_MAX]; /* of the directory when it was opened: absolute, without links */
    int dir;             /* owns; O_PATH; -1: none */
    int device;          /* N of /dev/fd/N; -1: we mount */
};

/* mountpoint_open: opens the directory `path`; *out is valid in any case and to be closed. It has
 * to be reachable, empty (unless `nonempty`) and no stale mount: each failure says its remedy. */
MUST_CHECK errint mountpoint_open(const char *path, bool nonempty, struct mountpoint *out);

/* mountpoint_close: lets go of the directory; not of the device. */
void mountpoint_close(struct mountpoint *m);

/* mountpoint_descriptor: N of the path "/dev/fd/N", above 2; -1 for any other. */
int mountpoint_descriptor(const char *path);

/* mountpoint_path: where the directory is now; where there is no /proc, `path` resolved. */
void mountpoint_path(int dir, const char *path, char out[static PATH_MAX]);

/* mountpoint_complain: logs the error "PATH: WHAT". */
FORMAT(2, 3) void mountpoint_complain(const struct mountpoint *m, const char *fmt, ...);

/* mountpoint_unmount: unmounts the ckptfs that is mounted at `path`, live or stale. */
MUST_CHECK errint mountpoint_unmount(const char *path);

#endif
