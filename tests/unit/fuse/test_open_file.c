/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/open_file.h"
#include "support/opened.h"
#include "view/content.h"

static struct opened now;
static struct open_files files;
static struct reader reader;
static struct stats stats;

static void begin(const char *golden, const char *map)
{
    opened_golden(&now, golden, map);
    reader = view_reader(&now.view);
    files = (struct open_files){.view = &now.view,
                                .texts = {.view = &now.view,
                                          .diag = &now.diag,
                                          .stats = &stats,
                                          .lock = PTHREAD_MUTEX_INITIALIZER},
                                .lock = PTHREAD_MUTEX_INITIALIZER};
}

static int end(void **state)
{
    (void)state;
    open_files_close(&files);
    reader_fini(&reader);
    opened_close(&now);
    return 0;
}

static uint32_t number_of(const char *path)
{
    int64_t at = TREE_ROOT;
    for (struct str rest = str_from(path); rest.len;) {
        long slash = str_find(rest, '/');
        struct str name = str_head(rest, slash < 0 ? rest.len : (size_t)slash);
        at = content_lookup(&now.view, (uint32_t)at, name);
        assert_true(at >= 0);
        rest = slash < 0 ? STR("") : str_from_pos(rest, name.len + 1);
    }
    return (uint32_t)at;
}

static struct open_file *open_path(const char *path)
{
    struct open_file *o;
    assert_int_equal(open_file_make(&files, number_of(path), &reader, &o), 0);
    return o;
}

/* What it reads, in pieces of 7 bytes, is what the file's layout has. */
static void expect_bytes(struct open_file *o, const char *path)
{
    struct content *c = malloc(sizeof(*c));
    assert_non_null(c);
    assert_int_equal(content_open(&now.view, number_of(path), CONTENT_BYTES, &reader, c), 0);
    char *all = opened_bytes(&now, &c->layout);
    for (uint64_t off = 0; off <= c->layout.size; off += 7) {
        char got[7];
        uint64_t left = c->layout.size - off;
        ssize_t n = open_file_read(o, &reader, off, sizeof(got), got);
        assert_int_equal(n, left < sizeof(got) ? left : sizeof(got));
        assert_memory_equal(got, all + off, (size_t)n);
    }
    free(all);
    free(c);
}

/* It is a run of bytes of the shard from `off` on. */
static void expect_range(const struct open_file *o, const struct shard *shard, uint64_t off)
{
    struct file_range range;
    assert_true(open_file_range(o, &range));
    assert_ptr_equal(range.file, shard);
    assert_int_equal(range.off, off);
}

static void expect_no_range(const struct open_file *o)
{
    struct file_range range;
    assert_false(open_file_range(o, &range));
}

static const char demo_map[] = "[assignment_map]\n/ = /\n"
                               "table = rows | partition 3,1\n"
                               "table = columns | partition 1,3\n"
                               "table = half | cast float16\n";

static const struct tensor *tensor(const char *name)
{
    const struct tensor *t = catalog_find(now.view.catalog, str_from(name));
    assert_non_null(t);
    return t;
}

static void open_file_reads_what_its_layout_has(void **state)
{
    (void)state;
    static const char *const paths[] = {"table",
                                        "global_step",
                                        "table.npy",
                                        "rows/part_1",
                                        "rows.npy",
                                        "half",
                                        "half.npy",
                                        "columns.npy",
                                        "global_step.npy",
                                        "columns/part_2.npy",
                                        "model.index",
                                        "checkpoint",
                                        "columns/part_0",
                                        ".ckptfs/map.ini",
                                        "model.safetensors",
                                        "model.data-00000-of-00002",
                                        "model.data-00001-of-00002"};
    begin("demo", demo_map);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct open_file *first = open_path(paths[i]);
        struct open_file *second = open_path(paths[i]);
        expect_bytes(first, paths[i]);
        open_file_close(first);
        expect_bytes(second, paths[i]); /* it has a layout of its own */
        assert_false(open_file_is_rendered(second));
    }
}

static void open_file_that_lies_in_one_file_says_where(void **state)
{
    (void)state;
    begin("demo", demo_map);
    const struct tensor *table = tensor("table");
    const struct shard *data = &now.view.catalog->shards[table->shard];
    expect_range(open_path("table"), data, table->off);
    expect_range(open_path("rows/part_0"), data, table->off);
    expect_range(open_path("rows/part_1"), data, table->off + 4 * 3 * 4);
    expect_range(open_path("model.data-00000-of-00002"), data, 0);
    expect_no_range(open_path("columns/part_1"));
    expect_no_range(open_path("half"));
    expect_no_range(open_path("table.npy"));
    expect_no_range(open_path("model.safetensors"));
    expect_no_range(open_path("model.index"));
    expect_no_range(open_path(".ckptfs/map.ini"));
    expect_no_range(open_path(".ckptfs/stats"));
}

