/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/mountpoint.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "fuse/fusermount.h"
#include "fuse/mountinfo.h"

/* realpath() of all but the last component, so that a stale mount is not touched. */
static errint real_parent(const char *path, char out[static PATH_MAX])
{
    CLEANUP_FREE char *copy = strdup(path);
    if (!copy) {
        return -ENOMEM;
    }
    size_t len = strlen(copy);
    while (len > 1 && copy[len - 1] == '/') {
        copy[--len] = '\0';
    }
    char *slash = strrchr(copy, '/');
    const char *last = slash ? slash + 1 : copy;
    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) {
        return realpath(copy, out) ? 0 : -errno;
    }
    char parent[PATH_MAX];
    const char *dir = slash ? copy : ".";
    if (slash == copy) {
        dir = "/";
    } else if (slash) {
        *slash = '\0';
    }
    if (!realpath(dir, parent)) {
        return -errno;
    }
    int need = snprintf(out, PATH_MAX, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, last);
    return need < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static const char *mount_remedy(void)
{
    return geteuid() == 0 ? "umount" : "fusermount3 -u";
}

/* 1 if the directory holds something, 0 if not. */
static errint holds_entries(int dir)
{
    CLEANUP_CLOSE int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        return -errno;
    }
    fd = -1;
    const struct dirent *entry;
    int found = 0;
    errno = 0;
    while (!found && (entry = readdir(stream)) != NULL) {
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    errint rc = !found && errno ? -errno : found;
    closedir(stream);
    return rc;
}

/* Whether the uppermost mount at the path is ours: 1 or 0, or why the table of mounts cannot be
 * read. */
static errint ours_at(const char *path)
{
    struct mount_entry top;
    errint rc = mountinfo_at(path, &top);
    if (rc < 0) {
        return rc == -ENOENT ? 0 : rc;
    }
    return top.ours;
}

static errint open_directory(const char *path, struct mountpoint *out)
{
    struct stat st;
    out->dir = open(path, O_PATH | O_CLOEXEC);
    if (out->dir < 0 || fstat(out->dir, &st) != 0) {
        return -errno;
    }
    mountpoint_path(out->dir, path, out->path);
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* What is wrong with the directory, as text for after its path; NULL if nothing. */
static const char *fault_of(const struct mountpoint *m, bool nonempty, errint *rc,
                            char text[static 512])
{
    if (*rc == -ENOTCONN || *rc == -ECONNABORTED) {
        snprintf(text, 512, "a stale mount is there (%s); first run: %s", strerror(-*rc),
                 mount_remedy());
        return text;
    }
    if (*rc == -ENOENT) {
        return "the mount point does not exist";
    }
    if (*rc == -ENOTDIR) {
        return "the mount point is no directory";
    }
    if (*rc < 0) {
        snprintf(text, 512, "cannot mount there: %s", strerror(-*rc));
        return text;
    }
    errint holds = nonempty ? 0 : holds_entries(m->dir);
    if (holds < 0) {
        *rc = holds;
        snprintf(text, 512, "cannot list the mount point: %s", strerror(-holds));
        return text;
    }
    errint ours = holds ? ours_at(m->path) : 0;
    if (ours < 0) {
        *rc = ours;
        snprintf(text, 512, "cannot look for a mount there: %s", strerror(-ours));
        return text;
    }
    if (ours) {
        *rc = -EBUSY;
        snprintf(text, 512, "a checkpoint is mounted there already; first run: %s", mount_remedy());
        return text;
    }
    if (holds) {
        *rc = -ENOTEMPTY;
        return "the mount point is not empty (-o nonempty mounts over it)";
    }
    return NULL;
}

/* The N of "/dev/fd/N"; -1 for any other path. */
int mountpoint_descriptor(const char *path)
{
    int fd;
    int len = 0;
    bool named = sscanf(path, "/dev/fd/%d%n", &fd, &len) == 1 && !path[len] && fd > 2;
    return named ? fd : -1;
}

/* What somebody else has opened and mounted. */
static errint take_device(const char *path, struct mountpoint *out)
{
    enum { MISC_MAJOR = 10, FUSE_MINOR = 229 };
    struct stat st;
    int fd = mountpoint_descriptor(path);
    snprintf(out->path, sizeof(out->path), "%s", path);
    errint rc = fstat(fd, &st) != 0 ? -errno : 0;
    if (rc < 0 && rc != -EBADF) {
        mountpoint_complain(out, "cannot be looked at: %s", strerror(-rc));
        return rc;
    }
    if (rc < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(MISC_MAJOR, FUSE_MINOR)) {
        mountpoint_complain(out, "is no open descriptor of /dev/fuse");
        return -EBADF;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    out->device = fd;
    return 0;
}

errint mountpoint_open(const char *path, bool nonempty, struct mountpoint *out)
{
    *out = (struct mountpoint){.dir = -1, .device = -1};
    if (mountpoint_descriptor(path) >= 0) {
        return take_device(path, out);
    }
    errint rc = open_directory(path, out);
    char text[512];
    const char *fault = fault_of(out, nonempty, &rc, text);
    if (fault) {
        CLEANUP_BUF struct buf visible = {0};
        buf_visible(&visible, str_from(path));
        bool run = strstr(fault, "first run: ") != NULL;
        log_error("%s: %s%s%s", buf_view(&visible).ptr, fault, run ? " " : "",
                  run ? buf_view(&visible).ptr : "");
    }
    return rc;
}

void mountpoint_path(int dir, const char *path, char out[static PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
    ssize_t len = readlink(link, out, PATH_MAX - 1);
    out[len < 0 ? 0 : len] = '\0';
    if (out[0] != '/' && !realpath(path, out)) {
        snprintf(out, PATH_MAX, "%s", path);
    }
}

void mountpoint_complain(const struct mountpoint *m, const char *fmt, ...)
{
    CLEANUP_BUF struct buf visible = {0};
    char what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    buf_visible(&visible, str_from(m->path));
    log_error("%s: %s", visible.failed ? m->path : buf_view(&visible).ptr, what);
}

void mountpoint_close(struct mountpoint *m)
{
    cleanup_close(&m->dir);
    m->dir = -1;
}

/* The real path of our mount at `path`, in `real`: 1, or 0 if there is none. */
static errint find_ours(const char *path, char real[static PATH_MAX])
{
    errint rc = real_parent(path, real);
    if (rc < 0) {
        return rc;
    }
    errint ours = ours_at(real);
    if (ours != 0) {
        return ours;
    }
    /* Perhaps the last component is a link to it. */
    return realpath(path, real) ? ours_at(real) : -errno;
}

errint mountpoint_unmount(const char *path)
{
    char real[PATH_MAX];
    errint rc = find_ours(path, real);
    CLEANUP_BUF struct buf visible = {0};
    buf_visible(&visible, str_from(path));
    if (rc == 0) {
        log_error("%s: no checkpoint is mounted there", buf_view(&visible).ptr);
        return -EINVAL;
    }
    char said[512] = "";
    if (rc > 0 && geteuid() != 0) {
        rc = fusermount_unmount(real, false, said);
    } else if (rc > 0) {
        rc = umount2(real, UMOUNT_NOFOLLOW) != 0 ? -errno : 0;
    }
    if (rc < 0) {
        const char *why = said[0] ? said : strerror(-rc);
        if (rc == -EBUSY || strstr(said, strerror(EBUSY))) {
            why = "some process has files of it open";
        }
        log_error("%s: cannot unmount: %s", buf_view(&visible).ptr, why);
    }
    return rc;
}
