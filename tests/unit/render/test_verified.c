/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "io/io_file.h"
#include "render/render.h"
#include "render/verified.h"
#include "render/verify.h"
#include "render/why.h"
#include "support/fake.h"
#include "support/mkckpt.h"

enum { THREADS = 6 };

/* Tensors a [100], b [50, 40], c [2000], and s [4, 10], which is stored in two slices behind
 * them. */
static const struct fake_tensor tensors[] = {
    {"a", DTYPE_UINT8, 1, {100}, TENSOR_SHOWN},
    {"b", DTYPE_FLOAT32, 2, {50, 40}, TENSOR_SHOWN},
    {"c", DTYPE_INT64, 1, {2000}, TENSOR_SHOWN},
    {"s", DTYPE_UINT8, 2, {4, 10}, TENSOR_SHOWN},
};

struct fixture {
    struct catalog *c;
    struct tensor *list; /* the catalog's */
    struct stored_slice slices[2];
    struct slices sliced;
    struct verified *k;
    struct arena a;
    struct reader reader; /* of the two */
};

static uint32_t crc_of(uint64_t off, uint64_t len)
{
    unsigned char *bytes = malloc(len + 1);
    for (uint64_t i = 0; i < len; i++) {
        bytes[i] = fake_byte(off + i);
    }
    uint32_t crc = mk_mask(mk_crc32c(bytes, len));
    free(bytes);
    return crc;
}

static int setup_for(void **state, enum verified_mode mode)
{
    static struct fixture f;
    f = (struct fixture){0};
    f.c = fake_catalog(tensors, ARRAY_LEN(tensors), 1);
    f.list = (struct tensor *)(uintptr_t)f.c->tensors;
    arena_init(&f.a);
    for (uint32_t i = 0; i < f.c->count; i++) {
        f.list[i].crc32c = crc_of(f.list[i].off, f.list[i].bytes);
    }
    struct tensor *s = &f.list[3];
    static const int64_t start[][2] = {{0, 0}, {1, 0}};
    static const int64_t len[][2] = {{1, 10}, {3, 10}};
    f.slices[0] = (struct stored_slice){start[0], len[0], s->off, 0, crc_of(s->off, 10)};
    f.slices[1] = (struct stored_slice){start[1], len[1], s->off + 10, 0, crc_of(s->off + 10, 30)};
    f.sliced = (struct slices){.slices = f.slices, .count = 2};
    f.c->sliced = &f.sliced;
    f.c->sliced_count = 1;
    s->sliced = 1;
    s->shard = TENSOR_NO_SHARD;
    s->off = 0;
    assert_int_equal(verified_open(f.c, mode, &f.k), 0);
    f.reader = (struct reader){.catalog = f.c, .verified = f.k};
    *state = &f;
    return 0;
}

static int setup(void **state)
{
    return setup_for(state, VERIFIED_ALL);
}

static int setup_known(void **state)
{
    return setup_for(state, VERIFIED_KNOWN);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    cause_clear(); /* it may point into what is freed here */
    reader_fini(&f->reader);
    verified_close(f->k);
    arena_fini(&f->a);
    fake_close(f->c);
    return 0;
}

static ssize_t read_whole(struct fixture *f, unsigned tensor, uint64_t off, size_t len)
{
    char got[32000];
    const struct target t = {.name_ptr = "t", .name_len = 1, .source = &f->c->tensors[tensor]};
    return render_read(&f->reader, &t, off, len, got);
}

/* Rows [from, from + rows) of `tensor`, as a part would show them. */
static ssize_t read_rows(struct fixture *f, unsigned tensor, int64_t from, int64_t rows)
{
    const struct tensor *t = &f->c->tensors[tensor];
    struct piece pieces[2];
    uint32_t count = 0;
    const int64_t start[] = {from, 0};
    const int64_t len[] = {rows, t->dims[1]};
    if (t->sliced) {
        for (unsigned i = 0; i < 2; i++) {
            const struct stored_slice *s = &f->slices[i];
            if (piece_touches(s, t->rank, start, len)) {
                assert_int_equal(piece_of_slice(t, s, start, len, &f->a, &pieces[count++]), 0);
            }
        }
    } else {
        assert_int_equal(piece_slice(t, start, len, &f->a, &pieces[count++]), 0);
    }
    struct target_form form = {
        .shape = {len, 2}, .dtype = t->dtype, .part = -1, .pieces = pieces, .piece_count = count};
    const struct target target = {.name_ptr = "t", .name_len = 1, .source = t, .form = &form};
    char got[32000];
    return render_read(&f->reader, &target, 0, sizeof(got), got);
}

