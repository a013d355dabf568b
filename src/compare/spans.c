/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/spans.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/thread.h"

enum { WAITING_MOST = 64 /* spans that are worked on, or wait for one before them */ };

struct slot {
    struct span span;
    bool done;
    void *result; /* SPAN_RESULT_MOST bytes */
};

struct crew {
    const struct span_work *work;
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t moved; /* a result was taken */
    uint32_t item;        /* of the next span */
    uint64_t off;
    uint64_t bytes; /* of that item, if off > 0 */
    uint64_t given; /* spans, so far; span number n is in slot n % WAITING_MOST */
    uint64_t taken;
    bool taking; /* a thread takes results */
    bool ended;
    struct slot slots[WAITING_MOST];
};

/* The next span to number c->given; false: there is none. */
static bool next_span(struct crew *c, struct span *out)
{
    if (c->ended || c->item == c->work->items) {
        return false;
    }
    if (c->off == 0) {
        c->bytes = c->work->bytes(c->work->context, c->item);
    }
    uint64_t left = c->bytes - c->off;
    *out =
        (struct span){c->item, left <= SPAN_BYTES, c->off, left < SPAN_BYTES ? left : SPAN_BYTES};
    c->off += out->bytes;
    if (out->last) {
        c->item++;
        c->off = 0;
    }
    return true;
}

/* Heeds what was said of a span. */
static void heed(struct crew *c, const struct span *s, enum span_verdict verdict)
{
    if (verdict == SPAN_END) {
        c->ended = true;
    } else if (verdict == SPAN_SKIP_ITEM && c->item == s->item) {
        c->item++;
        c->off = 0;
    }
}

/* Takes all results that are next, while others work. The lock is held before and after. */
static void take_results(struct crew *c)
{
    c->taking = true;
    while (!c->ended && c->taken < c->given && c->slots[c->taken % WAITING_MOST].done) {
        const struct slot *next = &c->slots[c->taken % WAITING_MOST];
        pthread_mutex_unlock(&c->lock);
        enum span_verdict verdict = c->work->take(c->work->context, &next->span, next->result);
        pthread_mutex_lock(&c->lock);
        heed(c, &next->span, verdict);
        c->taken++;
        pthread_cond_broadcast(&c->moved);
    }
    c->taking = false;
}

/* Works on spans until there are no more. The lock is held before and after, not while working. */
static void work_on(struct crew *c, void *own)
{
    for (;;) {
        while (!c->ended && c->given - c->taken >= WAITING_MOST) {
            pthread_cond_wait(&c->moved, &c->lock);
        }
        struct slot *slot = &c->slots[c->given % WAITING_MOST];
        if (!next_span(c, &slot->span)) {
            return;
        }
        slot->done = false;
        c->given++;
        pthread_mutex_unlock(&c->lock);
        memset(slot->result, 0, c->work->result_bytes);
        c->work->work(own, &slot->span, slot->result);
        pthread_mutex_lock(&c->lock);
        slot->done = true;
        if (!c->taking) {
            take_results(c);
        }
    }
}

/* NULL, or what was refused: memory. */
static void *run(void *data)
{
    struct crew *c = data;
    void *own = c->work->begin(c->work->context);
    if (!own) {
        return c;
    }
    pthread_mutex_lock(&c->lock);
    work_on(c, own);
    pthread_mutex_unlock(&c->lock);
    c->work->end(own);
    return NULL;
}

errint spans_run(const struct span_work *w, unsigned threads)
{
    CLEANUP_FREE struct crew *crew = calloc(1, sizeof(*crew));
    CLEANUP_FREE pthread_t *others = calloc(threads ? threads : 1, sizeof(*others));
    CLEANUP_FREE char *results = calloc(WAITING_MOST, SPAN_RESULT_MOST);
    if (!crew || !others || !results) {
        return -ENOMEM;
    }
    crew->work = w;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->moved, NULL);
    for (size_t i = 0; i < WAITING_MOST; i++) {
        crew->slots[i].result = results + i * SPAN_RESULT_MOST;
    }
    unsigned started = 0;
    while (started + 1 < threads && thread_start(&others[started], run, crew) == 0) {
        started++;
    }
    bool worked = run(crew) == NULL;
    for (unsigned i = 0; i < started; i++) {
        void *failed;
        pthread_join(others[i], &failed);
        worked |= failed == NULL;
    }
    pthread_mutex_destroy(&crew->lock);
    pthread_cond_destroy(&crew->moved);
    return worked ? 0 : -ENOMEM;
}
