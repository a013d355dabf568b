/* SPDX-License-Identifier: Apache-2.0 */
/* The directory that the view is mounted on: checks before, care after, and -u. What is wrong is logged. */
#ifndef CKPTFS_SERVE_MOUNTPOINT_H
#define CKPTFS_SERVE_MOUNTPOINT_H

#include <limits.h>
#include <stdbool.h>

#include "base/errint.h"

struct mountpoint {
    char path[PATH_MAX]; /* absolute, without links: fit for a daemon */
};

/* mountpoint_check: that `path` is a directory, reachable, empty (unless `nonempty`) and no stale mount. Each failure says its remedy. */
MUST_CHECK errint mountpoint_check(const char *path, bool nonempty, struct mountpoint *out);

/* mountpoint_complain: logs the error "PATH: WHAT". */
void mountpoint_complain(const struct mountpoint *m, const char *what);

/* mountpoint_readahead: lets the kernel read ahead as far as a request goes, which needs root; if that cannot be, a debug line says so. Never
 * touches the mounted directory, so it may be called before requests are answered. */
void mountpoint_readahead(const struct mountpoint *m);

/* mountpoint_abort: ends the connection of the mount, so that the kernel fails every request that waits for an answer. */
void mountpoint_abort(const struct mountpoint *m);

/* mountpoint_unmount: unmounts the ckptfs that is mounted at `path`, live or stale. */
MUST_CHECK errint mountpoint_unmount(const char *path);

#endif
