/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before the elements of a string tensor in a little-endian bundle
 * (source/tf/strings.h): their lengths, and the checksum of those. */
#ifndef CKPTFS_RENDER_STRING_HEAD_H
#define CKPTFS_RENDER_STRING_HEAD_H

#include "base/buf.h"
#include "base/errint.h"
#include "render/render.h"

/* string_head: adds the head of string target t to b. *crc is the checksum of the head, not masked.
 * Extended over the elements, as STRING_JOINED has them, it is the checksum of the entry. Fails as
 * string_size, and with -EINTR where r's waiter is interrupted. */
MUST_CHECK errint string_head(struct reader *r, const struct target *t, struct buf *b,
                              uint32_t *crc);

#endif
