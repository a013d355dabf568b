/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/keeper_wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

/* Room for one descriptor. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

enum { TRIES = 20, PAUSE_MS = 10 };

/* Whether a call that has failed for want of memory is to be tried again: the mount depends on
 * it. */
static bool is_to_repeat(unsigned *tries)
{
    if (errno == EINTR) {
        return true;
    }
    bool passing = (errno == ENOMEM || errno == ENOBUFS) && ++*tries < TRIES;
    if (passing) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
    return passing;
}

errint keeper_send(int socket, const void *bytes, size_t len, int passed)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control control = {0};
    if (passed >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(head), &passed, sizeof(int));
    }
    ssize_t sent;
    unsigned tries = 0;
    while ((sent = sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && is_to_repeat(&tries)) {
    }
    return sent < 0 ? -errno : 0;
}

ssize_t keeper_receive(int socket, void *bytes, size_t size, int *passed)
{
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    union control control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t got;
    unsigned tries = 0;
    while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && is_to_repeat(&tries)) {
    }
    const struct cmsghdr *head = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    *passed = -1;
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        memcpy(passed, CMSG_DATA(head), sizeof(int));
    }
    return got < 0 ? -errno : got;
}
