/* SPDX-License-Identifier: Apache-2.0 */
/* Threads beside the main one, and how long they are waited for. */
#ifndef CKPTFS_BASE_THREAD_H
#define CKPTFS_BASE_THREAD_H

#include <pthread.h>
#include <time.h>

#include "base/errint.h"

/* thread_start: a thread that takes no signals: those are for the main thread. But SIGSYS is left
 * to it, which its own system calls raise (sandbox/seccomp.h). Errors are those of
 * pthread_create. */
MUST_CHECK errint thread_start(pthread_t *out, void *(*run)(void *), void *argument);

/* thread_processors: how many threads can run at the same time; 1 where that is not known. */
unsigned thread_processors(void);

/* thread_until: the time `ms` milliseconds from now, as pthread_cond_timedwait and
 * pthread_timedjoin_np take it. */
struct timespec thread_until(unsigned ms);

#endif
