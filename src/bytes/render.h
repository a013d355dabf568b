/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a target: one loop over the pieces that intersect what was asked for.
 *
 * Cost is proportional to the bytes asked for, never to the tensor. Plan and catalog are const; the shards have their own state. Safe
 * from any thread, with a scratch per thread. */
#ifndef CKPTFS_BYTES_RENDER_H
#define CKPTFS_BYTES_RENDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/errint.h"
#include "format/catalog.h"
#include "plan/plan.h"

enum { RENDER_WINDOW = 256 << 10 }; /* bytes read at once to gather runs that lie close together */

/* What a reading thread keeps, so that no request allocates. */
struct render_scratch {
    char *window; /* owns, RENDER_WINDOW bytes; made at the first strided read */
};

void render_scratch_fini(struct render_scratch *s);

/* render_read: copies bytes [off, off+len) of target t into buf. Returns the number of bytes, less than len only at the end of the target (0 past it);
 * -EIO when a shard cannot give them all, -ERANGE when a value does not fit the type that it is cast to, -EUCLEAN when c->checked finds a tensor
 * damaged that they are of, -EINTR and -EAGAIN when there is something to be waited for (cell.h), -ENOMEM. Then buf's content is undefined. */
MUST_CHECK ssize_t render_read(const struct catalog *c, const struct target *t, uint64_t off, size_t len,
                               void *buf, struct render_scratch *scratch);

#endif
