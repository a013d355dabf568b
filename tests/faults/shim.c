/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: lets one call of ckptfs or ckptool fail, as it does on a machine where memory,
 * descriptors or the disk run out.
 *
 *   FAULTS_FILE   of sizeof(struct report) zeros: counts the calls of each kind, of all processes
 *                 and threads of one run
 *   FAULTS_KIND   which kind is to fail: a name in `kinds`
 *   FAULTS_N      its call of that number fails; 0: none does, they are only counted
 *   FAULTS_HOW    once | from (every one from that on, too) | short (half of what was asked for is
 *                 read or written)
 *   FAULTS_ERRNO  with that number
 *   FAULTS_TRAP   raises SIGTRAP there, for a debugger
 *
 * All of that is taken in at the start, and the counts lie in shared memory: the programs go into a
 * sandbox, close their descriptors and fork. What libc does inside itself does not come by here,
 * but for memory: of a FILE, lines that are read and what is flushed can fail. Messages (stderr)
 * always get through. An answer to the kernel (writev) is not taken by halves, as the kernel has
 * it. */
#undef _FILE_OFFSET_BITS /* both names of each call are defined below */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

enum kind { MEMORY, MAP, READ, STAT, OPEN, WRITE, NAME, THREAD, PROCESS, KINDS };

static const char *const kinds[KINDS] = {"memory", "map",  "read",   "stat",   "open",
                                         "write",  "name", "thread", "process"};

/* The driver reads it. */
struct report {
    atomic_uint failed; /* how many calls we let fail */
    atomic_uint calls[KINDS];
};

static struct report *report; /* NULL: not yet, or another program */
static enum kind wanted = KINDS;
static unsigned long at;
static bool from, half, trap;
static int error;
static _Thread_local bool spared; /* nothing fails in this thread now */

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("FAULTS_FILE");
    const char *kind = getenv("FAULTS_KIND");
    const char *how = getenv("FAULTS_HOW");
    if (!path || !kind || !how || strncmp(program_invocation_short_name, "ckpt", 4) != 0) {
        return;
    }
    at = strtoul(getenv("FAULTS_N"), NULL, 10);
    error = atoi(getenv("FAULTS_ERRNO"));
    from = strcmp(how, "from") == 0;
    half = strcmp(how, "short") == 0;
    trap = getenv("FAULTS_TRAP") != NULL;
    for (wanted = 0; wanted < KINDS && strcmp(kinds[wanted], kind) != 0; wanted++) {
    }
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *shared = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED || wanted == KINDS) {
        abort();
    }
    close(fd);
    report = shared;
}

/* Counts one more call; whether it is the one. */
static bool is_hit(enum kind kind)
{
    if (!report || spared) {
        return false;
    }
    unsigned long number = atomic_fetch_add(&report->calls[kind], 1) + 1;
    if (kind != wanted || !at || (from ? number < at : number != at)) {
        return false;
    }
    atomic_fetch_add(&report->failed, 1);
    if (trap) {
        raise(SIGTRAP);
    }
    return true;
}

/* Of a call that does not do things by halves. */
static bool fails(enum kind kind)
{
    bool hit = is_hit(kind) && !half;
    errno = hit ? error : errno;
    return hit;
}

/* How much of `len` is to be read or written; -1: the call fails. */
static ssize_t part_of(enum kind kind, size_t len)
{
    if (!is_hit(kind)) {
        return (ssize_t)len;
    }
    errno = error;
    return half ? (ssize_t)(len / 2 + len % 2) : -1;
}

/* The function of that name which would have been called. */
#define NEXT(name)                                                                                 \
    ({                                                                                             \
        static __typeof__(&name) next;                                                             \
        if (!next) {                                                                               \
            next = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                     \
        }                                                                                          \
        next;                                                                                      \
    })

/* A call that fails with `failure`, and is passed on otherwise. */
#define CALL(kind, type, failure, name, declared, passed)                                          \
    type name declared                                                                             \
    {                                                                                              \
        return fails(kind) ? (failure) : NEXT(name) passed;                                        \
    }

/* ---- memory ---------------------------------------------------------------------------------- */

