/* SPDX-License-Identifier: Apache-2.0 */
/* All bytes to a descriptor, whatever it is. */
#ifndef CKPTFS_BASE_WRITE_H
#define CKPTFS_BASE_WRITE_H

#include <stddef.h>

#include "base/errint.h"

/* write_all: writes all `len` bytes. It waits where the descriptor is non-blocking, and goes on
 * after a signal. Returns 0, or the negative errno of write(). */
MUST_CHECK errint write_all(int fd, const void *bytes, size_t len);

#endif
