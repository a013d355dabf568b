/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/once.h"

enum { THREADS = 6 };

struct job {
    struct once once;
    errint rc;         /* of the fill */
    atomic_uint fills; /* how many there were */
    atomic_bool gate;  /* the fill waits for it */
    atomic_bool stop;  /* the thread's request was interrupted */
    enum once_patience patience;
    bool asks; /* the fill asks whether to go on */
};

/* What a fill is given. */
struct filling {
    struct job *job;
    struct once_waiter *waiter;
};

static errint fill(void *data)
{
    const struct filling *f = data;
    struct job *j = f->job;
    atomic_fetch_add(&j->fills, 1);
    while (!atomic_load(&j->gate)) {
        if (j->asks && once_interrupted(f->waiter)) {
            return -EINTR;
        }
        usleep(1000);
    }
    return j->rc;
}

static errint need(struct job *j, struct once_waiter *w)
{
    struct filling f = {j, w};
    return once_need(&j->once, w, fill, &f);
}

static bool stopped(void *data)
{
    return atomic_load((atomic_bool *)data);
}

struct asker {
    struct job *job;
    pthread_t thread;
    atomic_bool stop;
    errint rc;
};

static void *ask(void *data)
{
    struct asker *a = data;
    struct once_waiter waiter = {
        .interrupted = stopped, .context = &a->stop, .patience = a->job->patience};
    a->rc = need(a->job, &waiter);
    return NULL;
}

static void start(struct asker *a, struct job *j)
{
    a->job = j;
    atomic_init(&a->stop, false);
    assert_int_equal(pthread_create(&a->thread, NULL, ask, a), 0);
}

static errint finish(struct asker *a)
{
    pthread_join(a->thread, NULL);
    return a->rc;
}

static void wait_filling(const struct job *j, unsigned fills)
{
    while (atomic_load(&j->fills) < fills || once_state(&j->once) != ONCE_FILLING) {
        usleep(1000);
    }
}

static void once_is_filled_once_for_all(void **state)
{
    (void)state;
    struct job j = {0};
    struct asker a[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        start(&a[i], &j);
    }
    wait_filling(&j, 1);
    usleep(10000);
    atomic_store(&j.gate, true);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(finish(&a[i]), 0);
    }
    assert_int_equal(atomic_load(&j.fills), 1);
    assert_int_equal(once_state(&j.once), ONCE_FULL);
}

static void once_damage_is_kept_and_other_failures_are_not(void **state)
{
    (void)state;
    struct job j = {.gate = true, .rc = -EIO};
    assert_int_equal(need(&j, NULL), -EIO);
    assert_int_equal(need(&j, NULL), -EIO);
    assert_int_equal(atomic_load(&j.fills), 2);
    j.rc = -EBADMSG;
    assert_int_equal(need(&j, NULL), -EBADMSG);
    j.rc = 0;
    assert_int_equal(need(&j, NULL), -EBADMSG);
    assert_int_equal(atomic_load(&j.fills), 3);
}

static void once_waiters_take_over_from_a_failed_fill(void **state)
{
    (void)state;
    struct job j = {.rc = -EIO};
    struct asker a[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        start(&a[i], &j);
    }
    wait_filling(&j, 1);
    atomic_store(&j.gate, true);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(finish(&a[i]), -EIO); /* each by its own try */
    }
    assert_int_equal(atomic_load(&j.fills), THREADS);
}

static void once_an_interrupted_waiter_leaves(void **state)
{
    (void)state;
    struct job j = {0};
    struct asker filler, waiter;
    start(&filler, &j);
    wait_filling(&j, 1);
    start(&waiter, &j);
    atomic_store(&waiter.stop, true);
    assert_int_equal(finish(&waiter), -EINTR);
    assert_int_equal(once_state(&j.once), ONCE_FILLING);
    atomic_store(&j.gate, true);
    assert_int_equal(finish(&filler), 0);
}

static void once_an_interrupted_filler_leaves_it_to_the_next(void **state)
{
    (void)state;
    struct job j = {.asks = true};
    struct asker filler, waiter;
    start(&filler, &j);
    wait_filling(&j, 1);
    start(&waiter, &j);
    atomic_store(&filler.stop, true);
    assert_int_equal(finish(&filler), -EINTR);
    wait_filling(&j, 2);
    atomic_store(&j.gate, true);
    assert_int_equal(finish(&waiter), 0);
}

static void once_workers_never_all_wait(void **state)
{
    (void)state;
    struct job j = {.patience = ONCE_WORKER};
    struct job other = {.gate = true};
    struct asker a[THREADS];
    once_workers_most(3);
    start(&a[0], &j);
    wait_filling(&j, 1);
    start(&a[1], &j);
    start(&a[2], &j);
    while (once_busy() < 3) {
        usleep(1000);
    }
    start(&a[3], &j);
    assert_int_equal(finish(&a[3]), -EAGAIN);
    struct job third = {.patience = ONCE_WORKER, .gate = true};
    start(&a[3], &third); /* nor may one more fill */
    assert_int_equal(finish(&a[3]), -EAGAIN);
    assert_int_equal(once_state(&third.once), ONCE_EMPTY);
    start(&a[3], &other); /* who is no worker may */
    assert_int_equal(finish(&a[3]), 0);
    atomic_store(&j.gate, true);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(finish(&a[i]), 0);
    }
    assert_int_equal(once_busy(), 0);
    start(&a[3], &j); /* nothing to wait for */
    assert_int_equal(finish(&a[3]), 0);
    once_workers_most(UINT_MAX);
}

static void once_a_hurried_thread_fills_and_does_not_wait(void **state)
{
    (void)state;
    struct job j = {.gate = true};
    struct once_waiter hurried = {.patience = ONCE_HURRIED};
    assert_int_equal(need(&j, &hurried), 0);
    struct job slow = {0};
    struct asker filler;
    start(&filler, &slow);
    wait_filling(&slow, 1);
    assert_int_equal(need(&slow, &hurried), -EAGAIN);
    atomic_store(&slow.gate, true);
    assert_int_equal(finish(&filler), 0);
    assert_int_equal(need(&slow, &hurried), 0);
}

static errint fill_both(void *data)
{
    const struct filling *f = data;
    assert_int_equal(once_busy(), 1);
    return need(f->job, f->waiter);
}

static void once_a_fill_within_a_fill_counts_once(void **state)
{
    (void)state;
    struct job inner = {.gate = true};
    struct once outer = {0};
    struct once_waiter waiter = {.patience = ONCE_WORKER};
    struct filling both = {&inner, &waiter};
    once_workers_most(1);
    assert_int_equal(once_need(&outer, &waiter, fill_both, &both), 0);
    assert_int_equal(once_busy(), 0);
    assert_int_equal(waiter.depth, 0);
    once_workers_most(UINT_MAX);
    once_empty(&outer);
    assert_int_equal(once_state(&outer), ONCE_EMPTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_is_filled_once_for_all),
        cmocka_unit_test(once_damage_is_kept_and_other_failures_are_not),
        cmocka_unit_test(once_waiters_take_over_from_a_failed_fill),
        cmocka_unit_test(once_an_interrupted_waiter_leaves),
        cmocka_unit_test(once_an_interrupted_filler_leaves_it_to_the_next),
        cmocka_unit_test(once_workers_never_all_wait),
        cmocka_unit_test(once_a_hurried_thread_fills_and_does_not_wait),
        cmocka_unit_test(once_a_fill_within_a_fill_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
