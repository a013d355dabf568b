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

/* landlock_begin: an empty set of rules. Once it is entered, the rights `taken` (a set of enum
 * landlock_right) are gone on all files that no rule names. With `network`, so are TCP, and signals
 * to and abstract sockets of other processes. To be given to landlock_enter or landlock_drop.
 * -ENOSYS, -EOPNOTSUPP: the kernel has no Landlock, or it is off. */
MUST_CHECK errint landlock_begin(uint32_t taken, bool network, struct landlock *out);

/* landlock_allow: a rule: of the rights that are taken, these are left on the file `path`, or
 * beneath the directory. Fails as opening it does. */
MUST_CHECK errint landlock_allow(struct landlock *l, const char *path, uint32_t rights);

/* landlock_enter: the rules hold from now on for the calling thread and those that it starts. Needs
 * no_new_privs. Frees the set, also on failure. */
MUST_CHECK errint landlock_enter(struct landlock *l);

/* landlock_drop: frees a set that is not entered. */
void landlock_drop(struct landlock *l);

#endif
