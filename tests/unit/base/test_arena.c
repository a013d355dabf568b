/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

/* Absurd sizes must come back as NULL under AddressSanitizer too. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static int setup(void **state)
{
    static struct arena a;
    arena_init(&a);
    *state = &a;
    return 0;
}

static int teardown(void **state)
{
    arena_fini(*state);
    return 0;
}

static void arena_alloc_objects_do_not_overlap(void **state)
{
    struct arena *a = *state;
    uint8_t *objects[500];
    for (size_t i = 0; i < 500; i++) {
        objects[i] = arena_alloc(a, i);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % 8, 0);
        memset(objects[i], (int)i, i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(objects[i][k], (uint8_t)i);
        }
    }
}

static void arena_alloc_after_bytes_is_aligned(void **state)
{
    struct arena *a = *state;
    for (size_t i = 1; i < 100; i++) {
        char *text = arena_bytes(a, i);
        assert_non_null(text);
        memset(text, 'x', i);
        assert_int_equal((uintptr_t)arena_alloc(a, 8) % 8, 0);
    }
}

static void arena_bytes_packs_without_padding(void **state)
{
    struct arena *a = *state;
    char *first = arena_bytes(a, 3);
    assert_ptr_equal(arena_bytes(a, 5), first + 3);
}

static void arena_alloc_bigger_than_a_chunk_works(void **state)
{
    struct arena *a = *state;
    size_t big = 8 << 20;
    char *object = arena_alloc(a, big);
    assert_non_null(object);
    memset(object, 1, big);
    assert_non_null(arena_alloc(a, 1));
}

static void arena_alloc_absurd_size_is_null_and_harmless(void **state)
{
    struct arena *a = *state;
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX - 64));
    assert_null(arena_calloc(a, SIZE_MAX / 2, 4));
    assert_null(ARENA_ARRAY(a, uint64_t, SIZE_MAX / 8 + 2));
    assert_non_null(arena_alloc(a, 16));
}

static void arena_calloc_is_cleared(void **state)
{
    struct arena *a = *state;
    memset(arena_alloc(a, 4096), 0xff, 4096);
    arena_reset(a);
    uint8_t *object = arena_calloc(a, 64, 64);
    for (size_t i = 0; i < 4096; i++) {
        assert_int_equal(object[i], 0);
    }
}

static void arena_reset_reuses_memory(void **state)
{
    struct arena *a = *state;
    assert_non_null(arena_alloc(a, 100));
    size_t bytes = a->total_bytes;
    for (int i = 0; i < 10000; i++) {
        arena_reset(a);
        assert_non_null(arena_alloc(a, 1000));
    }
    assert_int_equal(a->total_bytes, bytes);
}

static void arena_reset_of_an_empty_one_works(void **state)
{
    struct arena *a = *state;
    arena_reset(a);
    assert_non_null(arena_alloc(a, 1));
}

static void arena_str_keeps_nuls_and_empty(void **state)
{
    struct arena *a = *state;
    assert_true(str_eq(arena_str(a, STR("a\0b")), STR("a\0b")));
    struct str empty = arena_str(a, STR(""));
    assert_non_null(empty.ptr);
    assert_int_equal(empty.len, 0);
    assert_string_equal(arena_cstr(a, str_of("abc", 2)), "ab");
    assert_string_equal(arena_printf(a, "%s-%05d", "x", 7), "x-00007");
}

static void arena_fini_twice_and_null_is_legal(void **state)
{
    arena_fini(*state);
    arena_fini(*state);
    arena_fini(NULL);
    assert_non_null(arena_alloc(*state, 8));
}

/* What one arena takes from another stays where it is; either may have been empty. */
static void arena_take_keeps_what_is_in_both(void **state)
{
    struct arena *a = *state;
    for (unsigned filled = 0; filled < 4; filled++) {
        struct arena from;
        arena_init(&from);
        char *mine = filled & 1 ? arena_cstr(a, STR("mine")) : NULL;
        char *big = filled & 2 ? arena_alloc(&from, 100000) : NULL;
        char *taken = filled & 2 ? arena_cstr(&from, STR("taken")) : NULL;
        size_t total = a->total_bytes + from.total_bytes;
        arena_take(a, &from);
        arena_fini(&from);
        assert_int_equal(a->total_bytes, total);
        char *next = arena_cstr(a, STR("next"));
        assert_non_null(next);
        if (big) {
            memset(big, 'b', 100000);
            assert_string_equal(taken, "taken");
        }
        if (mine) {
            assert_string_equal(mine, "mine");
        }
        assert_string_equal(next, "next");
        arena_fini(a);
    }
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

static void arena_grow_keeps_what_is_there(void **state)
{
    struct arena *a = *state;
    uint32_t *numbers = NULL;
    size_t cap = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        assert_true(arena_grow(a, &numbers, &cap, i, sizeof(*numbers)));
        assert_true(cap > i);
        numbers[i] = i;
    }
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(numbers[i], i);
    }
    size_t before = cap;
    assert_false(arena_grow(a, &numbers, &cap, cap, SIZE_MAX / 2)); /* the product overflows */
    assert_int_equal(cap, before);
    assert_int_equal(numbers[9999], 9999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arena_alloc_objects_do_not_overlap),
        TEST(arena_take_keeps_what_is_in_both),
        TEST(arena_alloc_after_bytes_is_aligned),
        TEST(arena_bytes_packs_without_padding),
        TEST(arena_alloc_bigger_than_a_chunk_works),
        TEST(arena_alloc_absurd_size_is_null_and_harmless),
        TEST(arena_calloc_is_cleared),
        TEST(arena_reset_reuses_memory),
        TEST(arena_reset_of_an_empty_one_works),
        TEST(arena_str_keeps_nuls_and_empty),
        TEST(arena_fini_twice_and_null_is_legal),
        TEST(arena_grow_keeps_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
