/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/syscalls.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/errint.h"
#include "sandbox/sanitized.h"

/* What older headers lack. From 424 on a call has the same number everywhere. */
enum {
    NR_CLONE3 = 435,
    NR_CLOSE_RANGE = 436,
    NR_FACCESSAT2 = 439,
    NR_LANDLOCK_CREATE_RULESET = 444,
    NR_LANDLOCK_ADD_RULE = 445,
    NR_LANDLOCK_RESTRICT_SELF = 446,
    NR_FUTEX_WAITV = 449,
    NR_MAP_SHADOW_STACK = 453,
    NR_FUTEX_WAKE = 454,
    NR_FUTEX_WAIT = 455,
    NR_FUTEX_REQUEUE = 456,
};

enum {
    GET_TERMIOS2 = 0x802c542a, /* TCGETS2, which glibc's headers do not have */
    PRCTL_NAME_MEMORY = 0x53564d41,
    MUSL_CANCEL = 33, /* signals of musl's own */
    MUSL_SYNCHRONIZE = 34,
};

#define ANY(USERS, NUMBER)                                                                         \
    {                                                                                              \
        .number = (NUMBER), .users = (USERS)                                                       \
    }
#define TERM(ARGUMENT, MASK, ...)                                                                  \
    {                                                                                              \
        (ARGUMENT), sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (MASK),                  \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define WHERE(USERS, NUMBER, ...)                                                                  \
    {                                                                                              \
        .number = (NUMBER), .users = (USERS), .terms = { __VA_ARGS__ }                             \
    }

enum {
    CREATES = O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY),
    THREAD = CLONE_VM | CLONE_THREAD,
    NOT_WRITER = SYSCALL_READER | SYSCALL_SERVER,
};

#define WHOLE                                                                                      \
    UINT32_MAX /* int arguments have 32 bits; what is above them is not looked at by the kernel */

