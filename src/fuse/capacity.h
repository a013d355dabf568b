/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the limits of the process (memory, descriptors, threads) let it answer requests. This is
 * found out before the mount is made: later every read would fail, and there would be no terminal
 * to say so. */
#ifndef CKPTFS_FUSE_CAPACITY_H
#define CKPTFS_FUSE_CAPACITY_H

#include <stdbool.h>

#include "base/errint.h"
#include "view/view.h"

struct capacity {
    unsigned threads; /* that can answer requests at the same time; 1 or more */
    bool clones;      /* there are descriptors for each of them to have its own of the device */
};

/* capacity_find: how many threads, `wanted` at most, can answer requests of `v`, all of whose files
 * are open. Where the process has limits of memory or threads, that many are started for a try.
 * What is not to be had is logged. Returns 0; -ENOMEM or -EMFILE if not even one thread could
 * answer. */
MUST_CHECK errint capacity_find(const struct view *v, unsigned wanted, struct capacity *out);

#endif
