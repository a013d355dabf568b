/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that the programs make once they read what others wrote. All others are refused
 * (seccomp.h).
 *
 * The list is longer than what one libc makes: for one purpose glibc and musl, and old and new
 * ones, have different calls, and a program may run with a newer libc than it was built with. Where
 * a call could do more than it is needed for, its arguments are looked at. */
#ifndef CKPTFS_SANDBOX_SYSCALLS_H
#define CKPTFS_SANDBOX_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

/* Who makes it. */
enum syscall_user {
    SYSCALL_READER = 1, /* whoever opens and reads a checkpoint */
    SYSCALL_SERVER = 2, /* who also answers requests of FUSE */
    SYSCALL_WRITER = 4, /* who also writes files: an export */
    SYSCALL_ALL = 7,
};

enum { SYSCALL_VALUES = 6, SYSCALL_TERMS = 2 };

#define SYSCALL_SELF UINT64_MAX /* among `values`: the number of this process */

/* One argument has, in the bits of `mask`, one of these values. */
struct syscall_term {
    uint8_t argument; /* from 0 */
    uint8_t count;    /* of values; 0: no term */
    uint64_t mask;
    uint64_t values[SYSCALL_VALUES];
};

struct syscall_rule {
    uint32_t number;
    uint8_t users; /* set of enum syscall_user */
    bool absent;   /* it fails with ENOSYS, and nothing is told: libc has another */
    struct syscall_term terms[SYSCALL_TERMS]; /* all must hold */
};

/* In no order; one number has one rule for each user at most. */
extern const struct syscall_rule syscall_rules[];
extern const uint32_t syscall_rule_count;

#endif