/* What the last read failed for. */
static void expect_why(struct fixture *f, const char *line)
{
    const struct cause cause = cause_last();
    struct buf b = {0};
    assert_int_equal(why_print(f->c, &cause, &b), line != NULL);
    assert_memory_equal(buf_view(&b).ptr, line ? line : "", line ? strlen(line) : 0);
    buf_fini(&b);
    cause_clear();
}

static void verified_good_tensors_are_served(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_whole(f, 0, 10, 1000), 90);
    assert_int_equal(read_whole(f, 0, 10, 1), 1);
    assert_int_equal(read_rows(f, 1, 3, 7), 7 * 160);
    assert_int_equal(read_rows(f, 3, 0, 4), 40);
    struct verified_counts n = verified_counts(f->k);
    assert_true(n.verified == 3 && n.damaged == 0);
    expect_why(f, NULL);
}

static void verified_nothing_of_a_damaged_tensor_is_served(void **state)
{
    struct fixture *f = *state;
    f->list[1].crc32c ^= 1;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(read_whole(f, 1, i * 1000, 10), -EUCLEAN);
        assert_int_equal(read_rows(f, 1, 40, 2), -EUCLEAN);
        assert_int_equal(read_whole(f, 2, 8, 8), 8);
    }
    expect_why(f, "b: checksum mismatch: stored ");
    expect_why(f, NULL);
    struct verified_counts n = verified_counts(f->k);
    assert_true(n.verified == 1 && n.damaged == 1);
    f->list[1].crc32c ^= 1; /* what was found is kept */
    assert_int_equal(read_whole(f, 1, 0, 10), -EUCLEAN);
    expect_why(f, "b: checksum mismatch: stored ");
}

static void verified_only_the_slices_that_are_touched_count(void **state)
{
    struct fixture *f = *state;
    f->slices[0].crc32c ^= 1;
    assert_int_equal(read_rows(f, 3, 1, 3), 30);
    expect_why(f, NULL);
    assert_true(verified_counts(f->k).verified == 0);
    assert_int_equal(read_rows(f, 3, 0, 1), -EUCLEAN);
    assert_int_equal(read_rows(f, 3, 0, 4), -EUCLEAN);
    expect_why(f, "s [0:1, 0:10]: checksum mismatch: stored ");
    assert_int_equal(read_rows(f, 3, 1, 3), 30);
    f->slices[1].crc32c ^= 1; /* was good, is good */
    assert_int_equal(read_rows(f, 3, 1, 3), 30);
    expect_why(f, NULL);
}

static void verified_an_unreadable_tensor_may_be_asked_for_again(void **state)
{
    struct fixture *f = *state;
    CLEANUP_CLOSE int fd = fake_writable(f->c);
    io_file_release(f->c->shards[0].io);
    f->c->shards[0].opened = false;
    assert_int_equal(read_whole(f, 2, 0, 8), -EIO);
    const struct cause cause = cause_last();
    assert_true(cause.kind == CAUSE_FILE && cause.what == f->c->shards[0].io && cause.rc == -EIO);
    cause_clear();
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    assert_int_equal(io_file_hold(f->c->shards[0].io, path), 0);
    f->c->shards[0].io->name = f->c->shards[0].path;
    f->c->shards[0].opened = true;
    assert_int_equal(read_whole(f, 2, 0, 8), 8);
    expect_why(f, NULL);
}

static void *read_all(void *data)
{
    struct fixture *f = data;
    struct fixture mine = {.c = f->c, .reader = {.catalog = f->c, .verified = f->k}};
    for (unsigned i = 0; i < 200; i++) {
        unsigned tensor = i % 3;
        ssize_t got = read_whole(&mine, tensor, i % 50, 7);
        const struct cause cause = cause_last();
        if (got != (tensor == 2 ? -EUCLEAN : 7) ||
            (tensor == 2 && (cause.what != &f->c->tensors[2] || !cause.detail))) {
            return data;
        }
        cause_clear();
    }
    reader_fini(&mine.reader);
    return NULL;
}

static void verified_many_threads_find_the_same(void **state)
{
    struct fixture *f = *state;
    f->list[2].crc32c ^= 1;
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, f), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(read_whole(f, 2, 0, 7), -EUCLEAN);
    expect_why(f, "c: checksum mismatch: stored ");
    struct verified_counts n = verified_counts(f->k);
    assert_true(n.verified == 2 && n.damaged == 1);
}

