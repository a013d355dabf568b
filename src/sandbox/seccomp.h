/* SPDX-License-Identifier: Apache-2.0 */
/* Only the system calls of syscalls.h from now on. Any other fails with ENOSYS, and is told of
 * once: never is the process ended for it, since a libc that is newer than this list may have a
 * reason.
 *
 * A filter alone could refuse a call or tell of it, but not both. So it raises SIGSYS, whose
 * handler notes the number, and lets the call fail; what was noted is logged later by whoever may.
 * (A listener in this process, which other filters have, could be made to let a call through by
 * what it should stop.) The signal must never be blocked, since a blocked one ends the process:
 * thread_start leaves it alone. */
#ifndef CKPTFS_SANDBOX_SECCOMP_H
#define CKPTFS_SANDBOX_SECCOMP_H

#include <stddef.h>

#include "base/errint.h"
#include "sandbox/syscalls.h"

struct sock_filter;

enum { SECCOMP_PROGRAM_MOST = 4096 };

/* seccomp_program: the filter for `user` in `out`, room for SECCOMP_PROGRAM_MOST; returns its
 * length, or -ENOTSUP on a machine that it was not written for. */
MUST_CHECK int seccomp_program(enum syscall_user user, struct sock_filter *out);

/* seccomp_enter: the calling thread, and those that it starts, make only these calls. Needs
 * no_new_privs. -ENOTSUP, -EINVAL, -ENOSYS, -EPERM: the machine, the kernel or who started us has
 * none of it. */
MUST_CHECK errint seccomp_enter(enum syscall_user user);

/* seccomp_refused: the number of a call that was refused and not told of yet, or -1. Each comes
 * once. Costs one load if there is none. Any thread. */
int seccomp_refused(void);

#endif
