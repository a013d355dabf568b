/* SPDX-License-Identifier: Apache-2.0 */
/* Free and close at the end of the scope, whatever way it is left; errno is kept.
 *
 *     CLEANUP_FREE char *text = NULL;
 *     CLEANUP_CLOSE int fd = -1;
 *     ...
 *     return STEAL_FD(fd);              the caller owns it now
 */
#ifndef CKPTFS_BASE_CLEANUP_H
#define CKPTFS_BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *ptr)
{
    free(*(void **)ptr);
}

static inline void cleanup_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

static inline int cleanup_steal_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#define CLEANUP(func) __attribute__((cleanup(func)))
#define CLEANUP_FREE  CLEANUP(cleanup_free)
#define CLEANUP_CLOSE CLEANUP(cleanup_close)
#define STEAL_FD(fd)  cleanup_steal_fd(&(fd))

/* STEAL(p): gives the pointer p away and leaves NULL behind. */
#define STEAL(p)                                                                                   \
    ({                                                                                             \
        __typeof__(p) _p = (p);                                                                    \
        (p) = NULL;                                                                                \
        _p;                                                                                        \
    })

#endif
