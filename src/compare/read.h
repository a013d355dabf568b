/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a target for those who look at all of them, and why they cannot be had. */
#ifndef CKPTFS_COMPARE_READ_H
#define CKPTFS_COMPARE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"
#include "render/reader.h"
#include "view/view.h"

enum { READ_BYTES = 256 << 10 }; /* at once: few enough for the processor's cache */

/* read_bytes: bytes [off, off+len) of target t, which has them, as render_read. */
MUST_CHECK errint read_bytes(struct reader *r, const struct target *t, uint64_t off, size_t len,
                             char *buf);

/* read_why: why the last read_bytes of this thread, of a target of c, failed with rc, in words: at
 * most `size` bytes, with the NUL at the end, at `why`. */
void read_why(const struct catalog *c, errint rc, char *why, size_t size);

/* read_threads: how many threads are worth it for reading all of a view. */
unsigned read_threads(const struct view *v);

#endif
