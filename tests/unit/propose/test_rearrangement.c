/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/rearrangement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct rearrangements found;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

#define SHAPE(...)                                                                                 \
    ((struct shape){(const int64_t[]){__VA_ARGS__},                                                \
                    sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)})

static void find(struct shape from, struct shape to)
{
    assert_int_equal(rearrangements_find(from, to, &arena, &found), 0);
    for (size_t i = 1; i < found.count; i++) {
        assert_true(strlen(found.texts[i - 1]) <= strlen(found.texts[i]));
    }
}

static void expect(const char *text)
{
    for (size_t i = 0; i < found.count; i++) {
        if (strcmp(found.texts[i], text) == 0) {
            return;
        }
    }
    fail_msg("'%s' is not among the %zu", text, found.count);
}

static const char *reshaped(struct shape from, struct shape to)
{
    static char text[100];
    CLEANUP_BUF struct buf b = {0};
    rearrangement_reshape(from, to, &b);
    memcpy(text, b.len ? b.data : "", b.len + 1);
    return text;
}

static void in_order(void **state)
{
    (void)state;
    assert_string_equal(reshaped(SHAPE(4, 5), SHAPE(4, 5)), "");
    assert_string_equal(reshaped(SHAPE(1, 4, 1), SHAPE(4)), "squeeze");
    assert_string_equal(reshaped(SHAPE(1, 4, 1), SHAPE(4, 1)), "squeeze 0");
    assert_string_equal(reshaped(SHAPE(4), SHAPE(4, 1)), "expand 1");
    assert_string_equal(reshaped(SHAPE(4), SHAPE(1, 4, 1)), "reshape -1,4,1");
    assert_string_equal(reshaped(SHAPE(768, 12, 64), SHAPE(768, 768)), "reshape 768,-1");
    assert_string_equal(reshaped(SHAPE(12, 64, 768), SHAPE(768, 768)), "reshape -1,768");
    assert_string_equal(reshaped(SHAPE(12, 64), SHAPE(768)), "reshape -1");
    assert_string_equal(reshaped(SHAPE(1, 1), (struct shape){NULL, 0}), "squeeze");
}

static void in_any_order(void **state)
{
    (void)state;
    find(SHAPE(4, 5), SHAPE(5, 4));
    assert_string_equal(found.texts[0], "transpose");
    expect("reshape -1,4");
    find(SHAPE(3, 3, 4, 5), SHAPE(5, 4, 3, 3));
    expect("transpose 3,2,0,1");
    expect("transpose");
    find(SHAPE(8, 3, 4), SHAPE(12, 8));
    expect("reshape 8,-1 | transpose");
    expect("transpose 1,2,0 | reshape -1,8");
    find(SHAPE(12, 8), SHAPE(8, 3, 4));
    expect("reshape -1,4,8 | transpose 2,0,1");
    find(SHAPE(4, 5), SHAPE(4, 4));
    assert_int_equal(found.count, 0);
}

/* However many axes there are, the guesses are few. */
static void bounded(void **state)
{
    (void)state;
    find(SHAPE(2, 2, 2, 2, 2, 2, 2, 2), SHAPE(2, 2, 2, 2, 2, 2, 2, 2));
    assert_string_equal(found.texts[0], "");
    expect("transpose");
    assert_true(found.count <= 3);
    find(SHAPE(2, 2, 2, 2, 2), SHAPE(4, 4, 2));
    assert_true(found.count <= 120 + 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(in_order), TEST(in_any_order), TEST(bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
