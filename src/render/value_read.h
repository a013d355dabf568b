/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a value (plan/value.h), of which it is known where each element comes from. */
#ifndef CKPTFS_RENDER_VALUE_READ_H
#define CKPTFS_RENDER_VALUE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "plan/value.h"
#include "render/reader.h"

/* value_read: copies bytes [off, off+len) of v, which has them all, into buf. Errors as those of
 * render_read. */
MUST_CHECK errint value_read(struct reader *r, const struct value *v, uint64_t off, size_t len,
                             void *buf);

#endif
