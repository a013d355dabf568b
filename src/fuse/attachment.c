/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/attachment.h"

#include <fcntl.h>
#include <fuse.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "fuse/fuse_device.h"
#include "fuse/fusermount.h"

static errint write_text(const char *path, const char *text)
{
    CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* The directory that holds `path`, absolute and without links, and the name in it. */
static int open_parent(const char *path, const char **name)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    *name = slash[1] ? slash + 1 : ".";
    snprintf(parent, sizeof(parent), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Which mount one meets at a path. */
static errint find_top_mount(const char *path, struct mount_id *out)
{
    const char *name;
    CLEANUP_CLOSE int parent = open_parent(path, &name);
    errint rc = parent < 0 ? -errno : mount_top(parent, name, out);
    if (rc != -ENOSYS && rc != -EPERM) {
        return rc;
    }
    struct mount_entry top; /* where statx is forbidden, or unknown */
    rc = mountinfo_at(path, &top);
    *out = rc == 0 ? top.is : (struct mount_id){0};
    return rc;
}

enum { AGAIN_MOST = 10, AGAIN_MS = 10 };

/* What we have just mounted, if it is what one meets there. */
static void identify_mount(struct attachment *a)
{
    struct mount_id top;
    struct mount_entry entry;
    errint rc = find_top_mount(a->path, &top);
    for (unsigned i = 0;
         i < AGAIN_MOST && (rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE || rc == -EIO); i++) {
        nanosleep(&(struct timespec){.tv_nsec = AGAIN_MS * 1000000L},
                  NULL); /* without this it is not unmounted */
        rc = find_top_mount(a->path, &top);
    }
    if (rc < 0) {
        log_debug("cannot tell which mount is ours: %s", strerror(-rc));
        return;
    }
    rc = mountinfo_find(&top, &entry);
    bool other = rc == -ENOENT || (rc == 0 && !entry.ours);
    if (!other) { /* without a table there is nothing better to know */
        a->is = rc == 0 ? entry.is : top;
        a->is.unique = top.unique;
    }
}

errint attach(const struct mountpoint *m, const char *options, struct attachment *out)
{
    *out = (struct attachment){.device = -1};
    if (fchdir(m->dir) != 0) {
        errint rc = -errno;
        mountpoint_complain(m, "cannot enter it: %s", strerror(-rc));
        return rc;
    }
    errno = EIO;
    out->device = fuse_open_channel(".", options); /* which has said why not */
    errint rc = -errno;
    mountpoint_path(m->dir, m->path, out->path);
    if (chdir("/") != 0) {
        log_debug("cannot leave the mount point: %s", strerror(errno));
    }
    if (out->device < 0) {
        const char *remedy = fuse_device_remedy();
        if (remedy) {
            mountpoint_complain(m, "%s", remedy);
        }
        return rc;
    }
    identify_mount(out);
    return 0;
}

/* Whether the connection has ended: the mount is gone, or the connection was aborted. */
static bool is_dead(const struct attachment *a)
{
    struct pollfd device = {.fd = a->device};
    return a->device < 0 || (poll(&device, 1, 0) == 1 && (device.revents & POLLERR));
}

static bool mount_answers(int parent, const char *name)
{
    CLEANUP_CLOSE int top = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct statx st;
    return top < 0 || statx(top, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_MODE, &st) == 0 ||
           (errno != ENOTCONN && errno != ECONNABORTED);
}

static errint unmount_in(int parent, const char *name, const char *path)
{
    /* A mount point cannot be renamed, so this is the same one that was looked at. */
    errint rc =
        fchdir(parent) != 0 || umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) != 0 ? -errno : 0;
    if (chdir("/") != 0) {
        log_debug("cannot go to /: %s", strerror(errno));
    }
    if (rc != -EPERM && rc != -EACCES) {
        return rc;
    }
    char said[512];
    rc = fusermount_unmount(path, true, said);
    if (rc < 0) {
        log_debug("%s", said);
    }
    return rc;
}

/* What one meets where it should be is another mount. */
static errint gone_or_covered(const struct attachment *a)
{
    struct mount_entry entry;
    errint rc = mountinfo_find(&a->is, &entry);
    return rc == 0 ? -EBUSY : 0; /* without a table it is gone, as far as can be told */
}

errint detach(const struct attachment *a)
{
    if (!a->is.minor) {
        return -ESRCH;
    }
    struct mount_entry entry;
    errint rc = mountinfo_find(&a->is, &entry);
    if (rc == -ENOENT) {
        return 0;
    }
    if (rc == 0 && !entry.uncovered) {
        return -EBUSY;
    }
    const char *path = rc == 0 ? entry.path : a->path;
    const char *name;
    CLEANUP_CLOSE int parent = open_parent(path, &name);
    struct mount_id top;
    if (mount_replaced(parent, name, &a->is)) {
        return 0;
    }
    if (find_top_mount(path, &top) < 0 || !mount_same(&top, &a->is)) {
        return gone_or_covered(a);
    }
    /* If the connection lives now, it did when the numbers were compared. */
    return is_dead(a) && mount_answers(parent, name) ? 0 : unmount_in(parent, name, path);
}

errint attachment_abort(const struct attachment *a)
{
    if (!a->is.minor) {
        return -ESRCH;
    }
    char path[64];
    snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", a->is.minor);
    return write_text(path, "1");
}

errint attachment_readahead(const struct attachment *a, unsigned kib)
{
    if (!a->is.minor) {
        return -ESRCH;
    }
    char path[64];
    char value[16];
    snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", a->is.major, a->is.minor);
    snprintf(value, sizeof(value), "%u", kib);
    return write_text(path, value);
}
