/* SPDX-License-Identifier: Apache-2.0 */
#include "io/descriptor.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/trouble.h"
#include "io/file_look.h"

/* What is at the path, without opening it: 0 for a regular file that is not one of the kernel's. */
static errint check_regular(int fd, struct stat *st)
{
    struct statfs fs;
    if (fstat(fd, st) != 0 || fstatfs(fd, &fs) != 0) {
        return -errno;
    }
    if (S_ISDIR(st->st_mode)) {
        return -EISDIR;
    }
    bool of_kernel = fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC;
    return S_ISREG(st->st_mode) && !of_kernel ? 0 : -EINVAL;
}

/* Opens for reading what `seen` is a look at, whatever is at the path by now. */
static int open_seen(int seen, const char *path)
{
    enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", seen);
    int fd = open(link, FLAGS);
    return fd < 0 && errno == ENOENT ? open(path, FLAGS) : fd; /* without /proc */
}

static errint open_file(const char *path, int *fd, struct stat *st)
{
    CLEANUP_CLOSE int seen = open(path, O_PATH | O_CLOEXEC);
    if (seen < 0) {
        return -errno;
    }
    struct stat before;
    errint rc = check_regular(seen, &before);
    if (rc < 0) {
        return rc;
    }
    CLEANUP_CLOSE int opened = open_seen(seen, path);
    if (opened < 0) {
        return -errno;
    }
    rc = file_look(opened, st);
    if (rc < 0) {
        return rc;
    }
    if (st->st_dev != before.st_dev || st->st_ino != before.st_ino) {
        return -ESTALE;
    }
    *fd = STEAL_FD(opened);
    return 0;
}

errint descriptor_open(const char *path, int *fd, struct stat *st)
{
    *fd = -1;
    errint rc = open_file(path, fd, st);
    return rc == -ESTALE ? rc : trouble_note(path, rc); /* which may be our own word */
}

errint descriptor_read(int fd, uint64_t off, size_t len, void *buf)
{
    char *pos = buf;
    while (len > 0) {
        if (off > INT64_MAX) {
            return -EIO;
        }
        ssize_t got = pread(fd, pos, len, (off_t)off);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            trouble_note(NULL, -errno);
        }
        if (got <= 0) {
            return -EIO;
        }
        pos += got;
        off += (uint64_t)got;
        len -= (size_t)got;
    }
    return 0;
}