CALL(MEMORY, void *, NULL, malloc, (size_t size), (size))
CALL(MEMORY, void *, NULL, calloc, (size_t count, size_t size), (count, size))
CALL(MEMORY, void *, NULL, realloc, (void *old, size_t size), (old, size))
CALL(MEMORY, void *, NULL, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
CALL(MEMORY, int, ENOMEM, posix_memalign, (void **out, size_t alignment, size_t size),
     (out, alignment, size))
CALL(MAP, void *, MAP_FAILED, mmap, (void *to, size_t len, int prot, int flags, int fd, off_t off),
     (to, len, prot, flags, fd, off))
CALL(MAP, void *, MAP_FAILED, mmap64,
     (void *to, size_t len, int prot, int flags, int fd, off64_t off),
     (to, len, prot, flags, fd, off))

/* ---- reading and writing --------------------------------------------------------------------- */

/* Of a file: what comes from the kernel's device, or from a pipe, does not fail like that. */
static bool is_file(int fd)
{
    struct stat64 st;
    return NEXT(fstat64)(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t read(int fd, void *to, size_t len)
{
    ssize_t part = is_file(fd) ? part_of(READ, len) : (ssize_t)len;
    return part < 0 ? -1 : NEXT(read)(fd, to, (size_t)part);
}

ssize_t pread64(int fd, void *to, size_t len, off64_t off)
{
    ssize_t part = part_of(READ, len);
    return part < 0 ? -1 : NEXT(pread64)(fd, to, (size_t)part, off);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t part = fd == STDERR_FILENO ? (ssize_t)len : part_of(WRITE, len);
    return part < 0 ? -1 : NEXT(write)(fd, bytes, (size_t)part);
}

CALL(WRITE, ssize_t, -1, writev, (int fd, const struct iovec *iov, int count), (fd, iov, count))

enum { ERROR_SEEN = 0x20 }; /* of a FILE of glibc: what ferror() looks at */

/* As if the read below it had failed. */
ssize_t __getdelim(char **line, size_t *size, int end, FILE *file)
{
    if (fails(READ)) {
        file->_flags |= ERROR_SEEN;
        return -1;
    }
    return NEXT(__getdelim)(line, size, end, file);
}

int fflush(FILE *file)
{
    if (file == stdout && fails(WRITE)) {
        file->_flags |= ERROR_SEEN;
        return EOF;
    }
    return NEXT(fflush)(file);
}

CALL(READ, struct dirent64 *, NULL, readdir64, (DIR * dir), (dir))
CALL(READ, ssize_t, -1, readlink, (const char *path, char *to, size_t size), (path, to, size))
CALL(READ, ssize_t, -1, readlinkat, (int at_fd, const char *path, char *to, size_t size),
     (at_fd, path, to, size))

/* ---- files ----------------------------------------------------------------------------------- */

CALL(STAT, int, -1, stat64, (const char *path, struct stat64 *out), (path, out))
CALL(STAT, int, -1, lstat64, (const char *path, struct stat64 *out), (path, out))
CALL(STAT, int, -1, fstat64, (int fd, struct stat64 *out), (fd, out))
CALL(STAT, int, -1, fstatat64, (int at_fd, const char *path, struct stat64 *out, int flags),
     (at_fd, path, out, flags))
CALL(STAT, int, -1, statx,
     (int at_fd, const char *path, int flags, unsigned mask, struct statx *out),
     (at_fd, path, flags, mask, out))
CALL(STAT, int, -1, fstatfs64, (int fd, struct statfs64 *out), (fd, out))

char *__realpath_chk(const char *path, char *to, size_t size);
CALL(STAT, char *, NULL, realpath, (const char *path, char *to), (path, to))
CALL(STAT, char *, NULL, __realpath_chk, (const char *path, char *to, size_t size),
     (path, to, size))

/* The mode is not there in all calls; taking it up all the same is what libc does. */
int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = va_arg(args, mode_t);
    va_end(args);
    return fails(OPEN) ? -1 : NEXT(open64)(path, flags, mode);
}

int openat64(int at_fd, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = va_arg(args, mode_t);
    va_end(args);
    return fails(OPEN) ? -1 : NEXT(openat64)(at_fd, path, flags, mode);
}

int __open64_2(const char *path, int flags);
int __openat64_2(int at_fd, const char *path, int flags);
CALL(OPEN, int, -1, __open64_2, (const char *path, int flags), (path, flags))
CALL(OPEN, int, -1, __openat64_2, (int at_fd, const char *path, int flags), (at_fd, path, flags))
CALL(OPEN, FILE *, NULL, fopen64, (const char *path, const char *mode), (path, mode))
CALL(OPEN, DIR *, NULL, opendir, (const char *path), (path))
CALL(OPEN, DIR *, NULL, fdopendir, (int fd), (fd))
CALL(OPEN, int, -1, mkostemp64, (char *path, int flags), (path, flags))

/* What makes and changes names, and what else can fail of a file that is being written. */
CALL(NAME, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(NAME, int, -1, mkdirat, (int at_fd, const char *path, mode_t mode), (at_fd, path, mode))
CALL(NAME, int, -1, rename, (const char *a, const char *b), (a, b))
CALL(NAME, int, -1, renameat, (int from_fd, const char *a, int to_fd, const char *b),
     (from_fd, a, to_fd, b))
CALL(NAME, int, -1, renameat2,
     (int from_fd, const char *a, int to_fd, const char *b, unsigned flags),
     (from_fd, a, to_fd, b, flags))
CALL(NAME, int, -1, link, (const char *a, const char *b), (a, b))
CALL(NAME, int, -1, linkat, (int from_fd, const char *a, int to_fd, const char *b, int flags),
     (from_fd, a, to_fd, b, flags))
CALL(NAME, int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(NAME, int, -1, fallocate64, (int fd, int mode, off64_t off, off64_t len), (fd, mode, off, len))
CALL(NAME, int, -1, ftruncate64, (int fd, off64_t len), (fd, len))
CALL(NAME, int, -1, fsync, (int fd), (fd))
CALL(NAME, int, -1, syncfs, (int fd), (fd))

/* ---- threads and processes ------------------------------------------------------------------- */

int pthread_create(pthread_t *out, const pthread_attr_t *how, void *(*run)(void *), void *argument)
{
    return fails(THREAD) ? error : NEXT(pthread_create)(out, how, run, argument);
}

/* The sanitizers ask this of each thread that begins, and end the program where memory is short for
 * the answer. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *out)
{
    spared = true;
    int rc = NEXT(pthread_getattr_np)(thread, out);
    spared = false;
    return rc;
}

int posix_spawnp(pid_t *out, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *how, char *const argv[], char *const environment[])
{
    return fails(PROCESS) ? error : NEXT(posix_spawnp)(out, file, actions, how, argv, environment);
}

CALL(PROCESS, pid_t, -1, fork, (void), ())
CALL(PROCESS, int, -1, pipe2, (int fds[2], int flags), (fds, flags))
CALL(PROCESS, int, -1, socketpair, (int domain, int type, int protocol, int fds[2]),
     (domain, type, protocol, fds))
CALL(PROCESS, ssize_t, -1, sendmsg, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags))
CALL(PROCESS, ssize_t, -1, recvmsg, (int fd, struct msghdr *message, int flags),
     (fd, message, flags))
CALL(PROCESS, int, -1, dup2, (int fd, int to), (fd, to))
