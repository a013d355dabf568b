/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a target: one loop over the pieces that intersect what was asked for (strings:
 * string_read.h). Cost is proportional to the bytes asked for, never to the tensor.
 *
 * Any thread, each with a reader of its own. */
#ifndef CKPTFS_RENDER_RENDER_H
#define CKPTFS_RENDER_RENDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/errint.h"
#include "plan/plan.h"
#include "render/reader.h"

/* render_size: how many bytes target t has, to *bytes. Of strings it may fail, since the first look
 * at them reads and verifies them: as string_size. Else 0. */
MUST_CHECK errint render_size(struct reader *r, const struct target *t, uint64_t *bytes);

/* render_read: copies bytes [off, off+len) of target t to buf. Returns how many those are: less
 * than len only at the end of the target, 0 past it. After a failure the content of buf is
 * undefined, and what is wrong is noted (base/cause.h):
 *
 *     -EIO              a shard cannot give them all
 *     -ERANGE           a value does not fit the type that it is cast to
 *     -EUCLEAN          a tensor that they are of is damaged (verified.h)
 *     -EINTR, -EAGAIN   there is something to be waited for (once.h)
 *     -ENOMEM
 *
 * Of strings, as string_size too. */
MUST_CHECK ssize_t render_read(struct reader *r, const struct target *t, uint64_t off, size_t len,
                               void *buf);

/* render_why: in words, why a read failed with `rc`. */
const char *render_why(errint rc);

#endif
