/* SPDX-License-Identifier: Apache-2.0 */
/* To be preloaded: a program that gets a signal right before one of the calls that change what is
 * on a disk.
 *
 *   STOP_AT=NAME:N     the N-th call of NAME, or of any of them if NAME is `any`, from 1
 *   STOP_WITH=NUMBER   the signal: 9 ends it, 19 lets others do something meanwhile
 *   STOP_UNNAMED=1     the file system has no files without a name (O_TMPFILE)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void stop_at(const char *name)
{
    static unsigned long calls;
    const char *at = getenv("STOP_AT");
    size_t len = at ? strcspn(at, ":") : 0;
    if (!at ||
        (strncmp(at, "any", len) != 0 && (strlen(name) != len || strncmp(at, name, len) != 0))) {
        return;
    }
    if (++calls == strtoul(at + len + 1, NULL, 10)) {
        kill(getpid(), atoi(getenv("STOP_WITH")));
    }
}

#define CALL(RESULT, NAME, PARAMETERS, ...)                                                        \
    RESULT NAME PARAMETERS                                                                         \
    {                                                                                              \
        static RESULT(*real) PARAMETERS;                                                           \
        if (!real) {                                                                               \
            *(void **)&real = dlsym(RTLD_NEXT, #NAME);                                             \
        }                                                                                          \
        stop_at(#NAME);                                                                            \
        return real(__VA_ARGS__);                                                                  \
    }

CALL(ssize_t, write, (int fd, const void *bytes, size_t len), fd, bytes, len)
CALL(int, fallocate, (int fd, int mode, off_t off, off_t len), fd, mode, off, len)
CALL(int, fallocate64, (int fd, int mode, off_t off, off_t len), fd, mode, off, len)
CALL(int, fchmod, (int fd, mode_t mode), fd, mode)
CALL(int, syncfs, (int fd), fd)
CALL(int, mkdirat, (int at, const char *path, mode_t mode), at, path, mode)
CALL(int, linkat, (int from, const char *old, int to, const char *new, int flags), from, old, to,
     new, flags)
CALL(int, unlinkat, (int at, const char *path, int flags), at, path, flags)
CALL(int, renameat, (int from, const char *old, int to, const char *new), from, old, to, new)
CALL(int, renameat2, (int from, const char *old, int to, const char *new, unsigned flags), from,
     old, to, new, flags)

static int is_new(int flags)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

static int create(const char *name, int at, const char *path, int flags, mode_t mode)
{
    int (*real)(int, const char *, int, ...);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (is_new(flags)) {
        stop_at("openat");
    }
    if ((flags & O_TMPFILE) == O_TMPFILE && getenv("STOP_UNNAMED")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return real(at, path, flags, mode);
}

#define CREATE(NAME)                                                                               \
    int NAME(int at, const char *path, int flags, ...)                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = is_new(flags) ? va_arg(args, mode_t) : 0;                                    \
        va_end(args);                                                                              \
        return create(#NAME, at, path, flags, mode);                                               \
    }

CREATE(openat)
CREATE(openat64)
