/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers that files are read into, and large ones that are given back. The kernel copies to the
 * beginning of a page four times as fast as to where malloc puts large blocks, 16 bytes behind
 * it. */
#ifndef CKPTFS_BASE_PAGES_H
#define CKPTFS_BASE_PAGES_H

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGES_BYTES = 4096, PAGES_MAPPED = 1 << 20 };

/* pages_alloc: `bytes` bytes, not cleared, that begin with a page; for free(). NULL when memory is
 * short. */
static inline void *pages_alloc(size_t bytes)
{
    return aligned_alloc(PAGES_BYTES, (bytes / PAGES_BYTES + 1) * PAGES_BYTES);
}

/* pages_map: `bytes` bytes, 1 or more; for pages_unmap with the same number, NULL is legal there.
 * From PAGES_MAPPED on they are a mapping of their own, and go back to the system at once: malloc
 * keeps up to 64 MiB of what was freed, once blocks of that kind come and go. NULL when memory is
 * short. */
static inline void *pages_map(size_t bytes)
{
    if (bytes < PAGES_MAPPED) {
        return malloc(bytes);
    }
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    madvise(p, bytes,
            MADV_HUGEPAGE); /* half the time in the kernel; where that cannot be, small ones do */
    return p;
}

static inline void pages_unmap(void *p, size_t bytes)
{
    if (bytes < PAGES_MAPPED) {
        free(p);
    } else if (p) {
        munmap(p, bytes);
    }
}

#endif
