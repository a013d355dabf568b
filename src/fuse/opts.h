/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of ckptfs. Parsing has no side effects and opens no file. */
#ifndef CKPTFS_FUSE_OPTS_H
#define CKPTFS_FUSE_OPTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/errint.h"
#include "view/attr.h"

#define OPTS_TYPE "ckptfs" /* the mount's type is fuse.ckptfs */

enum opts_action { OPTS_MOUNT, OPTS_UNMOUNT, OPTS_HELP, OPTS_VERSION };

struct opts {
    struct arena arena; /* owns the texts that do not come from argv */
    enum opts_action action;
    const char *checkpoint; /* NULL: not given, or "none" as in fstab */
    const char *mountpoint;
    const char *map;        /* NULL: not given */
    const char *graph;      /* NULL: not given */
    struct map_extra extra; /* of assign=, define= and names= */
    const char *fsname;     /* NULL: not given */
    const char *runas;      /* a user's name or number; NULL: not given */
    const char
        *mount_namespace; /* of mount(8), a file in /proc: where to mount; NULL: where we are */
    bool foreground;
    bool debug;
    bool verbose;
    bool verify;       /* check tensors before they are first read */
    bool noverify;     /* look at no tensor at the mount */
    bool npy;          /* list .npy files */
    bool no_sandbox;   /* to find out whether it is in the way */
    bool nonempty;     /* mount over a directory that holds something */
    bool fake;         /* -f of mount(8): check all, mount nothing */
    bool helper;       /* called as mount.fuse.ckptfs, whose -f, -n, -s, -v are mount(8)'s */
    unsigned max_read; /* bytes of a read request; 0: as the kernel likes */
    struct attr_policy policy;
    char *session; /* owns: what else libfuse is to be told, as one -o list, escaped; NULL if
                      nothing */
};

/* opts_parse: 0, or -EINVAL with one line for the user in `complaint`. *out must be given to
 * opts_fini in either case. */
MUST_CHECK errint opts_parse(int argc, char **argv, struct opts *out, struct buf *complaint);
void opts_fini(struct opts *o);

/* opts_session: the one -o list for libfuse: always ro,nosuid,nodev,default_permissions and our
 * subtype; fsname (`checkpoint`, unless one was given) is escaped. Adds to b. */
MUST_CHECK errint opts_session(const struct opts *o, const char *checkpoint, struct buf *b);

#endif
