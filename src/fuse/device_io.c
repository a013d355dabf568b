/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/device_io.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 9, FIRST_PAUSE_NS = 1000000 }; /* each pause is twice the one before */

/* Whether the kernel may take another time what it has refused. */
static bool is_passing(int error)
{
    return error != ENOENT && error != ENODEV && error != EINVAL && error != EBADF;
}

static ssize_t write_patiently(int fd, const struct iovec *iov, int count)
{
    struct timespec pause = {.tv_nsec = FIRST_PAUSE_NS};
    ssize_t put = writev(fd, iov, count);
    for (unsigned tries = 1; put < 0 && is_passing(errno) && tries < TRIES; tries++) {
        if (errno != EINTR) {
            nanosleep(&pause, NULL);
            pause.tv_nsec *= 2;
        }
        put = writev(fd, iov, count);
    }
    return put;
}

/* The answer, or else EIO. -ENOENT: its reader was interrupted, and waits for none. */
static ssize_t write_answer(int fd, struct iovec *iov, int count, void *userdata)
{
    (void)userdata;
    const struct fuse_out_header *head = iov[0].iov_base;
    ssize_t put = write_patiently(fd, iov, count);
    if (put >= 0 || errno == ENOENT || errno == ENODEV || !head->unique) {
        return put;
    }
    int error = errno;
    struct fuse_out_header refusal = {
        .len = sizeof(refusal), .error = -EIO, .unique = head->unique};
    const struct iovec instead = {&refusal, sizeof(refusal)};
    put = write_patiently(fd, &instead, 1);
    if (put < 0 && errno != ENOENT && errno != ENODEV) {
        fuse_log(FUSE_LOG_ERR, "the kernel takes no answers, so the mount ends: %s\n",
                 strerror(error));
        kill(getpid(), SIGTERM);
        errno = error;
        return -1;
    }
    fuse_log(FUSE_LOG_ERR, "the kernel did not take an answer, its reader gets an error: %s\n",
             strerror(error));
    return (ssize_t)head->len;
}

static ssize_t read_request(int fd, void *buf, size_t len, void *userdata)
{
    (void)userdata;
    return read(fd, buf, len);
}

errint device_io_take(struct fuse_session *session, int device)
{
    static const struct fuse_custom_io io = {.writev = write_answer, .read = read_request};
    int rc = fuse_session_custom_io(session, &io, device);
    return rc < 0 ? rc : 0;
}
