/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/overflow.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cell.h"

struct queued {
    struct queued *next;
    struct overflow_request request;
    struct overflow *overflow;
};

struct overflow {
    pthread_mutex_t lock;
    pthread_cond_t added;
    struct queued *first;
    struct queued **end; /* where the next is to be linked */
    _Atomic bool stop;
    overflow_answer *answer;
    pthread_t thread;
};

/* Whether the request was still in the queue; then it no longer is. The lock is held. */
static bool take_out(struct overflow *o, struct queued *q)
{
    struct queued **at = &o->first;
    while (*at && *at != q) {
        at = &(*at)->next;
    }
    if (!*at) {
        return false;
    }
    *at = q->next;
    if (o->end == &q->next) {
        o->end = at;
    }
    return true;
}

/* Called by libfuse from the thread that got the interrupt, and only while the request is not answered. */
static void interrupted(fuse_req_t req, void *data)
{
    struct overflow *o = data;
    pthread_mutex_lock(&o->lock);
    struct queued *q = o->first;
    while (q && q->request.req != req) {
        q = q->next;
    }
    bool ours = q && take_out(o, q);
    pthread_mutex_unlock(&o->lock);
    if (ours) {
        fuse_reply_err(req, EINTR);
        free(q);
    }
}

static bool unwanted(void *data)
{
    const struct queued *q = data;
    return atomic_load(&q->overflow->stop) || fuse_req_interrupted(q->request.req);
}

static void *run(void *data)
{
    struct overflow *o = data;
    pthread_mutex_lock(&o->lock);
    while (!o->stop) {
        struct queued *q = o->first;
        if (!q) {
            pthread_cond_wait(&o->added, &o->lock);
            continue;
        }
        (void)take_out(o, q);
        pthread_mutex_unlock(&o->lock);
        const struct cell_waiter waiter = {unwanted, q, false};
        cell_wait_as(&waiter);
        o->answer(&q->request);
        cell_wait_as(NULL);
        free(q);
        pthread_mutex_lock(&o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

errint overflow_start(overflow_answer *answer, struct overflow **out)
{
    *out = NULL;
    struct overflow *o = calloc(1, sizeof(*o));
    if (!o) {
        return -ENOMEM;
    }
    o->answer = answer;
    o->end = &o->first;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->added, NULL);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the main thread */
    int rc = pthread_create(&o->thread, NULL, run, o);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        free(o);
        return -rc;
    }
    *out = o;
    return 0;
}

void overflow_add(struct overflow *o, const struct overflow_request *r)
{
    struct queued *q = malloc(sizeof(*q));
    if (!q) {
        fuse_reply_err(r->req, ENOMEM);
        return;
    }
    *q = (struct queued){NULL, *r, o};
    /* First this: once it is in the queue it may be answered, and gone. */
    fuse_req_interrupt_func(r->req, interrupted, o);
    pthread_mutex_lock(&o->lock);
    bool wanted = !fuse_req_interrupted(r->req); /* or `interrupted` looked for it in vain */
    if (wanted) {
        *o->end = q;
        o->end = &q->next;
        pthread_cond_signal(&o->added);
    }
    pthread_mutex_unlock(&o->lock);
    if (!wanted) {
        fuse_reply_err(r->req, EINTR);
        free(q);
    }
}

void overflow_stop(struct overflow *o)
{
    if (!o) {
        return;
    }
    pthread_mutex_lock(&o->lock);
    atomic_store(&o->stop, true);
    pthread_cond_signal(&o->added);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    while (o->first) {
        struct queued *q = o->first;
        o->first = q->next;
        fuse_reply_err(q->request.req, EINTR);
        free(q);
    }
    pthread_cond_destroy(&o->added);
    pthread_mutex_destroy(&o->lock);
    free(o);
}
