/* SPDX-License-Identifier: Apache-2.0 */
/* Regular files, read-only. Anything else (FIFO, device, directory, a file of /proc) is looked at
 * and refused without being opened, so a hostile path can neither block nor act. */
#ifndef CKPTFS_IO_FILE_H
#define CKPTFS_IO_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"

/* file_open: opens `path` for reading. On success *fd is the caller's and *st what file_look says
 * of it. Returns -ENOENT, -EACCES, -EMFILE ... as open() says, -EINVAL for what is not a regular
 * file, or -ESTALE where there is no /proc and another file took the path meanwhile; *fd is then
 * -1. */
MUST_CHECK errint file_open(const char *path, int *fd, struct stat *st);

/* file_why: the words for file_open's `rc`; where access was denied, those of d (diag.h) as well.
 * They live as long as d, which may be NULL. */
const char *file_why(struct diag *d, errint rc);

/* file_complain: adds the error "PATH: cannot open: ..." that belongs to file_open's `rc`, under
 * `code`, and returns rc. */
errint file_complain(struct diag *d, enum diag_code code, const char *path, errint rc);

/* file_look, file_look_at: what fstat of `fd`, stat of `path` say, but asked of the file itself
 * where the file system keeps attributes for a while (NFS, SMB, FUSE): a round trip there, and as
 * fast as fstat elsewhere. A kernel or a sandbox without statx gets fstat, stat. -errno. */
MUST_CHECK errint file_look(int fd, struct stat *st);
MUST_CHECK errint file_look_at(const char *path, struct stat *st);

/* file_look_settled: as file_look, but only once the times are older than a tick of the clock that
 * they come from (10 ms at most): a write after it then has another time. Waits for that if they
 * are not, which is seldom; of a file that is written to all the time they may be younger. */
MUST_CHECK errint file_look_settled(int fd, struct stat *st);

/* file_same: whether both are of one file with the same content, as far as size and times can
 * tell. */
bool file_same(const struct stat *a, const struct stat *b);

/* file_unchanged: 0 if what was read of `fd` since `st` was found is of one state of the file:
 * -ESTALE if it has changed, or as file_look. */
MUST_CHECK errint file_unchanged(int fd, const struct stat *st);

/* file_stat: stat(path). file_list: opendir(path), NULL with errno as it sets it. file_next: the
 * next entry; NULL at the end, and where that cannot be found out, which sets *rc (0 else). Of all
 * of them, and of the others here, what is no answer is noted (trouble.h). */
MUST_CHECK errint file_stat(const char *path, struct stat *st);
DIR *file_list(const char *path);
const struct dirent *file_next(DIR *dir, errint *rc);

/* file_read_at: all of bytes [off, off+len) into buf, or -EIO (also when the file ends before). */
MUST_CHECK errint file_read_at(int fd, uint64_t off, size_t len, void *buf);

/* file_read_text: the whole file, allocated in `a`, at most `limit` bytes; failures are in d. */
MUST_CHECK errint file_read_text(const char *path, size_t limit, struct arena *a, struct str *text,
                                 struct stat *st, struct diag *d);

#endif