const struct syscall_rule syscall_rules[] = {
    /* files */
    ANY(SYSCALL_ALL, __NR_read),
    ANY(SYSCALL_ALL, __NR_readv),
    ANY(SYSCALL_ALL, __NR_pread64),
    ANY(SYSCALL_ALL, __NR_preadv),
    ANY(SYSCALL_ALL, __NR_write),
    ANY(SYSCALL_ALL, __NR_writev),
    ANY(SYSCALL_ALL, __NR_lseek),
    ANY(SYSCALL_ALL, __NR_close),
    ANY(SYSCALL_ALL, NR_CLOSE_RANGE),
    ANY(SYSCALL_ALL, __NR_dup),
    ANY(SYSCALL_ALL, __NR_dup3),
    ANY(SYSCALL_ALL, __NR_fcntl),
    ANY(SYSCALL_ALL, __NR_fstat),
    ANY(SYSCALL_ALL, __NR_newfstatat),
    ANY(SYSCALL_ALL, __NR_statx),
    ANY(SYSCALL_ALL, __NR_statfs),
    ANY(SYSCALL_ALL, __NR_fstatfs),
    ANY(SYSCALL_ALL, __NR_getdents64),
    ANY(SYSCALL_ALL, __NR_getcwd),
    ANY(SYSCALL_ALL, __NR_readlinkat),
    ANY(SYSCALL_ALL, __NR_faccessat),
    ANY(SYSCALL_ALL, NR_FACCESSAT2),
    ANY(SYSCALL_ALL, __NR_fadvise64),
    ANY(SYSCALL_ALL, __NR_readahead),
    ANY(SYSCALL_ALL, __NR_umask),
    WHERE(SYSCALL_ALL, __NR_ioctl,
          TERM(1, WHOLE, TCGETS, GET_TERMIOS2, TIOCGWINSZ, FUSE_DEV_IOC_CLONE)),
#ifndef SANITIZED
    WHERE(NOT_WRITER, __NR_openat, TERM(2, CREATES, 0)),
#endif
    /* memory */
    ANY(SYSCALL_ALL, __NR_brk),
    ANY(SYSCALL_ALL, __NR_munmap),
    ANY(SYSCALL_ALL, __NR_mremap),
    ANY(SYSCALL_ALL, __NR_madvise),
    ANY(SYSCALL_ALL, __NR_mincore),
#ifndef SANITIZED
    WHERE(SYSCALL_ALL, __NR_mmap, TERM(2, PROT_EXEC, 0)),
    WHERE(SYSCALL_ALL, __NR_mprotect, TERM(2, PROT_EXEC, 0)),
#endif
    /* threads and signals */
    ANY(SYSCALL_ALL, __NR_futex),
    ANY(SYSCALL_ALL, NR_FUTEX_WAITV),
    ANY(SYSCALL_ALL, NR_FUTEX_WAKE),
    ANY(SYSCALL_ALL, NR_FUTEX_WAIT),
    ANY(SYSCALL_ALL, NR_FUTEX_REQUEUE),
    ANY(SYSCALL_ALL, __NR_membarrier),
    ANY(SYSCALL_ALL, __NR_set_robust_list),
    ANY(SYSCALL_ALL, __NR_set_tid_address),
    ANY(SYSCALL_ALL, __NR_rseq),
    ANY(SYSCALL_ALL, NR_MAP_SHADOW_STACK),
    ANY(SYSCALL_ALL, __NR_gettid),
    ANY(SYSCALL_ALL, __NR_getpid),
    ANY(SYSCALL_ALL, __NR_getppid),
    ANY(SYSCALL_ALL, __NR_exit),
    ANY(SYSCALL_ALL, __NR_exit_group),
    ANY(SYSCALL_ALL, __NR_restart_syscall),
    ANY(SYSCALL_ALL, __NR_rt_sigaction),
    ANY(SYSCALL_ALL, __NR_rt_sigprocmask),
    ANY(SYSCALL_ALL, __NR_rt_sigpending),
    ANY(SYSCALL_ALL, __NR_rt_sigtimedwait),
    ANY(SYSCALL_ALL, __NR_rt_sigreturn),
    ANY(SYSCALL_ALL, __NR_sigaltstack),
    WHERE(SYSCALL_ALL, __NR_tgkill, TERM(0, WHOLE, SYSCALL_SELF)),
#ifndef SANITIZED
    {.number = NR_CLONE3, .users = SYSCALL_ALL, .absent = true}, /* its flags are out of reach */
    WHERE(SYSCALL_ALL, __NR_clone, TERM(0, THREAD, THREAD)),
    WHERE(SYSCALL_ALL, __NR_kill, TERM(0, WHOLE, SYSCALL_SELF)),
    WHERE(SYSCALL_ALL, __NR_tkill, TERM(1, WHOLE, SIGABRT, MUSL_CANCEL, MUSL_SYNCHRONIZE)),
#endif
    /* time, and what there is */
    ANY(SYSCALL_ALL, __NR_clock_gettime),
    ANY(SYSCALL_ALL, __NR_clock_getres),
    ANY(SYSCALL_ALL, __NR_clock_nanosleep),
    ANY(SYSCALL_ALL, __NR_nanosleep),
    ANY(SYSCALL_ALL, __NR_gettimeofday),
    ANY(SYSCALL_ALL, __NR_getrandom),
    ANY(SYSCALL_ALL, __NR_getcpu),
    ANY(SYSCALL_ALL, __NR_sched_getaffinity),
    ANY(SYSCALL_ALL, __NR_sched_yield),
    ANY(SYSCALL_ALL, __NR_sysinfo),
    ANY(SYSCALL_ALL, __NR_uname),
    ANY(SYSCALL_ALL, __NR_getuid),
    ANY(SYSCALL_ALL, __NR_geteuid),
    ANY(SYSCALL_ALL, __NR_getgid),
    ANY(SYSCALL_ALL, __NR_getegid),
    ANY(SYSCALL_ALL, __NR_ppoll),
#ifndef SANITIZED
    WHERE(SYSCALL_ALL, __NR_prlimit64, TERM(2, UINT64_MAX, 0)), /* to ask */
    WHERE(SYSCALL_ALL, __NR_prctl,
          TERM(0, WHOLE, PR_SET_PDEATHSIG, PR_SET_NAME, PR_GET_NAME, PRCTL_NAME_MEMORY)),
#endif
    ANY(SYSCALL_ALL, NR_LANDLOCK_CREATE_RULESET),
    ANY(SYSCALL_ALL, NR_LANDLOCK_ADD_RULE),
    ANY(SYSCALL_ALL, NR_LANDLOCK_RESTRICT_SELF),
    /* the daemon: the log's socket, also after the log was started anew, and the keeper's */
    ANY(SYSCALL_SERVER, __NR_setsid),
    ANY(SYSCALL_SERVER, __NR_chdir),
    WHERE(SYSCALL_SERVER, __NR_socket, TERM(0, WHOLE, AF_UNIX), TERM(1, 0xf, SOCK_DGRAM)),
    ANY(SYSCALL_SERVER, __NR_connect),
    ANY(SYSCALL_SERVER, __NR_sendto),
    ANY(SYSCALL_SERVER, __NR_sendmsg),
    ANY(SYSCALL_SERVER, __NR_recvmsg),
    /* an export */
    ANY(SYSCALL_WRITER, __NR_openat),
    ANY(SYSCALL_WRITER, __NR_pwrite64),
    ANY(SYSCALL_WRITER, __NR_pwritev),
    ANY(SYSCALL_WRITER, __NR_copy_file_range),
    ANY(SYSCALL_WRITER, __NR_fallocate),
    ANY(SYSCALL_WRITER, __NR_ftruncate),
    ANY(SYSCALL_WRITER, __NR_fsync),
    ANY(SYSCALL_WRITER, __NR_fdatasync),
    ANY(SYSCALL_WRITER, __NR_syncfs),
    ANY(SYSCALL_WRITER, __NR_sync_file_range),
    ANY(SYSCALL_WRITER, __NR_fchmod),
    ANY(SYSCALL_WRITER, __NR_mkdirat),
    ANY(SYSCALL_WRITER, __NR_unlinkat),
    WHERE(SYSCALL_WRITER, __NR_linkat, TERM(4, WHOLE, 0, AT_SYMLINK_FOLLOW)),
#ifdef __NR_renameat
    ANY(SYSCALL_WRITER, __NR_renameat),
#endif
    ANY(SYSCALL_WRITER, __NR_renameat2),
#ifdef __NR_open /* the older ones, of which some machines have none */
    ANY(SYSCALL_ALL, __NR_stat),
    ANY(SYSCALL_ALL, __NR_lstat),
    ANY(SYSCALL_ALL, __NR_access),
    ANY(SYSCALL_ALL, __NR_readlink),
    ANY(SYSCALL_ALL, __NR_dup2),
    ANY(SYSCALL_ALL, __NR_poll),
    ANY(SYSCALL_ALL, __NR_time),
    ANY(SYSCALL_ALL, __NR_getrlimit),
    ANY(SYSCALL_ALL, __NR_arch_prctl),
    ANY(SYSCALL_WRITER, __NR_open),
#ifndef SANITIZED
    WHERE(NOT_WRITER, __NR_open, TERM(1, CREATES, 0)),
#endif
#endif
#ifdef SANITIZED /* what they do when they start threads, find leaks, and write and explain        \
                    reports */
    ANY(NOT_WRITER, __NR_openat),
    ANY(SYSCALL_ALL, __NR_mmap),
    ANY(SYSCALL_ALL, __NR_mprotect),
    ANY(SYSCALL_ALL, __NR_msync),
    ANY(SYSCALL_ALL, __NR_clone),
    ANY(SYSCALL_ALL, NR_CLONE3),
    ANY(SYSCALL_ALL, __NR_kill),
    ANY(SYSCALL_ALL, __NR_tkill),
    ANY(SYSCALL_ALL, __NR_ptrace),
    ANY(SYSCALL_ALL, __NR_wait4),
    ANY(SYSCALL_ALL, __NR_personality),
    ANY(SYSCALL_ALL, __NR_prctl),
    ANY(SYSCALL_ALL, __NR_prlimit64),
    ANY(SYSCALL_ALL, __NR_getrusage),
    ANY(SYSCALL_ALL, __NR_pipe2),
    ANY(SYSCALL_ALL, __NR_execve),
    ANY(SYSCALL_ALL, __NR_process_vm_readv),
#ifdef __NR_open
    ANY(NOT_WRITER, __NR_open),
    ANY(SYSCALL_ALL, __NR_getdents), /* of the threads */
    ANY(SYSCALL_ALL, __NR_pipe),
    ANY(SYSCALL_ALL, __NR_fork),
    ANY(SYSCALL_ALL, __NR_vfork),
#endif
#endif
};

const uint32_t syscall_rule_count = ARRAY_LEN(syscall_rules);
