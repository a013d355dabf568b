/* SPDX-License-Identifier: Apache-2.0 */
/* Results are taken in order whoever works on them, and as many as are wanted. */
#include "compare/spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Items of different lengths: none, one byte, just a span, and more. */
static const uint64_t lengths[] = {0, 1, SPAN_BYTES, SPAN_BYTES + 1, 5 * SPAN_BYTES, 3, 0, 7};

struct log {
    struct span taken[64];
    unsigned count;
    uint32_t skipped; /* the item of which the second span is one too many */
    uint32_t ended;   /* the item after which nothing is wanted */
};

static uint64_t length_of(void *context, uint32_t item)
{
    (void)context;
    return lengths[item];
}

static void *begin(void *context)
{
    (void)context;
    return malloc(1);
}

/* The result says which span it is of. */
static void work(void *own, const struct span *s, void *result)
{
    (void)own;
    for (size_t i = 0; i < sizeof(*s); i++) {
        assert_int_equal(((char *)result)[i], 0);
    }
    memcpy(result, s, sizeof(*s));
}

static enum span_verdict take(void *context, const struct span *s, void *result)
{
    struct log *l = context;
    const struct span *of = result;
    assert_true(of->item == s->item && of->off == s->off && of->bytes == s->bytes);
    l->taken[l->count++] = *s;
    if (s->item == l->ended) {
        return SPAN_END;
    }
    return s->item == l->skipped ? SPAN_SKIP_ITEM : SPAN_NEXT;
}

static void run(struct log *l, unsigned threads)
{
    const struct span_work w = {.items = sizeof(lengths) / sizeof(lengths[0]),
                                .context = l,
                                .result_bytes = sizeof(struct span),
                                .bytes = length_of,
                                .begin = begin,
                                .end = free,
                                .work = work,
                                .take = take};
    assert_int_equal(spans_run(&w, threads), 0);
}

static void all_spans_come_in_order(void **state)
{
    (void)state;
    for (unsigned threads = 0; threads <= 8; threads++) {
        struct log l = {.skipped = UINT32_MAX, .ended = UINT32_MAX};
        unsigned next = 0;
        run(&l, threads);
        for (uint32_t item = 0; item < sizeof(lengths) / sizeof(lengths[0]); item++) {
            uint64_t off = 0;
            do {
                const struct span *s = &l.taken[next++];
                assert_int_equal(s->item, item);
                assert_int_equal(s->off, off);
                off += s->bytes;
                assert_int_equal(s->last, off == lengths[item]);
            } while (off < lengths[item]);
        }
        assert_int_equal(next, l.count);
    }
}

static void what_is_skipped_leaves_later_items(void **state)
{
    (void)state;
    struct log l = {.skipped = 4, .ended = UINT32_MAX};
    run(&l, 1);
    unsigned of_it = 0;
    for (unsigned i = 0; i < l.count; i++) {
        of_it += l.taken[i].item == 4;
    }
    assert_int_equal(of_it, 1); /* with one thread, none was begun before that was said */
    assert_int_equal(l.taken[l.count - 1].item, 7);
    for (unsigned threads = 2; threads <= 8; threads++) {
        l = (struct log){.skipped = 4, .ended = UINT32_MAX};
        run(&l, threads);
        assert_int_equal(l.taken[l.count - 1].item, 7);
    }
}

static void nothing_is_taken_after_the_end(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++) {
        struct log l = {.skipped = UINT32_MAX, .ended = 2};
        run(&l, threads);
        assert_int_equal(l.count, 3);
        assert_int_equal(l.taken[2].item, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_spans_come_in_order),
        cmocka_unit_test(what_is_skipped_leaves_later_items),
        cmocka_unit_test(nothing_is_taken_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
