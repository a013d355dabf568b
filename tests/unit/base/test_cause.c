/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cause.h"
#include "base/once.h"

static const char things[2000];

static struct cause about(unsigned i)
{
    return (struct cause){.kind = CAUSE_TENSOR, .rc = -EBADMSG, .what = &things[i]};
}

static void cause_the_first_stays(void **state)
{
    (void)state;
    cause_clear();
    assert_int_equal(cause_last().kind, CAUSE_NONE);
    cause_note(about(1));
    cause_note(about(2));
    assert_ptr_equal(cause_last().what, &things[1]);
    cause_clear();
    cause_note(about(2));
    assert_ptr_equal(cause_last().what, &things[2]);
}

static void cause_whatever_differs_but_the_detail_makes_two(void **state)
{
    (void)state;
    const struct cause a = about(1);
    struct cause same = a;
    same.detail = things;
    assert_true(cause_same(&a, &same) && cause_hash(&a) == cause_hash(&same));
    struct cause others[] = {a, a, a, a};
    others[0].kind = CAUSE_FILE;
    others[1].rc = -EIO;
    others[2].what = &things[2];
    others[3].number = 1;
    for (unsigned i = 0; i < 4; i++) {
        assert_false(cause_same(&a, &others[i]));
    }
}

static void cause_an_owner_keeps_it(void **state)
{
    (void)state;
    static const char owners[1000];
    for (unsigned round = 0; round < 2; round++) { /* the later one counts */
        for (unsigned i = 0; i < sizeof(owners); i++) {
            cause_clear();
            cause_note(about(i + round * 1000));
            cause_keep(&owners[i]);
        }
    }
    for (unsigned i = 0; i < sizeof(owners); i++) {
        cause_clear();
        cause_recall(&owners[i]);
        assert_ptr_equal(cause_last().what, &things[i + 1000]);
    }
    cause_clear();
    cause_recall(things);
    assert_int_equal(cause_last().kind, CAUSE_NONE);
}

static errint find_damage(void *context)
{
    cause_note(about(7));
    (void)context;
    return -EBADMSG;
}

static errint trip_and_go_on(void *context)
{
    (void)context;
    cause_note(about(8));
    return 0;
}

static void *ask(void *once)
{
    return once_need(once, NULL, find_damage, NULL) == -EBADMSG && cause_last().what == &things[7]
               ? once
               : NULL;
}

static void cause_a_bad_cell_tells_each_thread(void **state)
{
    (void)state;
    struct once bad = {0};
    struct once good = {0};
    cause_clear();
    assert_int_equal(once_need(&good, NULL, trip_and_go_on, NULL), 0);
    assert_int_equal(cause_last().kind, CAUSE_NONE); /* nothing has failed */
    assert_ptr_equal(ask(&bad), &bad);
    pthread_t other;
    void *result;
    assert_int_equal(pthread_create(&other, NULL, ask, &bad), 0);
    pthread_join(other, &result);
    assert_ptr_equal(result, &bad);
    /* What failed before in this thread is nearer to its request, but is not what the
     * next one keeps. */
    struct once another = {0};
    cause_clear();
    cause_note(about(3));
    assert_int_equal(once_need(&another, NULL, find_damage, NULL), -EBADMSG);
    assert_ptr_equal(cause_last().what, &things[3]);
    cause_clear();
    cause_recall(&another);
    assert_ptr_equal(cause_last().what, &things[7]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cause_the_first_stays),
        cmocka_unit_test(cause_whatever_differs_but_the_detail_makes_two),
        cmocka_unit_test(cause_an_owner_keeps_it),
        cmocka_unit_test(cause_a_bad_cell_tells_each_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
