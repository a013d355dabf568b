/* SPDX-License-Identifier: Apache-2.0 */
/* The mount itself: made on an open directory, and undone by what it is, not by where it was. */
#ifndef CKPTFS_FUSE_ATTACHMENT_H
#define CKPTFS_FUSE_ATTACHMENT_H

#include <limits.h>

#include "base/errint.h"
#include "fuse/mountinfo.h"
#include "fuse/mountpoint.h"

struct attachment {
    int device;          /* owns; of /dev/fuse: whoever has it can answer; -1: not mounted */
    struct mount_id is;  /* zero: it cannot be told which of the mounts is ours */
    char path[PATH_MAX]; /* where it was made */
};

/* attach: mounts on the directory that was opened for `m`, with `options`, a list as libfuse takes
 * it: by mount(2), or by fusermount3 where that is not allowed. What is wrong is logged. The
 * working directory is `/` afterwards. */
MUST_CHECK errint attach(const struct mountpoint *m, const char *options, struct attachment *out);

/* detach: unmounts that mount, wherever it is now, and no other, also while files of it are open. 0
 * as well if it is gone already; -EBUSY if another mount covers it: nothing in Linux reaches a
 * mount below another without the other. -ESRCH if its identity is not known.
 *
 * While the device is open and the connection lives, no other mount can have its device number.
 * Later one could: then a mount of that number is taken for ours only if no program answers for it.
 */
MUST_CHECK errint detach(const struct attachment *a);

/* attachment_abort: ends the connection, so that the kernel fails every request that waits for an
 * answer. */
MUST_CHECK errint attachment_abort(const struct attachment *a);

/* attachment_readahead: lets the kernel read ahead that far, in KiB. Only after INIT is answered,
 * which sets it, too. */
MUST_CHECK errint attachment_readahead(const struct attachment *a, unsigned kib);

#endif
