/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the limits of the process (memory, descriptors, threads) let it answer requests: looked
 * at before there is a mount of which every read would fail, while there is somebody to be told. */
#ifndef CKPTFS_FUSE_CAPACITY_H
#define CKPTFS_FUSE_CAPACITY_H

#include <stdbool.h>

#include "base/errint.h"
#include "view/view.h"

struct capacity {
    unsigned threads; /* that can answer requests at the same time; 1 or more */
    bool clones;      /* there are descriptors for each of them to have its own of the device */
};

/* capacity_find: for requests of `v`, all of whose files are open, and at most `wanted` threads.
 * These are tried where the process has limits of memory or threads. What does not suffice is
 * logged: too few for any is -ENOMEM or -EMFILE. */
MUST_CHECK errint capacity_find(const struct view *v, unsigned wanted, struct capacity *out);

#endif
