/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a tensor that is stored in many slices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plan/plan.h"
#include "support/fake.h"

enum { AXES = 2 };

/* Boxes that tile a tensor, each `box` or what is left of it, in no order. */
static struct slices grid_of(struct arena *a, const int64_t *dims, const int64_t *box)
{
    uint32_t across = (uint32_t)((dims[1] + box[1] - 1) / box[1]);
    uint32_t count = (uint32_t)((dims[0] + box[0] - 1) / box[0]) * across;
    struct stored_slice *list = ARENA_ARRAY(a, struct stored_slice, count);
    assert_non_null(list);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)((uint64_t)i * 7919 % count); /* a prime: each once */
        int64_t *start = ARENA_ARRAY(a, int64_t, AXES);
        int64_t *len = ARENA_ARRAY(a, int64_t, AXES);
        const uint32_t cell[] = {at / across, at % across};
        for (unsigned axis = 0; axis < AXES; axis++) {
            start[axis] = cell[axis] * box[axis];
            int64_t left = dims[axis] - start[axis];
            len[axis] = left < box[axis] ? left : box[axis];
        }
        list[i] = (struct stored_slice){.start = start, .len = len, .off = 8 * (uint64_t)at};
    }
    return (struct slices){.slices = list, .count = count};
}

static void resolve_sliced(struct fake_resolved *r, const int64_t *dims, const int64_t *box,
                           const char *text)
{
    const struct fake_tensor t = {"t", DTYPE_FLOAT32, AXES, {dims[0], dims[1]}, 0};
    r->catalog = fake_catalog(&t, 1, 0);
    struct slices *all = ARENA_NEW(&r->catalog->arena, struct slices);
    *all = grid_of(&r->catalog->arena, dims, box);
    struct tensor *tensor = (struct tensor *)(uintptr_t)r->catalog->tensors;
    tensor->sliced = true;
    tensor->off = 0;
    r->catalog->sliced = all;
    r->catalog->sliced_count = 1;
    r->map = fake_map(text);
    diag_init(&r->diag);
    r->rc = plan_resolve(r->catalog, r->map, &r->map->graph, false, &r->diag, &r->plan);
    assert_int_equal(r->rc, 0);
}

static uint64_t elements_of(const struct piece *p)
{
    return (uint64_t)p->len[0] * (uint64_t)p->len[1];
}

/* That the pieces of each target are what it shares with each slice, and all of it. */
static void check_pieces(const struct fake_resolved *r, const int64_t *dims)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < r->plan->count; i++) {
        const struct target_form *f = r->plan->targets[i].form;
        uint64_t elements = 0;
        assert_true(f->piece_count > 0);
        for (uint32_t k = 0; k < f->piece_count; k++) {
            const struct piece *p = &f->pieces[k];
            elements += elements_of(p);
            for (unsigned axis = 0; axis < AXES; axis++) {
                int64_t at = p->start[axis] + (f->slice_start ? f->slice_start[axis] : 0);
                assert_true(at >= p->slice->start[axis]);
                assert_true(at + p->len[axis] <= p->slice->start[axis] + p->slice->len[axis]);
            }
            assert_true(k == 0 || p->slice != p[-1].slice);
        }
        assert_int_equal(elements, (uint64_t)f->shape.dims[0] * (uint64_t)f->shape.dims[1]);
        total += elements;
    }
    assert_int_equal(total, (uint64_t)dims[0] * (uint64_t)dims[1]);
}

static void parts_have_the_slices_that_they_touch(void **state)
{
    (void)state;
    static const struct {
        int64_t dims[AXES], box[AXES];
        const char *rule;
        uint32_t targets;
    } cases[] = {
        {{100, 6}, {1, 6}, "t = w | partition 7,1", 7}, /* rows, cut along rows */
        {{100, 6}, {1, 6}, "t = w | partition 1,4", 4}, /* along columns: each has all slices */
        {{6, 100}, {6, 3}, "t = w | partition 1,100", 100},
        {{30, 20}, {7, 3}, "t = w | partition 30,1", 30}, /* boxes, parts smaller than they */
        {{30, 20}, {7, 3}, "t = w | partition 1,3", 3},
        {{30, 20}, {7, 3}, "t = w", 1},
        {{30, 20}, {30, 20}, "t = w | partition 5,1", 5}, /* one slice */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake_resolved r = {0};
        char text[64];
        snprintf(text, sizeof(text), "[assignment_map]\n%s\n", cases[i].rule);
        resolve_sliced(&r, cases[i].dims, cases[i].box, text);
        assert_int_equal(r.plan->count, cases[i].targets);
        check_pieces(&r, cases[i].dims);
        fake_resolved_close(&r);
    }
}

static void parts_of_many_slices_take_memory_for_their_own_only(void **state)
{
    (void)state;
    const int64_t dims[] = {20000, 2};
    const int64_t box[] = {1, 2};
    struct fake_resolved r = {0};
    resolve_sliced(&r, dims, box, "[assignment_map]\nt = w | partition 1000,1\n");
    assert_int_equal(r.plan->count, 1000);
    check_pieces(&r, dims);
    /* 20,000 pieces in all. An array of all slices for each part would be 1.4 GB. */
    assert_true(r.plan->arena.total_bytes < 16 << 20);
    fake_resolved_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_have_the_slices_that_they_touch),
        cmocka_unit_test(parts_of_many_slices_take_memory_for_their_own_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
