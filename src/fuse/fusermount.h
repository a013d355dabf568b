/* SPDX-License-Identifier: Apache-2.0 */
/* fusermount3, which unmounts for those who may not do it themselves. */
#ifndef CKPTFS_FUSE_FUSERMOUNT_H
#define CKPTFS_FUSE_FUSERMOUNT_H

#include <stdbool.h>

#include "base/errint.h"

/* fusermount_unmount: what is uppermost at `path`; with `lazy` even if files of it are open. -EIO
 * if it failed, or why it did not start; `said` is why in words, one line and no more than fits. */
MUST_CHECK errint fusermount_unmount(const char *path, bool lazy, char said[static 512]);

#endif
