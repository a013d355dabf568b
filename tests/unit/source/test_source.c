/* SPDX-License-Identifier: Apache-2.0 */
/* What layers above ask a driver: that each format answers alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "source/catalog_join.h"
#include "source/source.h"
#include "support/opened.h"

static struct opened now;

static int close_now(void **state)
{
    (void)state;
    opened_close(&now);
    return 0;
}

static void expect_right_sum(const struct source_check *k)
{
    static char buf[SOURCE_BUFFER];
    uint32_t found = 0;
    assert_true(k->file->opened && !k->file->base);
    assert_true(k->off + k->bytes <= k->file->io->size);
    assert_int_equal(source_check_sum(now.view.catalog, NULL, k, buf, NULL, &found), 0);
    assert_int_equal(found, k->crc32c);
}

/* The check of t, or of its slice, is in seen[] from then on. */
static void look_for(const struct tensor *t, const struct stored_slice *s, bool *seen)
{
    const struct catalog *c = now.view.catalog;
    struct source_check k;
    assert_true(source_check_find(c, t, s, &k));
    assert_true(k.number < source_check_count(c));
    if (source_check_shared(c, t)) {
        struct source_check same;
        source_check_at(c, k.number, &same);
        assert_true(same.number == k.number && same.file == k.file && same.off == k.off);
        assert_true(same.bytes == k.bytes && same.crc32c == k.crc32c);
        assert_null(k.tensor);
    } else {
        assert_true(k.tensor == t && k.slice == s);
        assert_false(seen[k.number]);
    }
    seen[k.number] = true;
    expect_right_sum(&k);
}

/* How many checks some tensor of the open view is in. */
static uint64_t look_for_all(void)
{
    const struct catalog *c = now.view.catalog;
    uint64_t count = source_check_count(c);
    bool *seen = calloc(count + 1, sizeof(*seen));
    assert_non_null(seen);
    for (uint32_t i = 0; i < catalog_all(c); i++) {
        const struct tensor *t = &c->tensors[i];
        const struct slices *s = tensor_slices(c, t);
        for (uint32_t k = 0; s && k < s->count; k++) {
            look_for(t, &s->slices[k], seen);
        }
        if (!s) {
            look_for(t, NULL, seen);
        }
    }
    uint64_t found = 0;
    for (uint64_t i = 0; i < count; i++) {
        found += seen[i];
    }
    free(seen);
    return found;
}

static void source_tensors_and_slices_have_checks_of_their_own(void **state)
{
    (void)state;
    static const char *const names[] = {"sliced", "parts_boxes", "strings_sliced", "big_endian"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        opened_golden(&now, names[i], NULL);
        uint64_t found = look_for_all();
        const struct catalog *c = now.view.catalog;
        uint64_t stored = 0;
        for (uint32_t k = 0; k < c->count; k++) {
            const struct slices *s = tensor_slices(c, &c->tensors[k]);
            stored += s ? s->count : 1;
        }
        assert_false(source_check_shared(c, NULL));
        assert_int_equal(found, stored);
        if (i == 0) {
            assert_true(c->sliced_count > 1);
        }
        if (i + 1 < ARRAY_LEN(names)) {
            opened_close(&now);
        }
    }
}

static void source_blocks_are_shared(void **state)
{
    (void)state;
    static const char *const names[] = {"v1_blocks", "v1_sharded"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        opened_golden(&now, names[i], NULL);
        uint64_t found = look_for_all();
        const struct catalog *c = now.view.catalog;
        unsigned with_more = 0;
        assert_true(source_check_shared(c, NULL) && found > 0);
        for (uint64_t k = 0; k < source_check_count(c); k++) {
            struct source_check check;
            source_check_at(c, k, &check);
            assert_int_equal(check.number, k);
            expect_right_sum(&check);
            with_more += check.besides != NULL;
        }
        uint32_t files = 0;
        while (source_input(c, files)) {
            files++;
        }
        assert_int_equal(with_more, files); /* each has its metadata */
        if (i + 1 < ARRAY_LEN(names)) {
            opened_close(&now);
        }
    }
}

/* The view of `golden` and of two others beside it. */
static void open_three(const char *golden, const char *a, const char *b)
{
    CLEANUP_BUF struct buf map = {0};
    CLEANUP_FREE char *real = realpath("tests/golden", NULL);
    assert_non_null(real);
    buf_printf(&map, "[assignment_map]\n/ = main/\n/@a = a/\n/@b = b/\n");
    buf_printf(&map, "[checkpoint b]\npath = %s/%s\n", real, b);
    buf_printf(&map, "[checkpoint a]\npath = %s/%s\n", real, a);
    opened_golden(&now, golden, map.data);
}

static void source_joined_checkpoints_are_asked_each_for_its_own(void **state)
{
    (void)state;
    static const char *const names[][3] = {
        {"sliced", "v1_sharded/model.ckpt-7", "parts_boxes"},
        {"v1_blocks", "big_endian", "v1/model-v1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        open_three(names[i][0], names[i][1], names[i][2]);
        const struct catalog *c = now.view.catalog;
        uint64_t found = look_for_all();
        assert_int_equal(catalog_member_count(c), 3);
        assert_int_equal(catalog_numbered(c, 0)->count, c->count);
        assert_string_equal(catalog_numbered(c, 1)->joined.label, "b"); /* in the file's order */
        assert_null(catalog_numbered(c, 3));
        assert_true(found > 3 && found <= source_check_count(c));
        uint32_t tensors = 0;
        for (uint32_t k = 0; k < catalog_member_count(c); k++) {
            const struct catalog *m = catalog_member(c, k);
            for (uint32_t n = 0; n < m->count; n++) {
                const struct tensor *t = &m->tensors[n];
                struct source_check check;
                assert_ptr_equal(catalog_of(c, t), m);
                assert_ptr_equal(t, &c->tensors[tensors++]);
                assert_ptr_equal(catalog_find(m, tensor_name(t)), t);
                if (!t->sliced) {
                    assert_ptr_equal(catalog_of_shard(c, t->shard), m);
                    assert_true(source_check_find(c, t, NULL, &check));
                    assert_true(check.number >= m->joined.first_check &&
                                check.number < m->joined.first_check + m->joined.checks);
                }
            }
        }
        assert_int_equal(tensors, catalog_all(c));
        if (i + 1 < ARRAY_LEN(names)) {
            opened_close(&now);
        }
    }
}

static void source_inputs_are_undamaged(void **state)
{
    (void)state;
    static const char *const names[] = {"sliced", "v1_sharded"};
    static const unsigned files[] = {1, 3};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        opened_golden(&now, names[i], NULL);
        const char *path;
        unsigned count = 0;
        while ((path = source_input(now.view.catalog, count)) != NULL) {
            assert_int_equal(source_check_input(now.view.catalog, path, &now.diag), 0);
            count++;
        }
        assert_int_equal(count, files[i]);
        if (i + 1 < ARRAY_LEN(names)) {
            opened_close(&now);
        }
    }
}

#define TEST(function) cmocka_unit_test_teardown(function, close_now)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(source_tensors_and_slices_have_checks_of_their_own),
        TEST(source_blocks_are_shared),
        TEST(source_joined_checkpoints_are_asked_each_for_its_own),
        TEST(source_inputs_are_undamaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
