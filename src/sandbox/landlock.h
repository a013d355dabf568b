/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock: a process takes rights on files from itself, for good, by where they are. What the
 * kernel does not know is left out.
 *
 *     struct landlock l;
 *     rc = landlock_begin(LANDLOCK_READS, 0, &l);
 *     landlock_allow(&l, "/models", LANDLOCK_READ_FILE);
 *     rc = landlock_enter(&l);
 *
 * Descriptors that are open keep what they have. */
#ifndef CKPTFS_SANDBOX_LANDLOCK_H
#define CKPTFS_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"

/* Rights on what is beneath a directory, as the kernel numbers them (linux/landlock.h, which older
 * systems do not have). */
enum landlock_right {
    LANDLOCK_EXECUTE = 1 << 0,
    LANDLOCK_WRITE_FILE = 1 << 1,
    LANDLOCK_READ_FILE = 1 << 2,
    LANDLOCK_READ_DIR = 1 << 3,
    LANDLOCK_REMOVE_DIR = 1 << 4,
    LANDLOCK_REMOVE_FILE = 1 << 5,
    LANDLOCK_MAKE_DIR = 1 << 7,
    LANDLOCK_MAKE_REG = 1 << 8,
    LANDLOCK_REFER = 1 << 13, /* links and renames between directories */
    LANDLOCK_TRUNCATE = 1 << 14,
    LANDLOCK_IOCTL_DEV = 1 << 15,
    LANDLOCK_READS = LANDLOCK_READ_FILE | LANDLOCK_READ_DIR,
    LANDLOCK_ALL = 0xffff,
};

struct landlock {
    int ruleset; /* owns; -1: none */
    int version; /* of the kernel's */
    uint32_t taken;
    bool network; /* the network and signals are taken, too, as far as the version goes */
};

/* landlock_begin: a set of rules, that takes the rights `taken` on all files; with `network` also
 * TCP, and signals and abstract sockets of others. -ENOSYS, -EOPNOTSUPP: the kernel has no
 * Landlock, or it is off. */
MUST_CHECK errint landlock_begin(uint32_t taken, bool network, struct landlock *out);

/* landlock_allow: but these of them are left on the file `path`, or beneath the directory. -ENOENT
 * ... if it cannot be opened. */
MUST_CHECK errint landlock_allow(struct landlock *l, const char *path, uint32_t rights);

/* landlock_enter: for the calling thread and those that it starts. Needs no_new_privs. In any case
 * the set is gone afterwards. */
MUST_CHECK errint landlock_enter(struct landlock *l);

/* landlock_drop: instead of landlock_enter. */
void landlock_drop(struct landlock *l);

#endif
