/* SPDX-License-Identifier: Apache-2.0 */
/* As whom the server opens files.
 *
 * Checkpoint and map are written by their owner: a data file may be a link to what that user may
 * not read. So when root mounts, the server becomes the owner of what is named (owner.h) before it
 * looks at any of it; root's own checkpoints are served as uid 0 without capabilities. A user who
 * mounts stays who he is. */
#ifndef CKPTFS_FUSE_IDENTITY_H
#define CKPTFS_FUSE_IDENTITY_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/errint.h"
#include "fuse/opts.h"

struct identity {
    enum {
        IDENTITY_SAME, /* as we are: not root, or this namespace knows no such user as the owner */
        IDENTITY_ROOT, /* uid 0 without capabilities */
        IDENTITY_READER, /* uid 0 that may read all files: runas=root */
        IDENTITY_USER,
    } kind;
    uid_t uid;
    gid_t gid;
    char name[64];              /* of the user, or its number */
    bool groups;                /* with the user's supplementary groups */
    char words[PATH_MAX + 256]; /* what to say where access is denied; may be empty */
};

/* identity_given: the one that -o runas= asks for, if it is given. -EINVAL with one line for the
 * user in `complaint` if there is no such user, or it is not ours to choose. */
MUST_CHECK errint identity_given(const struct opts *o, struct identity *out, struct buf *complaint);

/* identity_find: the identity of the owner of what the command line names. If runas= gives one, it
 * is that, and no file is looked at: root may be refused what that user is not (NFS). */
void identity_find(const struct opts *o, struct identity *out);

/* identity_become: gives away for good what the identity does not have, and the right to gain any
 * by executing (no_new_privs). If all that is named is root's own, and its map or state file leads
 * to files of a user (named.h), the process becomes that user, and *who says so. If a change is
 * refused the process goes on as it is, and the log has a line. To be called while there is one
 * thread. */
void identity_become(struct identity *who, const struct opts *o);

#endif
