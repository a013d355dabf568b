/* SPDX-License-Identifier: Apache-2.0 */
/* The table of mounts that this process sees, /proc/self/mountinfo, and which mount is which.
 *
 * A path says little of a mount: others may cover it, it may be moved, and another may take its
 * place. Its identity is the device number that its files have, which no other has while its
 * connection lives, and its number in the table, which tells it from other mounts of the same
 * files. Both are given anew once a mount is gone, often to the next one, which a newer kernel
 * tells apart by a third number. No function here touches what is mounted, so none waits for the
 * program that serves it. */
#ifndef CKPTFS_FUSE_MOUNTINFO_H
#define CKPTFS_FUSE_MOUNTINFO_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"

struct mount_id {
    unsigned major, minor; /* of st_dev; both 0: no mount */
    uint64_t number;       /* in the table; 0: the kernel did not tell */
    uint64_t unique;       /* never given again; 0: the kernel did not tell, as before Linux 6.8 */
};

struct mount_entry {
    struct mount_id is;
    bool ours;      /* its type is fuse.ckptfs */
    bool uncovered; /* no mount lies on its root */
    char path[PATH_MAX];
};

/* mountinfo_find: the entry of that mount. -ENOENT if it is not in the table, or the error of
 * reading the table. */
MUST_CHECK errint mountinfo_find(const struct mount_id *is, struct mount_entry *out);

/* mountinfo_at: the entry of the uppermost mount at `path`, which is absolute and without links.
 * -ENOENT if there is none, or the error of reading the table. */
MUST_CHECK errint mountinfo_at(const char *path, struct mount_entry *out);

/* mount_top: which mount one meets at entry `name` of the directory `parent`, an O_PATH descriptor.
 */
MUST_CHECK errint mount_top(int parent, const char *name, struct mount_id *out);

/* mount_replaced: whether the mount that one meets at entry `name` of the directory `parent` is
 * another one to which the numbers of `old` were given again. It is not opened, and so not kept
 * busy. False where the kernel does not tell. */
bool mount_replaced(int parent, const char *name, const struct mount_id *old);

/* mount_same: whether both are the same mount, as far as both say. */
bool mount_same(const struct mount_id *a, const struct mount_id *b);

#endif
