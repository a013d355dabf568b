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

/* owner_find: the owner of the first directory, link or file on the way to `path`, as it is named
 * and as links of root's lead on, that is not root's: it is that user who decides what is behind
 * it. The way to a relative path begins with the way to the working directory. False if all of it
 * is root's, or as much as can be looked at: what cannot be, other than what is not there, is in
 * the log.
 *
 * A name without a file is a prefix, whose index decides, or a pattern. A directory of root's goes
 * on to its state file; and if others can put entries into a directory, all that may be a
 * checkpoint's file there counts.
 *
 * Nothing is opened but directories of root's, and no text is read. */
bool owner_find(const char *path, struct owner *out);

#endif
