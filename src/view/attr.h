/* SPDX-License-Identifier: Apache-2.0 */
/* stat() and extended attributes of a node. */
#ifndef CKPTFS_VIEW_ATTR_H
#define CKPTFS_VIEW_ATTR_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/errint.h"
#include "render/render.h"
#include "view/view.h"

enum {
    ATTR_BLOCK_BYTES = 1 << 20, /* st_blksize: what a reader should ask for at once */
    ATTR_VALUE_MOST = 64 << 10, /* XATTR_SIZE_MAX: the kernel passes no longer value */
};

/* Who mounts, and what -o uid=, gid=, umask= say. */
struct attr_policy {
    uid_t uid; /* of who mounts */
    gid_t gid;
    bool set_uid, set_gid; /* given: force_uid, force_gid are the owner of everything */
    uid_t force_uid;
    gid_t force_gid;
    mode_t umask; /* bits taken away; 0 by default */
};

/* attr_stat: what stat() says of `file`, a number of content.h. Modes are at most 0444 and what all
 * files its bytes come from allow. A directory's bytes are names, which come from the index and the
 * map; who may read them may search it, too: 0555 at most; st_nlink 1. st_blocks is ceil(size /
 * 512), st_blksize 1 MiB; mtime is the newest of the source files.
 *
 * The owner is that of the source files when root mounts, else the mounting user. Where that is
 * another than the files' owner (they have several, or access came by group or ACL), group and
 * others may read only what both may read in every source.
 *
 * The size is found as by content_open, which may fail. */
MUST_CHECK errint attr_stat(const struct view *v, const struct attr_policy *policy, uint32_t file,
                            struct reader *r, struct stat *st);

/* attr_stat_unsized: attr_stat, but for the size and the blocks, which are 0. It reads and builds
 * nothing, and does not fail. */
void attr_stat_unsized(const struct view *v, const struct attr_policy *policy, uint32_t file,
                       struct stat *st);

/* attr_names: the names of the file's extended attributes, each with its NUL, added to b. */
void attr_names(const struct view *v, uint32_t file, struct buf *b);

/* attr_value: adds the value of attribute `name`
 * (user.ckptfs.{name,dtype,shape,source,slice,crc32c}) to b; -ENODATA, -ENOMEM. Values are text
 * without a final newline:
 *
 *     name    the exact bytes of the variable's name         shape   [20, 100]
 *     dtype   float32                                        source  names of source tensors, one a
 *                                                                    line, or their count; not of
 *                                                                    what has none
 *     slice   [20:40, 0:100] of [100, 100]; parts only       crc32c  8 hex digits, masked; whole
 *                                                                    unchanged tensors only
 *
 * Strings have no crc32c: that of the checkpoint is over lengths that the file does not have, so it
 * would be taken for something that it is not. */
MUST_CHECK errint attr_value(const struct view *v, uint32_t file, const char *name, struct buf *b);

#endif
