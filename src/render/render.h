/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a target: one loop over the pieces that intersect what was asked for (strings:
 * string_read.h).
 *
 * Cost is proportional to the bytes asked for, never to the tensor. Plan and catalog are const; the
 * shards have their own state. Safe from any thread, with a reader per thread. */
#ifndef CKPTFS_RENDER_RENDER_H
#define CKPTFS_RENDER_RENDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/errint.h"
#include "plan/plan.h"
#include "render/reader.h"

/* render_size: sets *bytes to how many bytes the target has. Returns 0. Only of strings it can
 * fail, since the first look at them reads and verifies them: -EBADMSG for damage, -EUCLEAN, -EIO,
 * -ENOMEM, -EINTR and -EAGAIN as render_read; -EOVERFLOW (string_cursor.h). */
MUST_CHECK errint render_size(struct reader *r, const struct target *t, uint64_t *bytes);

/* render_read: copies bytes [off, off+len) of target t into buf. Returns the number of bytes, less
 * than len only at the end of the target (0 past it); -EIO when a shard cannot give them all,
 * -ERANGE when a value does not fit the type that it is cast to, -EUCLEAN when r->verified finds a
 * tensor damaged that they are of, -EINTR and -EAGAIN when there is something to be waited for
 * (once.h), -ENOMEM; of strings as render_size. Then buf's content is undefined. What is wrong is
 * noted (base/cause.h) by both. */
MUST_CHECK ssize_t render_read(struct reader *r, const struct target *t, uint64_t off, size_t len,
                               void *buf);

/* render_why: why a read failed, in words. */
const char *render_why(errint rc);

#endif
