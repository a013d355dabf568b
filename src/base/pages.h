/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers that files are read into. The kernel copies to the beginning of a page four times as fast as to where malloc puts large
 * blocks, 16 bytes behind it. */
#ifndef CKPTFS_BASE_PAGES_H
#define CKPTFS_BASE_PAGES_H

#include <stdlib.h>

enum { PAGES_BYTES = 4096 };

/* pages_alloc: `bytes` bytes, not cleared, that begin with a page; for free(). NULL when memory is short. */
static inline void *pages_alloc(size_t bytes)
{
    return aligned_alloc(PAGES_BYTES, (bytes / PAGES_BYTES + 1) * PAGES_BYTES);
}

#endif
