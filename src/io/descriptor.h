/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of regular files, read-only. Anything else (FIFO, device, directory, a file of /proc)
 * is looked at and refused without being opened, so a hostile path can neither block nor act.
 *
 * Private to src/io: above it, files are ios (io_file.h). */
#ifndef CKPTFS_IO_DESCRIPTOR_H
#define CKPTFS_IO_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/errint.h"

/* descriptor_open: opens `path` for reading. On success *fd is the caller's and *st what file_look
 * says of it. Returns -ENOENT, -EACCES, -EMFILE ... as open() says, -EINVAL for what is not a
 * regular file, or -ESTALE where there is no /proc and another file took the path meanwhile; *fd is
 * then -1. What is no answer is noted (trouble.h). */
MUST_CHECK errint descriptor_open(const char *path, int *fd, struct stat *st);

/* descriptor_read: all of bytes [off, off+len) into buf, or -EIO (also when the file ends before).
 * What is no answer is noted (trouble.h). */
MUST_CHECK errint descriptor_read(int fd, uint64_t off, size_t len, void *buf);

#endif
