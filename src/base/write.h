/* SPDX-License-Identifier: Apache-2.0 */
/* All bytes to a descriptor, whatever it is. */
#ifndef CKPTFS_BASE_WRITE_H
#define CKPTFS_BASE_WRITE_H

#include <stddef.h>

#include "base/errint.h"

/* write_all: all `len` bytes, also to a descriptor that somebody made non-blocking, and goes on
 * after a signal. Errors are those of write(). */
MUST_CHECK errint write_all(int fd, const void *bytes, size_t len);

#endif
