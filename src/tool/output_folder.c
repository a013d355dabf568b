/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/output_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int output_folder_next(int parent, const char *name)
{
    int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd >= 0 || errno != ENOTDIR) {
        return fd < 0 ? -errno : fd;
    }
    bool link = fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
    return link ? -ELOOP : -ENOTDIR;
}

/* From `top` along the components of `name`, as far as there are directories: the last one. *whole:
 * it is `name`. */
static int open_along(int top, char *name, bool *whole)
{
    CLEANUP_CLOSE int at = openat(top, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return -errno;
    }
    *whole = true;
    char *rest = name;
    for (char *part; (part = strsep(&rest, "/")) != NULL;) {
        if (!*part) {
            continue;
        }
        int next = output_folder_next(at, part);
        if (next == -ENOENT) {
            *whole = false;
            break;
        }
        if (next < 0) {
            return next;
        }
        cleanup_close(&at);
        at = next;
    }
    return STEAL_FD(at);
}

static errint open_folder(struct output_folder *f, int top, struct str name)
{
    output_folder_leave(f);
    char parts[PATH_MAX];
    if (name.len >= sizeof(parts)) {
        return -ENAMETOOLONG;
    }
    memcpy(parts, name.ptr, name.len);
    parts[name.len] = '\0';
    /* What is taken back when memory is short is found without it. */
    CLEANUP_FREE char *kept = strndup(name.ptr, name.len);
    bool whole = false;
    CLEANUP_CLOSE int fd = open_along(top, parts, &whole);
    struct stat st;
    if (fd < 0) {
        return fd;
    }
    if (fstat(fd, &st) != 0) {
        return -errno;
    }
    *f = (struct output_folder){STEAL(kept), STEAL_FD(fd), st.st_dev, whole, true};
    return 0;
}

static bool is_open(const struct output_folder *f, struct str name)
{
    return f->name && str_eq(str_from(f->name), name);
}

errint output_folder_enter(struct output_folder *f, int top, struct str name)
{
    if (is_open(f, name) && f->whole) {
        return 0;
    }
    errint rc = open_folder(f, top, name);
    if (rc == 0 && !f->whole) {
        output_folder_leave(f);
        return -ENOENT;
    }
    return rc;
}

errint output_folder_near(struct output_folder *f, int top, struct str name)
{
    return is_open(f, name) ? 0 : open_folder(f, top, name);
}

void output_folder_leave(struct output_folder *f)
{
    if (f->open) {
        cleanup_close(&f->fd);
        free(f->name);
    }
    *f = (struct output_folder){.fd = -1};
}
