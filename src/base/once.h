/* SPDX-License-Identifier: Apache-2.0 */
/* What is found out once, when it is first needed: one thread finds it out, the others that need it
 * wait.
 *
 * A checksum over a whole tensor, a table of offsets, an unpacked block: such things take seconds,
 * and in a mount every thread that waits for them is one that answers nothing else. So there are
 * two more rules:
 *
 *   interruptible   who is interrupted stops waiting with -EINTR; who fills stops, too, where the
 *                   fill asks once_interrupted, and the next thread fills
 *   never all       those that are ONCE_WORKERs are counted while they wait or fill, and there are
 *                   at most as many of them as once_workers_most allows: one more gets -EAGAIN, and
 *                   another thread has to ask in its place. One that is ONCE_HURRIED fills, but
 *                   gets -EAGAIN where it would have to wait
 *
 * Who asks says how it waits: by a struct once_waiter, which is handed down to all that may wait,
 * fills too.
 *
 * Its state is a byte, zero at first. One lock and one condition serve all of the process: no
 * thread waits where there is nothing to be found out. */
#ifndef CKPTFS_BASE_ONCE_H
#define CKPTFS_BASE_ONCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"

enum once_state { ONCE_EMPTY, ONCE_FILLING, ONCE_FULL, ONCE_BAD };

struct once {
    _Atomic uint8_t state;
};

enum once_patience { ONCE_PATIENT, ONCE_WORKER, ONCE_HURRIED };

/* How one thread waits. Where a function takes one, NULL is: patiently, and it cannot be
 * interrupted. */
struct once_waiter {
    bool (*interrupted)(void *context); /* asked some 50 times a second while the thread waits or
                                           fills; NULL: never */
    void *context;
    enum once_patience patience;
    unsigned depth; /* once.c's own, 0 at first: of fills within fills, which count once */
};

/* once_workers_most: how many counted threads may wait or fill at the same time; UINT_MAX at
 * first. */
void once_workers_most(unsigned most);

/* once_busy: how many counted threads wait or fill just now. */
unsigned once_busy(void);

/* once_need: makes *c full with fill(context), unless it is full. What `fill` needs in its turn it
 * needs with the same waiter. Returns
 *
 *   0          it is full
 *   -EBADMSG   `fill` has found damage, now or before: it is not called again. The cause (cause.h)
 *              is noted in the calling thread
 *   -EINTR     w was interrupted
 *   -EAGAIN    w may not wait or fill: another thread has to ask in its place
 *   any other  failure of `fill`; the once is empty, and may be filled later */
typedef errint once_fill(void *context);
MUST_CHECK errint once_need(struct once *c, struct once_waiter *w, once_fill *fill, void *context);

/* once_state: ONCE_FULL means that all that the fill wrote can be seen. */
static inline enum once_state once_state(const struct once *c)
{
    return (enum once_state)atomic_load_explicit(&c->state, memory_order_acquire);
}

/* once_empty: takes back what a full once had. */
static inline void once_empty(struct once *c)
{
    atomic_store_explicit(&c->state, ONCE_EMPTY, memory_order_release);
}

/* once_again: makes a full once empty, so that the next once_need fills it anew; any other once
 * stays. What was there may be in use by others: the fill leaves it as it is, and finds out whether
 * it still holds. */
static inline void once_again(struct once *c)
{
    uint8_t full = ONCE_FULL;
    atomic_compare_exchange_strong(&c->state, &full, ONCE_EMPTY);
}

/* once_interrupted: whether what is asked for is not wanted any more. */
bool once_interrupted(const struct once_waiter *w);

/* once_wait: one step of a wait for something else than a once, of a thread that is filling: until
 * `moved` is signalled or some 20 ms have passed. `lock` is held. -EINTR. */
MUST_CHECK errint once_wait(const struct once_waiter *w, pthread_cond_t *moved,
                            pthread_mutex_t *lock);

#endif
