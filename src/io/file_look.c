/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file_look.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/trouble.h"

enum { TICK_NS = 12000000, WAITS_MOST = 3 }; /* longer than a tick */

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
static errint ask_statx(int fd, const char *path, struct stat *st)
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
    return ask_statx(fd, "", st);
}

errint file_look_at(const char *path, struct stat *st)
{
    return *path ? ask_statx(AT_FDCWD, path, st) : -ENOENT;
}

/* How old the file's ctime is, in ns. No program can set that. */
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
