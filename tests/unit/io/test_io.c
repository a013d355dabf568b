/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of any io: of files, memory, and what is derived. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cause.h"
#include "io/io_bytes.h"
#include "io/io_file.h"
#include "io/swap.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "tensor/dtype.h"

static struct tmpdir dir;
static const char *path;

static int setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    path = tmpdir_path(&dir, "data");
    mk_write_file(path, "0123456789", 10);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmpdir_remove(&dir);
    return 0;
}

static struct io *held(void)
{
    struct io *io;
    assert_int_equal(io_file_new(&io), 0);
    assert_int_equal(io_file_hold(io, path), 0);
    usleep(20000); /* over a tick of the file system's clock, so that a change has another time */
    return io;
}

/* The bytes at `off` are those of the descriptor, up to the end. */
static void expect_backed(const struct io *io, uint64_t off)
{
    uint64_t at = UINT64_MAX;
    char bytes[11];
    int fd = io_backing(io, off, &at);
    assert_true(fd >= 0);
    ssize_t len = (ssize_t)(10 - off);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), (off_t)at), len);
    assert_memory_equal(bytes, &"0123456789"[off], (size_t)len);
}

static void expect_unbacked(const struct io *io)
{
    uint64_t at;
    assert_int_equal(io_backing(io, 0, &at), -1);
}

static void backing_of_a_file_is_its_descriptor(void **state)
{
    (void)state;
    struct io *once;
    assert_int_equal(io_open(path, &once), 0);
    expect_backed(once, 0);
    expect_backed(once, 7);
    io_close(once);
    struct io *io = held();
    expect_backed(io, 0);
    expect_backed(io, 10);
    io_file_release(io);
    expect_unbacked(io);
    io_close(io);
}

static void backing_of_what_is_made_is_none(void **state)
{
    (void)state;
    struct io_bytes bytes;
    io_bytes_init(&bytes, "0123456789", 10, "memory");
    expect_unbacked(&bytes.io);
    struct io *io = held();
    struct io *swapped;
    assert_int_equal(swap_io(io, swap_kind(DTYPE_INT32, 0), &swapped), 0);
    expect_unbacked(swapped);
    io_close(swapped);
    io_close(io);
}

static void backing_of_a_file_that_failed_or_is_not_held_is_none(void **state)
{
    (void)state;
    struct io *io = held();
    char byte;
    assert_int_equal(truncate(path, 9), 0);
    expect_backed(io, 10); /* nothing was found yet: whoever needs to know asks first */
    assert_int_equal(io_read(io, NULL, 0, 1, &byte), -EIO);
    assert_true(io_failed(io));
    expect_unbacked(io);
    io_close(io);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, old.rlim_max}), 0);
    io = held();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    expect_unbacked(io);
    assert_int_equal(io_read(io, NULL, 8, 1, &byte), 0);
    assert_int_equal(byte, '8');
    io_close(io);
}

/* Each range has its bytes, whatever their order. */
static void expect_ranges(struct io *io, const char *bytes)
{
    char a[3];
    char b[1];
    char c[4];
    const struct io_range ranges[] = {
        {6, sizeof(a), a}, {0, sizeof(b), b}, {9, 0, NULL}, {2, sizeof(c), c}};
    assert_int_equal(io_read_many(io, NULL, ranges, 4), 0);
    assert_memory_equal(a, bytes + 6, sizeof(a));
    assert_memory_equal(b, bytes, sizeof(b));
    assert_memory_equal(c, bytes + 2, sizeof(c));
    assert_int_equal(io_read_many(io, NULL, ranges, 0), 0);
}

static void read_many_reads_each_range(void **state)
{
    (void)state;
    struct io_bytes bytes;
    io_bytes_init(&bytes, "0123456789", 10, "memory");
    expect_ranges(&bytes.io, "0123456789");
    struct io *once;
    assert_int_equal(io_open(path, &once), 0);
    expect_ranges(once, "0123456789");
    io_close(once);
    struct io *io = held();
    struct io *swapped;
    assert_int_equal(swap_io(io, swap_kind(DTYPE_UINT16, 0), &swapped), 0);
    expect_ranges(io, "0123456789");
    expect_ranges(swapped, "1032547698");
    io_close(swapped);
    io_close(io);
}

