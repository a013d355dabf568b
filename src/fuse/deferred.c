/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/deferred.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"

enum { STEP_MS = 10 };

struct queued {
    struct queued *next;
    struct deferred_request request;
};

struct deferred {
    pthread_mutex_t lock;
    pthread_cond_t added;
    struct queued *first;
    struct queued **end; /* where the next is to be linked */
    atomic_uint count;
    bool stop;
    deferred_answer *answer;
    pthread_t thread;
};

/* The oldest, or the one of `req`, or NULL. The lock is held. */
static struct queued *take_out(struct deferred *o, fuse_req_t req)
{
    struct queued **at = &o->first;
    while (*at && req && (*at)->request.req != req) {
        at = &(*at)->next;
    }
    struct queued *q = *at;
    if (q) {
        *at = q->next;
        o->end = o->end == &q->next ? at : o->end;
        atomic_fetch_sub(&o->count, 1);
    }
    return q;
}

/* Called by libfuse from the thread that got the interrupt, and only while the request is not
 * answered. */
static void answer_interrupted(fuse_req_t req, void *data)
{
    struct deferred *o = data;
    pthread_mutex_lock(&o->lock);
    struct queued *q = take_out(o, req);
    pthread_mutex_unlock(&o->lock);
    if (q) {
        fuse_reply_err(req, EINTR);
        free(q);
    }
}

/* At the end of the queue, unless it was interrupted meanwhile, when `interrupted` looked for it in
 * vain. */
static void queue(struct deferred *o, struct queued *q)
{
    q->next = NULL;
    pthread_mutex_lock(&o->lock);
    bool wanted = !fuse_req_interrupted(q->request.req);
    if (wanted) {
        *o->end = q;
        o->end = &q->next;
        atomic_fetch_add(&o->count, 1);
        pthread_cond_signal(&o->added);
    }
    pthread_mutex_unlock(&o->lock);
    if (!wanted) {
        fuse_reply_err(q->request.req, EINTR);
        free(q);
    }
}

/* The oldest: false if there is none, or it has to wait. */
static bool try_one(struct deferred *o, enum once_patience patience)
{
    pthread_mutex_lock(&o->lock);
    struct queued *q = take_out(o, NULL);
    pthread_mutex_unlock(&o->lock);
    if (!q) {
        return false;
    }
    if (!o->answer(&q->request, patience)) {
        queue(o, q);
        return false;
    }
    free(q);
    return true;
}

/* Until there is something; where all was tried in vain, some time. False at the end. */
static bool await_request(struct deferred *o, bool in_vain)
{
    const struct timespec until = thread_until(STEP_MS);
    pthread_mutex_lock(&o->lock);
    while (!o->stop && (in_vain || !o->first)) {
        in_vain = o->first && pthread_cond_timedwait(&o->added, &o->lock, &until) == 0;
        if (!o->first && !o->stop) {
            pthread_cond_wait(&o->added, &o->lock);
        }
    }
    bool more = !o->stop;
    pthread_mutex_unlock(&o->lock);
    return more;
}

static void *try_all(void *data)
{
    struct deferred *o = data;
    bool in_vain = false;
    while (await_request(o, in_vain)) {
        in_vain = true;
        for (unsigned left = atomic_load(&o->count); left > 0; left--) {
            in_vain = !try_one(o, ONCE_HURRIED) && in_vain;
        }
    }
    return NULL;
}

errint deferred_start(deferred_answer *answer, struct deferred **out)
{
    *out = NULL;
    struct deferred *o = calloc(1, sizeof(*o));
    if (!o) {
        return -ENOMEM;
    }
    o->answer = answer;
    o->end = &o->first;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->added, NULL);
    errint rc = thread_start(&o->thread, try_all, o);
    if (rc < 0) {
        free(o);
        return rc;
    }
    *out = o;
    return 0;
}

bool deferred_add(struct deferred *o, const struct deferred_request *r)
{
    struct queued *q = malloc(sizeof(*q));
    if (!q) {
        return false;
    }
    *q = (struct queued){NULL, *r};
    /* First this: once it is in the queue it may be answered, and gone. */
    fuse_req_interrupt_func(r->req, answer_interrupted, o);
    queue(o, q);
    return true;
}

void deferred_help(struct deferred *o)
{
    if (atomic_load(&o->count)) {
        (void)try_one(o, ONCE_WORKER);
    }
}

void deferred_stop(struct deferred *o)
{
    if (!o) {
        return;
    }
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_signal(&o->added);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    for (struct queued *q; (q = take_out(o, NULL)) != NULL; free(q)) {
        fuse_reply_err(q->request.req, EINTR);
    }
    pthread_cond_destroy(&o->added);
    pthread_mutex_destroy(&o->lock);
    free(o);
}
