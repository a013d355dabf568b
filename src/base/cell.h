/* SPDX-License-Identifier: Apache-2.0 */
/* What is found out once, when it is first needed: one thread fills the cell while the others that
 * need it wait.
 *
 * A checksum over a whole tensor, a table of offsets, an unpacked block: such things take seconds,
 * and in a mount every thread that waits for them is one that answers nothing else. So there are
 * two more rules:
 *
 *   interruptible   a thread whose request was interrupted stops waiting with -EINTR; one that
 *                   fills stops, too, where its fill asks cell_interrupted, and the next thread
 *                   fills
 *   never all       threads that are CELL_WORKERs are counted while they wait or fill, and there
 *                   are at most as many of them as cell_workers_most allows: one more gets -EAGAIN,
 *                   and another thread has to ask in its place. One that is CELL_HURRIED fills, but
 *                   gets -EAGAIN where it would have to wait
 *
 * The state of a cell is a byte, zero at first. The lock and the condition under all cells of the
 * process are one: nobody waits where there is nothing to be filled. */
#ifndef CKPTFS_BASE_CELL_H
#define CKPTFS_BASE_CELL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"

enum cell_state { CELL_EMPTY, CELL_FILLING, CELL_FULL, CELL_BAD };

struct cell {
    _Atomic uint8_t state;
};

enum cell_patience { CELL_PATIENT, CELL_WORKER, CELL_HURRIED };

/* What a thread that waits is told. */
struct cell_waiter {
    bool (*interrupted)(void *context); /* asked some 50 times a second while the thread waits or
                                           fills; NULL: never */
    void *context;
    enum cell_patience patience;
};

/* cell_wait_as: how the calling thread waits from now on, borrowed until the next call; NULL, as at
 * first: patiently, and nobody interrupts. */
void cell_wait_as(const struct cell_waiter *w);

/* cell_workers_most: how many counted threads may wait or fill at the same time; UINT_MAX at
 * first. */
void cell_workers_most(unsigned most);

/* cell_busy: how many counted threads wait or fill just now. */
unsigned cell_busy(void);

/* cell_need: makes *c full with fill(context), unless it is. 0; -EBADMSG, which is kept: what was
 * found damaged is not looked at again; -EINTR, -EAGAIN as above; any other failure of `fill`,
 * after which the cell is empty: it may succeed later. Why it is damaged (cause.h) is noted for
 * each who asks. */
typedef errint cell_fill(void *context);
MUST_CHECK errint cell_need(struct cell *c, cell_fill *fill, void *context);

/* cell_state: CELL_FULL means that all that the fill wrote can be seen. */
static inline enum cell_state cell_state(const struct cell *c)
{
    return (enum cell_state)atomic_load_explicit(&c->state, memory_order_acquire);
}

/* cell_empty: takes back what a full cell had. */
static inline void cell_empty(struct cell *c)
{
    atomic_store_explicit(&c->state, CELL_EMPTY, memory_order_release);
}

/* cell_again: makes a full cell empty, so that the next cell_need fills it anew; any other cell
 * stays. What was there may be in use by others: the fill leaves it as it is, and finds out whether
 * it still holds. */
static inline void cell_again(struct cell *c)
{
    uint8_t full = CELL_FULL;
    atomic_compare_exchange_strong(&c->state, &full, CELL_EMPTY);
}

/* cell_interrupted: whether the calling thread's request is not wanted any more. */
bool cell_interrupted(void);

/* cell_wait: one step of a wait for something else than a cell, of a thread that is filling: until
 * `moved` is signalled or some 20 ms have passed. `lock` is held. -EINTR. */
MUST_CHECK errint cell_wait(pthread_cond_t *moved, pthread_mutex_t *lock);

#endif