static void open_file_of_v1_says_where_unless_it_is_made(void **state)
{
    (void)state;
    begin("v1", NULL);
    const struct tensor *floats = tensor("scope/float");
    expect_range(open_path("scope/float"), &now.view.catalog->shards[floats->shard], floats->off);
    assert_non_null(now.view.catalog->shards[tensor("int64")->shard].base);
    expect_no_range(open_path("int64"));
    expect_no_range(open_path("empty"));
}

static void open_file_of_strings_gets_its_layout_at_the_first_read(void **state)
{
    (void)state;
    static const char *const paths[] = {"words", "words.npy", "scalar", "none"};
    begin("strings", NULL);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct open_file *o = open_path(paths[i]);
        expect_no_range(o);
        expect_bytes(o, paths[i]);
        expect_no_range(o);
    }
}

/* That fails when it is read, each time, and not when it is opened. */
static void open_file_of_what_cannot_be_read_fails_at_reads(void **state)
{
    (void)state;
    begin("strings", NULL);
    struct shard *data = shard_file(&now.view.catalog->shards[tensor("words")->shard]);
    struct open_file *o = open_path("words");
    char got[4];
    data->io->failed = true;
    assert_int_equal(open_file_read(o, &reader, 0, sizeof(got), got), -EIO);
    assert_int_equal(open_file_read(o, &reader, 0, sizeof(got), got), -EIO);
    data->io->failed = false;
    assert_int_equal(open_file_read(o, &reader, 0, sizeof(got), got), sizeof(got));
}

struct reading {
    struct open_file *file;
    pthread_barrier_t *start;
    char bytes[64];
};

static void *read_first(void *context)
{
    struct reading *r = context;
    struct reader mine = view_reader(&now.view);
    pthread_barrier_wait(r->start);
    ssize_t got = open_file_read(r->file, &mine, 0, sizeof(r->bytes), r->bytes);
    reader_fini(&mine);
    return got == sizeof(r->bytes) ? r : NULL;
}

static void open_file_is_read_first_by_many_threads(void **state)
{
    (void)state;
    enum { THREADS = 6, TIMES = 50 };
    begin("strings", NULL);
    for (unsigned time = 0; time < TIMES; time++) {
        struct open_file *o = open_path("words");
        pthread_t threads[THREADS];
        struct reading readings[THREADS];
        pthread_barrier_t start;
        pthread_barrier_init(&start, NULL, THREADS);
        for (unsigned i = 0; i < THREADS; i++) {
            readings[i] = (struct reading){.file = o, .start = &start};
            assert_int_equal(pthread_create(&threads[i], NULL, read_first, &readings[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            void *right;
            pthread_join(threads[i], &right);
            assert_non_null(right);
            assert_memory_equal(readings[i].bytes, readings[0].bytes, sizeof(readings[i].bytes));
        }
        pthread_barrier_destroy(&start);
        open_file_close(o);
    }
}

static void open_file_of_a_text_is_what_it_was_at_the_open(void **state)
{
    (void)state;
    begin("demo", NULL);
    struct open_file *before = open_path(".ckptfs/stats");
    stats_count(&stats.opens, 5);
    struct open_file *after = open_path(".ckptfs/stats");
    char got[16];
    assert_true(open_file_is_rendered(before));
    assert_int_equal(open_file_read(before, &reader, 0, 8, got), 8);
    assert_memory_equal(got, "opens 0\n", 8);
    assert_int_equal(open_file_read(after, &reader, 0, 8, got), 8);
    assert_memory_equal(got, "opens 5\n", 8);
    struct open_file *report = open_path(".ckptfs/report.json");
    assert_int_equal(open_file_read(report, &reader, 0, 1, got), 1);
    assert_memory_equal(got, "{", 1);
    assert_int_equal(open_file_read(report, &reader, 1 << 20, 1, got), 0);
    stats_count(&stats.opens, (uint64_t)-5);
}

static void open_files_are_closed_in_any_order(void **state)
{
    (void)state;
    static const unsigned orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {0, 2, 1}};
    begin("demo", NULL);
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct open_file *open[3];
        for (unsigned k = 0; k < 3; k++) {
            open[k] = open_path("table");
        }
        for (unsigned k = 0; k < 3; k++) {
            open_file_close(open[orders[i][k]]);
        }
        assert_null(files.first);
    }
}

#define TEST(func) cmocka_unit_test_teardown(func, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open_file_reads_what_its_layout_has),
        TEST(open_file_that_lies_in_one_file_says_where),
        TEST(open_file_of_v1_says_where_unless_it_is_made),
        TEST(open_file_of_strings_gets_its_layout_at_the_first_read),
        TEST(open_file_of_what_cannot_be_read_fails_at_reads),
        TEST(open_file_is_read_first_by_many_threads),
        TEST(open_file_of_a_text_is_what_it_was_at_the_open),
        TEST(open_files_are_closed_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