/* Without -o verify. */
static void verified_only_what_is_marked_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct verify_result wrong = {
        .outcome = VERIFY_CHECKSUM, .found = 0x1111, .stored = 0x2222};
    char got[100];
    f->list[0].crc32c ^= 1; /* nobody looks */
    assert_int_equal(read_whole(f, 0, 0, 10), 10);
    assert_false(verified_wary(f->k));
    assert_int_equal(verified_mark(f->k, &f->list[1], NULL, &wrong), 0);
    assert_int_equal(verified_mark(f->k, &f->list[3], &f->slices[1], &wrong), 0);
    assert_int_equal(verified_mark(f->k, &f->list[3], &f->slices[1], &wrong), 0);
    assert_true(verified_counts(f->k).damaged == 2);
    expect_why(f, NULL); /* until somebody asks */
    assert_int_equal(read_whole(f, 0, 0, 10), 10);
    assert_int_equal(read_whole(f, 1, 0, 10), -EUCLEAN);
    expect_why(f, "b: checksum mismatch: stored 00002222, found 00001111");
    assert_int_equal(read_whole(f, 2, 0, 8), 8);
    assert_int_equal(read_rows(f, 3, 0, 1), 10);
    expect_why(f, NULL);
    assert_int_equal(read_rows(f, 3, 0, 2), -EUCLEAN);
    expect_why(f, "s [1:4, 0:10]: checksum mismatch: stored 00002222, found 00001111");
    /* And where the file is shown as it is. */
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], f->list[1].off - 1, 1, got), 0);
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], f->list[1].off - 1, 2, got),
                     -EUCLEAN);
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], f->slices[0].off, 10, got), 0);
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], f->slices[1].off + 29, 1, got),
                     -EUCLEAN);
    struct verified_counts n = verified_counts(f->k);
    assert_true(n.damaged == 2 && n.verified == 0);
}

/* For a sum of what is made of them. */
static void verified_what_was_verified_is_known_in_either_mode(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(verified_ensure(&f->reader, &f->list[0], NULL), 0);
    assert_false(verified_wary(f->k)); /* nothing is to be refused */
    assert_true(verified_counts(f->k).verified == 1);
    f->list[1].crc32c ^= 1;
    f->slices[1].crc32c ^= 1;
    assert_int_equal(read_whole(f, 1, 0, 10), 10); /* nobody looked */
    /* A part of b, which is looked at whole; and the one slice of s that is good. */
    const int64_t start[] = {0, 0};
    const int64_t len[] = {1, 40};
    struct piece piece;
    assert_int_equal(piece_slice(&f->list[1], start, len, &f->a, &piece), 0);
    struct target_form form = {
        .shape = {len, 2}, .dtype = DTYPE_FLOAT32, .pieces = &piece, .piece_count = 1};
    struct target target = {.name_ptr = "t", .name_len = 1, .source = &f->list[1], .form = &form};
    assert_int_equal(verified_ensure_target(&f->reader, &target), -EUCLEAN);
    assert_int_equal(read_whole(f, 1, 0, 10), -EUCLEAN);
    expect_why(f, "b: checksum mismatch: stored ");
    assert_int_equal(verified_ensure(&f->reader, &f->list[3], &f->slices[0]), 0);
    assert_int_equal(read_rows(f, 3, 0, 4), 40); /* and the other was not looked at */
    assert_int_equal(verified_ensure(&f->reader, &f->list[3], &f->slices[1]), -EUCLEAN);
    assert_int_equal(read_rows(f, 3, 0, 4), -EUCLEAN);
    expect_why(f, "s [1:4, 0:10]: checksum mismatch: stored ");
    target = (struct target){.name_ptr = "t", .name_len = 1, .source = &f->list[2]};
    assert_int_equal(verified_ensure_target(&f->reader, &target), 0);
    struct verified_counts n = verified_counts(f->k);
    assert_true(n.verified == 2 && n.damaged == 2);
}

static void touch(struct fixture *f)
{
    usleep(20000); /* over a tick of the file system's clock */
    CLEANUP_CLOSE int fd = fake_writable(f->c);
    assert_int_equal(futimens(fd, NULL), 0);
}

static void write_byte(struct fixture *f, uint64_t off, unsigned char byte)
{
    usleep(20000);
    CLEANUP_CLOSE int fd = fake_writable(f->c);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)off), 1);
}

static void verified_what_is_in_doubt_is_verified_again(void **state)
{
    struct fixture *f = *state;
    f->list[0].crc32c ^= 1;
    for (unsigned i = 0; i < 3; i++) {
        touch(f);
        assert_int_equal(read_whole(f, 1, 8, 100), 100);
        assert_true(verified_counts(f->k).verified == 1);
        assert_int_equal(read_whole(f, 1, 8, 100), 100);
        assert_int_equal(read_rows(f, 3, 2, 1), 10); /* the second slice alone */
        assert_true(verified_counts(f->k).verified == 1);
    }
    assert_int_equal(read_whole(f, 0, 0, 10), -EUCLEAN);
    expect_why(f, "a: checksum mismatch");
    char got[10];
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], f->list[1].off, 10, got), 0);
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], f->list[1].off - 1, 10, got),
                     -EUCLEAN);
    assert_int_equal(shard_doubt(&f->c->shards[0]), f->c->shards[0].changed);
}

