/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/part_sums.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS_MOST = 2000 };

static struct arena arena;
static struct sum_item parts[ITEMS_MOST];
static struct sum_item wholes[4];
static uint32_t part_count;
static uint32_t whole_count;
static struct sum_sets sets;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    part_count = whole_count = 0;
    srand(1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static uint32_t add(const char *name, uint64_t elements)
{
    uint64_t sum = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand();
    parts[part_count] =
        (struct sum_item){sum, elements, arena_str(&arena, str_from(name)), part_count, false};
    return part_count++;
}

static void add_whole(const uint32_t *of, uint32_t count)
{
    struct sum_item *w = &wholes[whole_count];
    *w = (struct sum_item){.name = STR("whole"), .tensor = whole_count};
    for (uint32_t i = 0; i < count; i++) {
        w->sum += parts[of[i]].sum;
        w->elements += parts[of[i]].elements;
    }
    whole_count++;
}

static void find(void)
{
    const struct sum_problem problem = {parts, part_count, wholes, whole_count};
    assert_int_equal(sums_find(&problem, &arena, &sets), 0);
}

static void expect(uint32_t whole, const uint32_t *of, uint32_t count)
{
    for (size_t i = 0; i < sets.count; i++) {
        const struct sum_set *s = &sets.list[i];
        if (s->whole == whole && s->count == count &&
            memcmp(s->parts, of, count * sizeof(*of)) == 0) {
            return;
        }
    }
    fail_msg("whole %u: the set of %u is not among %zu", whole, count, sets.count);
}

/* By number, not as texts: 9 before 10; and a run of them. */
static void numbers(void **state)
{
    (void)state;
    uint32_t of[20];
    for (uint32_t i = 0; i < 20; i++) {
        char name[32];
        uint32_t number = (i * 7) % 20; /* in any order */
        snprintf(name, sizeof(name), "layer_%u/w", number);
        of[number] = add(name, 10);
    }
    add_whole(of, 20);
    add_whole(of + 3, 9);
    find();
    expect(0, of, 20);
    expect(1, of + 3, 9);
    assert_int_equal(sets.count, 2);
}

static void words(void **state)
{
    (void)state;
    const uint32_t of[] = {add("l.0/query/w", 4), add("l.0/key/w", 6), add("l.0/value/w", 8),
                           add("l.0/gate/w", 10)};
    add("l.0/out/w", 4);
    add("l.1/query/w", 4);
    add_whole(of, 4); /* no two of them have as many elements: found by their names alone */
    find();
    expect(0, of, 4);
}

static void any_two_or_three(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%c%c%c", 'a' + i % 26, 'a' + i / 26, 'x');
        add(name, 4 + i % 5);
    }
    const uint32_t two[] = {17, 101};
    const uint32_t three[] = {5, 90, 111}; /* as many elements in the first two */
    const uint32_t others[] = {6, 92, 113};
    add_whole(two, 2);
    add_whole(three, 3);
    add_whole(others, 3); /* all differ: not looked at */
    find();
    expect(0, two, 2);
    expect(1, three, 3);
    assert_int_equal(sets.count, 2);
}

/* A constant is no part of any two, but one of a run of numbers. */
static void constants(void **state)
{
    (void)state;
    const uint32_t of[] = {add("x0", 4), add("x1", 4)};
    const uint32_t apart[] = {add("some/a", 5), add("thing/b", 5)};
    parts[of[1]].constant = parts[apart[1]].constant = true;
    add_whole(of, 2);
    add_whole(apart, 2);
    find();
    expect(0, of, 2);
    assert_int_equal(sets.count, 1);
}

/* Sums that are equal by chance, of other numbers of elements, are none. */
static void elements_count_too(void **state)
{
    (void)state;
    const uint32_t of[] = {add("x0", 4), add("x1", 4)};
    add_whole(of, 2);
    wholes[0].elements++;
    find();
    assert_int_equal(sets.count, 0);
}

/* However many there are, it ends. */
static void bounded(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ITEMS_MOST; i++) {
        char name[32];
        snprintf(name, sizeof(name), "a%u/b%u/c%u", i % 2, i % 50, i);
        add(name, 1);
    }
    const uint32_t of[] = {1, 2, 3, 4, 5, 7, 9};
    for (unsigned i = 0; i < 4; i++) {
        add_whole(of, 7);
        wholes[i].sum += i;
    }
    find();
    assert_true(sets.count <= 4 * SUM_SETS_EACH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers),
        TEST(words),
        TEST(any_two_or_three),
        TEST(constants),
        TEST(elements_count_too),
        TEST(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
