/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a path is: who decides what one meets there. */
#ifndef CKPTFS_FUSE_OWNER_H
#define CKPTFS_FUSE_OWNER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct owner {
    uid_t uid;
    char of[PATH_MAX]; /* what is owned: a directory, link or file on the way */
};

/* owner_find: goes the way to `path`, through directories and root's links, to the first directory,
 * link or file that is not root's: its owner decides what is behind it. The way to a relative path
 * begins with the way to the working directory. False if all of it is root's. What cannot be looked
 * at, other than what is not there, is in the log, and the way ends there.
 *
 * A name without a file is a prefix, whose index decides, or a pattern. A directory of root's goes
 * on to its state file. If others can put entries into a directory, the owners of all files there
 * that may be a checkpoint's count as well.
 *
 * Only directories of root's are opened, and no text is read. */
bool owner_find(const char *path, struct owner *out);

#endif
