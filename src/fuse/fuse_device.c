/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/fuse_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"

#define CONTAINER                                                                                  \
    "in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN (docker, podman); "      \
    "ckptool export "                                                                              \
    "writes the same files without a mount"

const char *fuse_device_remedy(void)
{
    CLEANUP_CLOSE int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV)) {
        return "there is no /dev/fuse: load the module (modprobe fuse); " CONTAINER;
    }
    if (fd < 0 && (errno == EACCES || errno == EPERM)) {
        return "/dev/fuse may not be opened: its usual mode is 0666; " CONTAINER;
    }
    if (geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 0) {
        return "root may not mount here; " CONTAINER;
    }
    return NULL;
}
