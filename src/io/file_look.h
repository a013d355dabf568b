/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is now, asked of the file itself where the file system keeps attributes for a while
 * (NFS, SMB, FUSE): a round trip there, and as fast as fstat elsewhere. A kernel or a sandbox
 * without statx gets fstat, stat. What is no answer is noted (trouble.h).
 *
 * Private to src/io. */
#ifndef CKPTFS_IO_FILE_LOOK_H
#define CKPTFS_IO_FILE_LOOK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/errint.h"

/* file_look: of the file behind `fd`. file_look_at: of the file at `path`. -errno. */
MUST_CHECK errint file_look(int fd, struct stat *st);
MUST_CHECK errint file_look_at(const char *path, struct stat *st);

/* file_look_settled: as file_look, but only once the times are older than a tick of the clock that
 * they come from (10 ms at most): a write after it then has another time. Waits for that if they
 * are not, which is seldom; of a file that is written to all the time they may be younger. */
MUST_CHECK errint file_look_settled(int fd, struct stat *st);

/* file_same: whether both are of one file with the same content, as far as size and times can
 * tell. */
bool file_same(const struct stat *a, const struct stat *b);

#endif
