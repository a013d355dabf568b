/* SPDX-License-Identifier: Apache-2.0 */
#include "base/write.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

errint write_all(int fd, const void *bytes, size_t len)
{
    const char *pos = bytes;
    while (len > 0) {
        ssize_t put = write(fd, pos, len);
        if (put >= 0) {
            pos += put;
            len -= (size_t)put;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}
