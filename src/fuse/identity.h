/* SPDX-License-Identifier: Apache-2.0 */
/* As whom the server opens files.
 *
 * A checkpoint and its map are text of whoever wrote them: a data file may be a link to what its
 * owner may not read. So when root mounts, the server becomes the owner of what is named (owner.h)
 * before it looks at any of it; root's own checkpoints are served as uid 0 without capabilities. A
 * user who mounts stays who he is. */
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
        IDENTITY_SAME,   /* as we are: not root, or the owner is nobody that this namespace knows */
        IDENTITY_ROOT,   /* uid 0 without capabilities */
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

/* identity_find: the one that goes with what is named, unless one is given. Then nothing is looked
 * at, since root may be refused what that user is not (NFS). */
void identity_find(const struct opts *o, struct identity *out);

/* identity_become: gives away for good what the identity does not have, and the right to gain any
 * by executing (no_new_privs). Root's own goes on to be whoever its texts lead to (named.h): *who
 * is then that user. If a change is refused the process goes on as it is, and the log has a line.
 * While there is one thread. */
void identity_become(struct identity *who, const struct opts *o);

#endif
