/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file that is held open is still what it was.
 *
 * Every read compares the file with what was last accepted of it, before and after. After it the
 * file system is asked anew (file_look.h), since some keep attributes for a minute. The rule, for
 * the file behind the held descriptor:
 *
 *   size, device or inode differs    it is another file, or was cut or continued: it fails for good
 *   mtime differs                    it may have been written to, or only touched: it is in doubt
 *   ctime differs, and with it link count, mode, owner, group, or the name that the kernel has for
 *                                    the descriptor it was unlinked, replaced by a rename, renamed,
 *                                    linked, chmod-ed or chown-ed: goes on, unless io.strict says
 *                                    (-o verify) that it is in doubt, too: a write whose mtime was
 *                                    set back may hide behind that
 *   ctime differs alone              a write whose mtime was set back, an xattr, a link made and
 *                                    removed: it is in doubt
 *
 * What was seen is then accepted, and what the next look is compared with.
 *
 * Not noticed is a write within one tick of the file system's clock after file_watch_begin, nor,
 * where its stamps are of a second, within one second.
 *
 * Private to io_file.c. */
#ifndef CKPTFS_IO_FILE_WATCH_H
#define CKPTFS_IO_FILE_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "io/io.h"

/* What may move together with ctime, as last seen. */
struct file_links {
    uint64_t links;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint64_t name_hash; /* of the path that /proc has for the descriptor; 0 where it has none */
};

struct file_watch {
    struct io *io;                 /* borrows: has `st`, and gets doubts */
    _Atomic int64_t mtime;         /* accepted, in ns */
    _Atomic int64_t ctime;         /* accepted, in ns */
    struct file_links accepted_as; /* what came with ctime; under the lock of file_watch.c */
};

/* file_watch_begin: accepts io->st as the first state. `fd` is the file's, or -1 where there is
 * none yet: `real_path` is then what /proc will say of one. */
void file_watch_begin(struct file_watch *w, struct io *io, int fd, const char *real_path);

/* file_watch_check: 0 if the file behind `fd` is what it was, or may be. -ESTALE if there is a
 * doubt that is newer than `doubt`, -EIO if it has failed or cannot be looked at: noted. `anew`:
 * the file system is asked, whatever the kernel keeps. Any thread. */
MUST_CHECK errint file_watch_check(struct file_watch *w, int fd, bool anew, uint32_t doubt);

#endif
