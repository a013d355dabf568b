/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault_guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

/* Of a thread. */
static __thread struct {
    bool ready; /* SIGBUS is not blocked */
    volatile bool guarded;
    sigjmp_buf back;
} guard;

static void on_fault(int signal_number)
{
    if (guard.guarded) {
        guard.guarded = false;
        siglongjmp(guard.back, 1);
    }
    /* None of ours: it ends the process, as it would have without us. */
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Each thread sets the one handler. It does not block the signal, since nothing would unblock it
 * after the jump. */
static errint get_ready(void)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigset_t ours;
    sigemptyset(&action.sa_mask);
    sigemptyset(&ours);
    sigaddset(&ours, SIGBUS);
    if (sigaction(SIGBUS, &action, NULL) != 0) {
        return -errno;
    }
    errint rc = -pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
    guard.ready = rc == 0;
    return rc;
}

errint fault_guarded(void (*work)(void *context), void *context)
{
    errint rc = guard.ready ? 0 : get_ready();
    if (rc < 0) {
        return rc;
    }
    if (sigsetjmp(guard.back, 0)) {
        return -EIO;
    }
    guard.guarded = true;
    atomic_signal_fence(memory_order_seq_cst); /* all that work does is between */
    work(context);
    atomic_signal_fence(memory_order_seq_cst);
    guard.guarded = false;
    return 0;
}