static void read_many_is_of_one_state(void **state)
{
    (void)state;
    struct io *io = held();
    char byte[2];
    const struct io_range ranges[] = {{1, 1, &byte[0]}, {8, 1, &byte[1]}};
    assert_int_equal(utimensat(AT_FDCWD, path, NULL, 0), 0);
    assert_int_equal(io_read_many(io, NULL, ranges, 2), -ESTALE);
    assert_true(io_doubt(io) != 0 && io_doubt(io) == io_doubts());
    assert_int_equal(io_read_many(io, NULL, ranges, 2), 0);
    assert_true(byte[0] == '1' && byte[1] == '8');
    io_close(io);
}

static void read_many_past_the_end_is_eio(void **state)
{
    (void)state;
    char bytes[4];
    struct io *io = held();
    const struct io_range ranges[] = {{1, 1, bytes}, {8, 3, bytes}};
    cause_clear();
    assert_int_equal(io_read_many(io, NULL, ranges, 2), -EIO);
    assert_true(cause_last().kind == CAUSE_FILE && cause_last().what == io);
    assert_false(io_failed(io));
    cause_clear();
    io_close(io);
    struct io_bytes in;
    io_bytes_init(&in, "0123456789", 10, "memory");
    assert_int_equal(io_read_many(&in.io, NULL, ranges, 2), -EIO);
    assert_int_equal(io_read(&in.io, NULL, 11, 0, bytes), -EIO);
    assert_int_equal(io_read(&in.io, NULL, 10, 0, bytes), 0);
    assert_int_equal(io_read(&in.io, NULL, UINT64_MAX, 1, bytes), -EIO);
}

/* What is read at once is looked at once more at the end. */
static void unchanged_tells_what_is_not_of_one_state(void **state)
{
    (void)state;
    struct io *io;
    assert_int_equal(io_open(path, &io), 0);
    assert_int_equal(io->size, 10);
    assert_int_equal(io->st->st_size, 10);
    assert_int_equal(io_unchanged(io), 0);
    const struct timespec times[] = {{100, 0}, {100, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(io_unchanged(io), -ESTALE);
    struct io *swapped;
    assert_int_equal(swap_io(io, 0, &swapped), 0);
    assert_int_equal(io_unchanged(swapped), -ESTALE);
    io_close(swapped);
    io_close(io);
}

static void open_refuses_what_is_no_regular_file(void **state)
{
    (void)state;
    struct io *io;
    assert_int_equal(io_open(dir.path, &io), -EISDIR);
    assert_null(io);
    assert_int_equal(io_open("/proc/self/status", &io), -EINVAL);
    assert_int_equal(io_open(tmpdir_path(&dir, "none"), &io), -ENOENT);
    assert_int_equal(mkfifo(tmpdir_path(&dir, "fifo"), 0600), 0);
    assert_int_equal(io_open(tmpdir_path(&dir, "fifo"), &io), -EINVAL);
    io_close(io);
}

static void look_at_first(void *context, const char *bytes)
{
    *(char *)context = *bytes;
}

/* The address space may grow by 1 GiB only. */
static void limit_address_space(struct rlimit *before)
{
    unsigned long pages;
    FILE *statm = fopen("/proc/self/statm", "r");
    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%lu", &pages), 1);
    fclose(statm);
    assert_int_equal(getrlimit(RLIMIT_AS, before), 0);
    struct rlimit low = {pages * (rlim_t)sysconf(_SC_PAGESIZE) + (1UL << 30), before->rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &low), 0);
}

static void in_memory_tries_again_after_a_failure(void **state)
{
    (void)state;
    struct rlimit before;
    char first = 0;
    assert_int_equal(truncate(path, 4L << 30), 0);
    struct io *io = held();
    limit_address_space(&before);
    assert_int_equal(io_in_memory(io, io->size, look_at_first, &first), -ENOTSUP);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    unsigned tries = 1;
    while (io_in_memory(io, io->size, look_at_first, &first) == -ENOTSUP && tries < 10000) {
        tries++;
    }
    assert_int_equal(first, '0');
    assert_in_range(tries, 10, 5000); /* not at each read */
    io_close(io);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(backing_of_a_file_is_its_descriptor),
        TEST(backing_of_what_is_made_is_none),
        TEST(backing_of_a_file_that_failed_or_is_not_held_is_none),
        TEST(read_many_reads_each_range),
        TEST(read_many_is_of_one_state),
        TEST(read_many_past_the_end_is_eio),
        TEST(in_memory_tries_again_after_a_failure),
        TEST(unchanged_tells_what_is_not_of_one_state),
        TEST(open_refuses_what_is_no_regular_file),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
