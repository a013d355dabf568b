/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/trouble.h"
#include "base/url.h"

enum { TICK_NS = 12000000, WAITS_MOST = 3 }; /* longer than a tick */

/* What is at the path, without opening it: 0 for a regular file that is not one of the kernel's. */
static errint see(int fd, struct stat *st)
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
    errint rc = see(seen, &before);
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

errint file_open(const char *path, int *fd, struct stat *st)
{
    *fd = -1;
    errint rc = open_file(path, fd, st);
    return rc == -ESTALE ? rc : trouble_note(path, rc); /* which may be our own word */
}

const char *file_why(struct diag *d, errint rc)
{
    const char *why = rc == -EINVAL ? "not a regular file" : strerror(-rc);
    bool denied = (rc == -EACCES || rc == -EPERM) && d && d->denied;
    const char *more = denied ? arena_printf(&d->arena, "%s: %s", why, d->denied) : NULL;
    return more ? more : why;
}

errint file_complain(struct diag *d, enum diag_code code, const char *path, errint rc)
{
    struct str url = url_in(str_from(path));
    if (rc == -ENOENT && url.ptr) {
        diag_error(d, code, path, url, "'%s' is no local path: %s", diag_visible(d, url),
                   url_advice(url));
        return rc;
    }
    diag_error(d, code, path, str_from(path), "cannot open: %s", file_why(d, rc));
    return rc;
}

static struct stat stat_of(const struct statx *x)
{
    return (struct stat){
        .st_dev = makedev(x->stx_dev_major, x->stx_dev_minor),
        .st_ino = x->stx_ino,
        .st_mode = x->stx_mode,
        .st_nlink = x->stx_nlink,
        .st_uid = x->stx_uid,
        .st_gid = x->stx_gid,
        .st_rdev = makedev(x->stx_rdev_major, x->stx_rdev_minor),
        .st_size = (off_t)x->stx_size,
        .st_blksize = (blksize_t)x->stx_blksize,
        .st_blocks = (blkcnt_t)x->stx_blocks,
        .st_atim = {x->stx_atime.tv_sec, x->stx_atime.tv_nsec},
        .st_mtim = {x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec},
        .st_ctim = {x->stx_ctime.tv_sec, x->stx_ctime.tv_nsec},
    };
}

/* With an empty path, of the descriptor. */
static errint look(int fd, const char *path, struct stat *st)
{
    struct statx x;
    int flags = AT_STATX_FORCE_SYNC | (*path ? 0 : AT_EMPTY_PATH);
    int rc;
    do {
        rc = statx(fd, path, flags, STATX_BASIC_STATS, &x);
    } while (rc != 0 && errno == EINTR);
    if (rc == 0) {
        *st = stat_of(&x);
        return 0;
    }
    if (errno == ENOSYS || errno == EPERM ||
        errno == EINVAL) { /* which the real one says of no call such as this */
        rc = *path ? stat(path, st) : fstat(fd, st);
    }
    return rc == 0 ? 0 : trouble_note(path, -errno);
}

errint file_look(int fd, struct stat *st)
{
    return look(fd, "", st);
}

errint file_look_at(const char *path, struct stat *st)
{
    return *path ? look(AT_FDCWD, path, st) : -ENOENT;
}

/* How old the file's ctime, which nobody can set, is: in ns. */
static int64_t age_of(const struct stat *st)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - st->st_ctim.tv_sec) * INT64_C(1000000000) + now.tv_nsec -
           st->st_ctim.tv_nsec;
}

errint file_look_settled(int fd, struct stat *st)
{
    errint rc = file_look(fd, st);
    for (unsigned i = 0; rc == 0 && i < WAITS_MOST; i++) {
        int64_t age = age_of(st);
        if (age < 0 || age >= TICK_NS) {
            break; /* or another machine's clock */
        }
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS - age}, NULL);
        rc = file_look(fd, st);
    }
    return rc;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(a->st_mtim, b->st_mtim);
}

errint file_unchanged(int fd, const struct stat *st)
{
    struct stat now;
    errint rc = file_look(fd, &now);
    return rc < 0 ? rc : file_same(&now, st) ? 0 : -ESTALE;
}

errint file_stat(const char *path, struct stat *st)
{
    return stat(path, st) == 0 ? 0 : trouble_note(path, -errno);
}

DIR *file_list(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        trouble_note(path, -errno);
    }
    return dir;
}

const struct dirent *file_next(DIR *dir, errint *rc)
{
    errno = 0;
    const struct dirent *entry = readdir(dir);
    *rc = entry ? 0 : trouble_note(NULL, -errno);
    return entry;
}

errint file_read_at(int fd, uint64_t off, size_t len, void *buf)
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

errint file_read_text(const char *path, size_t limit, struct arena *a, struct str *text,
                      struct stat *st, struct diag *d)
{
    *text = STR("");
    CLEANUP_CLOSE int fd = -1;
    errint rc = file_open(path, &fd, st);
    if (rc < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, path, rc);
    }
    if ((uint64_t)st->st_size > limit) {
        return diag_error(d, DIAG_LIMIT, path, str_from(path),
                          "the file has %lld bytes, the limit is %zu", (long long)st->st_size,
                          limit);
    }
    size_t len = (size_t)st->st_size;
    char *bytes = arena_bytes(a, len);
    if (!bytes) {
        return diag_no_memory(d);
    }
    if (file_read_at(fd, 0, len, bytes) < 0) {
        return diag_error(d, DIAG_FILE_UNREADABLE, path, str_from(path), "cannot read %zu bytes",
                          len);
    }
    if (file_unchanged(fd, st) < 0) {
        return diag_error(d, DIAG_FILE_UNREADABLE, path, str_from(path),
                          "the file changed while it was read");
    }
    *text = str_of(bytes, len);
    return 0;
}
