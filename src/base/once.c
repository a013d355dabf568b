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

bool once_interrupted(const struct once_waiter *w)
{
    return w && w->interrupted && w->interrupted(w->context);
}

errint once_wait(const struct once_waiter *w, pthread_cond_t *condition, pthread_mutex_t *held)
{
    const struct timespec until = thread_until(STEP_MS);
    pthread_cond_timedwait(condition, held, &until);
    return once_interrupted(w) ? -EINTR : 0;
}

/* Whether w may wait for what is in that state, or fill it; then it is counted. The lock is
 * held. */
static errint enter_wait(struct once_waiter *w, enum once_state state)
{
    if (!w) {
        return 0;
    }
    if (w->depth == 0 && w->patience == ONCE_HURRIED && state == ONCE_FILLING) {
        return -EAGAIN;
    }
    if (w->depth == 0 && w->patience == ONCE_WORKER) {
        if (workers_busy >= workers_most) {
            return -EAGAIN;
        }
        workers_busy++;
    }
    w->depth++;
    return 0;
}

/* The end of what enter_wait began. The lock is held. */
static void leave_wait(struct once_waiter *w)
{
    if (w && --w->depth == 0 && w->patience == ONCE_WORKER) {
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

errint once_need(struct once *c, struct once_waiter *w, once_fill *fill, void *context)
{
    enum once_state state = once_state(c);
    if (state == ONCE_FULL || state == ONCE_BAD) {
        return state == ONCE_FULL ? 0 : recall_bad(c);
    }
    pthread_mutex_lock(&lock);
    errint rc = enter_wait(w, once_state(c));
    if (rc < 0) {
        pthread_mutex_unlock(&lock);
        return rc;
    }
    while (rc == 0 && (state = once_state(c)) == ONCE_FILLING) {
        rc = once_wait(w, &moved, &lock);
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
    leave_wait(w);
    pthread_mutex_unlock(&lock);
    if (rc == 0 && state == ONCE_BAD) {
        return recall_bad(c);
    }
    return rc;
}
