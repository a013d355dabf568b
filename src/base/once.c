/* SPDX-License-Identifier: Apache-2.0 */
#include "base/once.h"

#include <limits.h>

#include "base/cause.h"
#include "base/thread.h"

enum { STEP_MS = 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static unsigned workers_most = UINT_MAX; /* under lock */
static unsigned workers_busy;

static _Thread_local const struct once_waiter *self;
static _Thread_local unsigned depth; /* of fills within fills, which count once */

void once_wait_as(const struct once_waiter *w)
{
    self = w;
}

void once_workers_most(unsigned most)
{
    pthread_mutex_lock(&lock);
    workers_most = most;
    pthread_mutex_unlock(&lock);
}

unsigned once_busy(void)
{
    pthread_mutex_lock(&lock);
    unsigned busy = workers_busy;
    pthread_mutex_unlock(&lock);
    return busy;
}

bool once_interrupted(void)
{
    return self && self->interrupted && self->interrupted(self->context);
}

errint once_wait(pthread_cond_t *condition, pthread_mutex_t *held)
{
    const struct timespec until = thread_until(STEP_MS);
    pthread_cond_timedwait(condition, held, &until);
    return once_interrupted() ? -EINTR : 0;
}

/* The lock is held. */
static errint enter_wait(enum once_state state)
{
    if (depth == 0 && self && self->patience == ONCE_HURRIED && state == ONCE_FILLING) {
        return -EAGAIN;
    }
    if (depth == 0 && self && self->patience == ONCE_WORKER) {
        if (workers_busy >= workers_most) {
            return -EAGAIN;
        }
        workers_busy++;
    }
    depth++;
    return 0;
}

static void leave_wait(void)
{
    depth--;
    if (depth == 0 && self && self->patience == ONCE_WORKER) {
        workers_busy--;
    }
}

/* What is kept is why it could not be filled, whatever has failed before. */
static errint fill_once(struct once *c, once_fill *fill, void *context)
{
    const struct cause before = cause_last();
    cause_clear();
    errint rc = fill(context);
    if (rc == -EBADMSG) {
        cause_keep(c);
    }
    if (rc == 0 || before.kind != CAUSE_NONE) {
        cause_clear();
        cause_note(before);
    }
    return rc;
}

static errint recall_bad(const struct once *c)
{
    cause_recall(c);
    return -EBADMSG;
}

static enum once_state state_after(errint rc)
{
    if (rc == -EBADMSG) {
        return ONCE_BAD;
    }
    return rc == 0 ? ONCE_FULL : ONCE_EMPTY;
}

errint once_need(struct once *c, once_fill *fill, void *context)
{
    enum once_state state = once_state(c);
    if (state == ONCE_FULL || state == ONCE_BAD) {
        return state == ONCE_FULL ? 0 : recall_bad(c);
    }
    pthread_mutex_lock(&lock);
    errint rc = enter_wait(once_state(c));
    if (rc < 0) {
        pthread_mutex_unlock(&lock);
        return rc;
    }
    while (rc == 0 && (state = once_state(c)) == ONCE_FILLING) {
        rc = once_wait(&moved, &lock);
    }
    if (rc == 0 && state == ONCE_EMPTY) {
        atomic_store(&c->state, ONCE_FILLING);
        pthread_mutex_unlock(&lock);
        rc = fill_once(c, fill, context);
        pthread_mutex_lock(&lock);
        state = state_after(rc);
        atomic_store(&c->state, (uint8_t)state);
        pthread_cond_broadcast(&moved);
    }
    leave_wait();
    pthread_mutex_unlock(&lock);
    if (rc == 0 && state == ONCE_BAD) {
        return recall_bad(c);
    }
    return rc;
}