static void verified_what_changed_is_refused_for_good(void **state)
{
    struct fixture *f = *state;
    uint64_t off = f->list[1].off + 4000;
    assert_int_equal(read_whole(f, 1, 0, 8), 8);
    write_byte(f, off, (unsigned char)~fake_byte(off));
    assert_int_equal(read_whole(f, 1, 0, 8), -EUCLEAN);
    assert_int_equal(read_whole(f, 2, 0, 8), 8);
    assert_int_equal(read_rows(f, 3, 0, 4), 40);
    write_byte(f, off, fake_byte(off));
    assert_int_equal(read_whole(f, 1, 0, 8), -EUCLEAN);
    assert_int_equal(read_whole(f, 2, 0, 8), 8);
    cause_clear();
    assert_int_equal(read_whole(f, 1, 0, 8), -EUCLEAN);
    expect_why(f, "b: checksum mismatch");
}

static void verified_nobody_knows_bytes_of_no_tensor_in_doubt(void **state)
{
    struct fixture *f = *state;
    char got[10];
    f->reader.verified = NULL;
    assert_int_equal(read_whole(f, 1, 0, 8), 8);
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], 0, 10, got), 0);
    touch(f);
    assert_int_equal(read_whole(f, 1, 0, 8), -EIO);
    expect_why(f, "fake.data-00000-of-00001: may have changed since it was opened");
    assert_int_equal(read_rows(f, 3, 0, 4), -EIO);
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], 0, 10, got), -EIO);
    cause_clear();
    f->reader.verified = f->k;
    f->list[2].dtype = DTYPE_VARIANT; /* a kind whose checksum nobody can find */
    f->list[2].no_crc = true;
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], f->list[2].off, 10, got), -EIO);
    expect_why(f, "fake.data-00000-of-00001: may have changed since it was opened");
    assert_int_equal(verified_read(&f->reader, &f->c->shards[0], f->list[1].off, 10, got), 0);
}

struct toucher {
    struct fixture *f;
    atomic_bool stop;
};

static void *read_while_touched(void *data)
{
    struct toucher *t = data;
    struct fixture mine = {.c = t->f->c, .reader = {.catalog = t->f->c, .verified = t->f->k}};
    void *wrong = NULL;
    for (unsigned i = 0; !wrong && !atomic_load(&t->stop); i++) {
        unsigned char got[64];
        const struct tensor *tensor = &mine.c->tensors[i % 3];
        const struct target target = {.name_ptr = "t", .name_len = 1, .source = tensor};
        ssize_t n = render_read(&mine.reader, &target, i % 30, sizeof(got), got);
        for (ssize_t k = 0; k < n; k++) {
            wrong = got[k] != fake_byte(tensor->off + i % 30 + (uint64_t)k) ? data : wrong;
        }
        wrong = n != (ssize_t)sizeof(got) && n != -EIO ? data : wrong;
    }
    reader_fini(&mine.reader);
    return wrong;
}

static void verified_many_threads_read_what_is_touched(void **state)
{
    struct toucher t = {.f = *state};
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_while_touched, &t), 0);
    }
    for (unsigned i = 0; i < 20; i++) {
        touch(t.f);
    }
    atomic_store(&t.stop, true);
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_true(verified_counts(t.f->k).damaged == 0);
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

#define KNOWN(func) cmocka_unit_test_setup_teardown(func, setup_known, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(verified_good_tensors_are_served),
        TEST(verified_nothing_of_a_damaged_tensor_is_served),
        TEST(verified_only_the_slices_that_are_touched_count),
        TEST(verified_an_unreadable_tensor_may_be_asked_for_again),
        TEST(verified_many_threads_find_the_same),
        KNOWN(verified_only_what_is_marked_is_refused),
        KNOWN(verified_what_was_verified_is_known_in_either_mode),
        KNOWN(verified_what_is_in_doubt_is_verified_again),
        KNOWN(verified_what_changed_is_refused_for_good),
        KNOWN(verified_nobody_knows_bytes_of_no_tensor_in_doubt),
        KNOWN(verified_many_threads_read_what_is_touched),
        TEST(verified_what_changed_is_refused_for_good),
        TEST(verified_many_threads_read_what_is_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
