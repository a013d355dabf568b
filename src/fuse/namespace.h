/* SPDX-License-Identifier: Apache-2.0 */
/* The mount namespace that mount(8) was told to mount in (`mount -N`). */
#ifndef CKPTFS_FUSE_NAMESPACE_H
#define CKPTFS_FUSE_NAMESPACE_H

#include "base/errint.h"

/* namespace_enter: makes the namespace behind the file `path` (/proc/PID/ns/mnt, or what mount(8)
 * gives its helpers) that of the process, which has one thread. What is wrong is logged. */
MUST_CHECK errint namespace_enter(const char *path);

#endif
