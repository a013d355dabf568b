/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a computed tensor (plan/computed.h), made as they are read. */
#ifndef CKPTFS_RENDER_COMPUTED_READ_H
#define CKPTFS_RENDER_COMPUTED_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "plan/computed.h"
#include "render/reader.h"

/* computed_read: bytes [off, off+len) of c, which has them all, into buf. Errors as those of
 * render_read; -ERANGE also where the result of arithmetic does not fit. */
MUST_CHECK errint computed_read(struct reader *r, const struct computed *c, uint64_t off,
                                size_t len, void *buf);

#endif
