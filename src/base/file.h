/* SPDX-License-Identifier: Apache-2.0 */
/* Regular files, read-only. Anything else (FIFO, device, directory, a file of /proc) is refused before a
 * byte is read, so a hostile path can neither block nor act. */
#ifndef CKPTFS_BASE_FILE_H
#define CKPTFS_BASE_FILE_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"

/* file_open: opens `path` for reading. On success *fd is the caller's and *st its fstat. Returns -ENOENT,
 * -EACCES, -EMFILE ... as open() says, or -EINVAL for what is not a regular file; *fd is then -1. */
MUST_CHECK errint file_open(const char *path, int *fd, struct stat *st);

/* file_complain: adds the error "PATH: cannot open: ..." that belongs to file_open's `rc`, under `code`,
 * and returns rc. */
errint file_complain(struct diag *d, enum diag_code code, const char *path, errint rc);

/* file_read_at: all of bytes [off, off+len) into buf, or -EIO (also when the file ends before). */
MUST_CHECK errint file_read_at(int fd, uint64_t off, size_t len, void *buf);

/* file_read_text: the whole file, allocated in `a`, at most `limit` bytes; failures are in d. */
MUST_CHECK errint file_read_text(const char *path, size_t limit, struct arena *a, struct str *text,
                                 struct stat *st, struct diag *d);

#endif
