/* SPDX-License-Identifier: Apache-2.0 */
/* A regular file as an io. Anything else (FIFO, device, directory, a file of /proc) is looked at
 * and refused without being opened, so a hostile path can neither block nor act.
 *
 * What a file must not do under us is known here, in two ways:
 *
 *   io_open        for what is read at once: io_unchanged says at the end whether it is of one
 *                  state
 *   io_file_hold   for what is held open while the view lives: each read says it (file_watch.h)
 */
#ifndef CKPTFS_IO_IO_FILE_H
#define CKPTFS_IO_IO_FILE_H

#include "io/io.h"

/* io_open: opens the file at `path`, to be read at once. io_unchanged compares size and mtime with
 * those of the opening. `path` is borrowed, as the io's name. On success *out is the caller's, to
 * be given to io_close; else it is NULL. Returns -ENOENT, -EACCES, -EMFILE ... as open() says,
 * -EINVAL for what is not a regular file, -ESTALE where there is no /proc and another file took the
 * path meanwhile, -ENOMEM. file_complain (file.h) has the words. */
MUST_CHECK errint io_open(const char *path, struct io **out);

/* io_file_new: the io of a file that is to be held open, and is not yet: its reads fail with -EIO,
 * and others can be derived from it. To be given to io_close. -ENOMEM. */
MUST_CHECK errint io_file_new(struct io **out);

/* io_file_hold: opens the file at `path`, for reads as long as the view lives. `path` is borrowed,
 * as the io's name. Where descriptors have run out, or few would be left for others, the file is
 * opened for each read, by its absolute path. Returns as io_open does, but no -EMFILE, unless the
 * file cannot be looked at either; io->st may be set all the same. */
MUST_CHECK errint io_file_hold(struct io *io, const char *path);

/* io_file_release: as before io_file_hold, but that io->st stays. */
void io_file_release(struct io *io);

/* io_file_real_path: the absolute path of a file that is held open; borrowed. */
const char *io_file_real_path(const struct io *io);

#endif
