/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in memory as an io: for readers of formats whose bytes were unpacked already. */
#ifndef CKPTFS_IO_IO_BYTES_H
#define CKPTFS_IO_IO_BYTES_H

#include "io/io.h"

/* In the caller's storage; owns nothing. */
struct io_bytes {
    struct io io;
    const char *bytes; /* borrows */
    size_t len;
};

/* io_bytes_init: an io of `len` bytes, which are borrowed, and called `name` in messages. It need
 * not be closed. */
void io_bytes_init(struct io_bytes *b, const void *bytes, size_t len, const char *name);

#endif
