/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

errint namespace_enter(const char *path)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNS) != 0) {
        errint rc = -errno;
        log_error("%s: cannot enter the mount namespace: %s", path, strerror(-rc));
        return rc;
    }
    return 0;
}
