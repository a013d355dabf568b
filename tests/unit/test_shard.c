/* SPDX-License-Identifier: Apache-2.0 */
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

#include "format/shard.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"

#define NAME "m.data-00000-of-00001"

struct fixture {
    struct tmpdir dir;
    struct arena arena;
    struct diag d;
    struct shard s;
};

static const char *path_of(struct fixture *f)
{
    return tmpdir_path(&f->dir, NAME);
}

static int setup(void **state)
{
    static struct fixture f;
    static char path[1024];
    f = (struct fixture){0};
    tmpdir_make(&f.dir);
    arena_init(&f.arena);
    diag_init(&f.d);
    snprintf(path, sizeof(path), "%s", path_of(&f));
    mk_write_file(path, "0123456789", 10);
    f.s = (struct shard){.path = path, .fd = -1, .used_bytes = 10};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    shard_close(&f->s);
    tmpdir_remove(&f->dir);
    arena_fini(&f->arena);
    diag_fini(&f->d);
    return 0;
}

static void open_shard(struct fixture *f)
{
    assert_int_equal(shard_open(&f->s, &f->arena, &f->d), 0);
    assert_int_equal(f->d.errors, 0);
    assert_true(f->s.opened);
    usleep(20000); /* over a tick of the file system's clock, so that a change has another time */
}

static void assert_serves(struct fixture *f)
{
    char bytes[4];
    assert_int_equal(shard_read(&f->s, 3, 4, bytes), 0);
    assert_memory_equal(bytes, "3456", 4);
    assert_false(f->s.failed);
}

static void assert_failed_for_good(struct fixture *f)
{
    char bytes[4];
    assert_int_equal(shard_read(&f->s, 3, 4, bytes), -EIO);
    assert_true(f->s.failed);
    assert_int_equal(shard_read(&f->s, 3, 4, bytes), -EIO);
}

/* A write into the file as it is. With `cover`, mtime is set back after it, as `cp -p` or rsync would. */
static void write_in_place(const char *path, bool cover)
{
    struct stat st;
    int fd = open(path, O_WRONLY);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(pwrite(fd, "X", 1, 4), 1);
    if (cover) {
        assert_int_equal(futimens(fd, (const struct timespec[]){st.st_atim, st.st_mtim}), 0);
    }
    close(fd);
}

static const char *only_message(struct fixture *f)
{
    assert_int_equal(f->d.errors, 1);
    assert_string_equal(f->d.entries[0].where, path_of(f));
    return f->d.entries[0].message;
}

static void shard_read_ranges_are_exact(void **state)
{
    struct fixture *f = *state;
    char bytes[10];
    open_shard(f);
    assert_serves(f);
    assert_int_equal(shard_read(&f->s, 0, 10, bytes), 0);
    assert_memory_equal(bytes, "0123456789", 10);
    assert_int_equal(shard_read(&f->s, 9, 1, bytes), 0);
    assert_int_equal(bytes[0], '9');
    assert_int_equal(shard_read(&f->s, 10, 0, bytes), 0);
}

static void shard_read_past_the_end_is_eio_but_not_for_good(void **state)
{
    struct fixture *f = *state;
    char bytes[10];
    open_shard(f);
    assert_int_equal(shard_read(&f->s, 9, 2, bytes), -EIO);
    assert_int_equal(shard_read(&f->s, UINT64_MAX, 1, bytes), -EIO);
    assert_int_equal(shard_read(&f->s, INT64_MAX, 10, bytes), -EIO);
    assert_serves(f);
}

static void shard_read_before_open_is_eio(void **state)
{
    struct fixture *f = *state;
    char bytes[4];
    assert_int_equal(shard_read(&f->s, 0, 4, bytes), -EIO);
}

static void shard_open_missing_names_what_is_beside(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rename(path_of(f), tmpdir_path(&f->dir, "m.data-00000-of-00003")), 0);
    mk_write_file(tmpdir_path(&f->dir, "other.data-00000-of-00001"), "", 0);
    assert_int_equal(shard_open(&f->s, &f->arena, &f->d), -ENOENT);
    const char *message = only_message(f);
    assert_non_null(strstr(message, "its first 10 bytes"));
    assert_non_null(strstr(message, "m.data-00000-of-00003"));
    assert_null(strstr(message, "other"));
    assert_int_equal(f->d.entries[0].code, DIAG_CHECKPOINT_NOT_FOUND);
    assert_false(f->s.opened);
}

static void shard_open_short_is_ebadmsg_with_both_sizes(void **state)
{
    struct fixture *f = *state;
    f->s.used_bytes = 11;
    assert_int_equal(shard_open(&f->s, &f->arena, &f->d), -EBADMSG);
    assert_non_null(strstr(only_message(f), "10 bytes"));
    assert_non_null(strstr(only_message(f), "need 11"));
}

static void shard_open_longer_than_needed_works(void **state)
{
    struct fixture *f = *state;
    f->s.used_bytes = 0;
    open_shard(f);
    assert_serves(f);
}

static void shard_open_fifo_or_directory_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(unlink(path_of(f)), 0);
    assert_int_equal(mkfifo(path_of(f), 0666), 0);
    assert_int_equal(shard_open(&f->s, &f->arena, &f->d), -EINVAL);
    assert_non_null(strstr(only_message(f), "not a regular file"));
    assert_int_equal(unlink(path_of(f)), 0);
    assert_int_equal(mkdir(path_of(f), 0777), 0);
    assert_int_equal(shard_open(&f->s, &f->arena, &f->d), -EISDIR);
    assert_int_equal(f->d.errors, 2);
}

static void shard_read_after_truncation_fails_for_good(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(truncate(path_of(f), 8), 0);
    assert_failed_for_good(f);
    assert_int_equal(truncate(path_of(f), 10), 0);
    assert_failed_for_good(f);
}

static void shard_read_after_append_fails_for_good(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    FILE *file = fopen(path_of(f), "a");
    fputc('x', file);
    fclose(file);
    assert_failed_for_good(f);
}

static void shard_read_after_write_fails_for_good(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    write_in_place(path_of(f), false);
    assert_failed_for_good(f);
}

static void shard_read_after_write_with_mtime_set_back_fails_for_good(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    write_in_place(path_of(f), true);
    struct stat st;
    assert_int_equal(stat(path_of(f), &st), 0);
    assert_memory_equal(&st.st_mtim, &f->s.st.st_mtim, sizeof(st.st_mtim));
    assert_failed_for_good(f);
}

static void shard_read_after_unlink_is_served(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(unlink(path_of(f)), 0);
    assert_serves(f);
    assert_serves(f);
}

static void shard_read_after_replacement_is_served(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    mk_write_file(tmpdir_path(&f->dir, "new"), "ABCDEFGHIJ", 10);
    assert_int_equal(rename(tmpdir_path(&f->dir, "new"), path_of(f)), 0);
    assert_serves(f);
}

static void shard_read_after_rename_is_served(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(rename(path_of(f), tmpdir_path(&f->dir, "old")), 0);
    assert_serves(f);
}

static void shard_read_after_chmod_or_link_is_served(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(chmod(path_of(f), 0400), 0);
    assert_serves(f);
    usleep(20000);
    assert_int_equal(link(path_of(f), tmpdir_path(&f->dir, "second")), 0);
    assert_serves(f);
    usleep(20000);
    assert_int_equal(unlink(tmpdir_path(&f->dir, "second")), 0);
    assert_serves(f);
}

/* What was accepted once must not cover for a later write. */
static void shard_read_after_rename_then_covered_write_fails(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(rename(path_of(f), tmpdir_path(&f->dir, "old")), 0);
    assert_serves(f);
    usleep(20000);
    write_in_place(tmpdir_path(&f->dir, "old"), true);
    assert_failed_for_good(f);
}

static void shard_read_after_chmod_then_covered_write_fails(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(chmod(path_of(f), 0640), 0);
    assert_serves(f);
    usleep(20000);
    write_in_place(path_of(f), true);
    assert_failed_for_good(f);
}

/* Opens the shard while there are no descriptors left. */
static void open_without_descriptors(struct fixture *f, rlim_t most)
{
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit none = {most, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    errint rc = shard_open(&f->s, &f->arena, &f->d);
    char byte;
    if (most == 0) {
        assert_int_equal(shard_read(&f->s, 0, 1, &byte), -EIO); /* and later, when there are some, it works */
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(rc, 0);
    assert_true(f->s.opened);
    assert_int_equal(f->s.fd, -1);
    usleep(20000);
}

static void shard_open_without_descriptors_is_opened_for_each_read(void **state)
{
    struct fixture *f = *state;
    open_without_descriptors(f, 0);
    assert_serves(f);
    assert_serves(f);
}

static void shard_open_with_few_descriptors_left_leaves_them(void **state)
{
    struct fixture *f = *state;
    int next = dup(0);
    close(next);
    open_without_descriptors(f, (rlim_t)next + 1);
    assert_serves(f);
}

static void shard_open_without_descriptors_still_checks_the_file(void **state)
{
    struct fixture *f = *state;
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit none = {0, old.rlim_max};
    f->s.used_bytes = 11;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    errint rc = shard_open(&f->s, &f->arena, &f->d);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(rc, -EBADMSG);
}

static void shard_read_reopened_other_file_fails_for_good(void **state)
{
    struct fixture *f = *state;
    open_without_descriptors(f, 0);
    struct stat st;
    assert_int_equal(stat(path_of(f), &st), 0);
    mk_write_file(tmpdir_path(&f->dir, "new"), "0123456789", 10);
    assert_int_equal(utimensat(AT_FDCWD, tmpdir_path(&f->dir, "new"),
                               (const struct timespec[]){st.st_atim, st.st_mtim}, 0),
                     0);
    assert_int_equal(rename(tmpdir_path(&f->dir, "new"), path_of(f)), 0);
    assert_failed_for_good(f);
}

static void shard_read_reopened_changed_or_gone_fails_for_good(void **state)
{
    struct fixture *f = *state;
    open_without_descriptors(f, 0);
    write_in_place(path_of(f), true);
    assert_failed_for_good(f);
    f->s = (struct shard){.path = f->s.path, .fd = -1};
    open_without_descriptors(f, 0);
    assert_int_equal(chmod(path_of(f), 0640), 0);
    char byte;
    assert_int_equal(shard_read(&f->s, 0, 1, &byte), 0);
    assert_int_equal(unlink(path_of(f)), 0);
    assert_failed_for_good(f);
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shard_read_ranges_are_exact),
        TEST(shard_read_past_the_end_is_eio_but_not_for_good),
        TEST(shard_read_before_open_is_eio),
        TEST(shard_open_missing_names_what_is_beside),
        TEST(shard_open_short_is_ebadmsg_with_both_sizes),
        TEST(shard_open_longer_than_needed_works),
        TEST(shard_open_fifo_or_directory_is_refused),
        TEST(shard_read_after_truncation_fails_for_good),
        TEST(shard_read_after_append_fails_for_good),
        TEST(shard_read_after_write_fails_for_good),
        TEST(shard_read_after_write_with_mtime_set_back_fails_for_good),
        TEST(shard_read_after_unlink_is_served),
        TEST(shard_read_after_replacement_is_served),
        TEST(shard_read_after_rename_is_served),
        TEST(shard_read_after_chmod_or_link_is_served),
        TEST(shard_read_after_rename_then_covered_write_fails),
        TEST(shard_read_after_chmod_then_covered_write_fails),
        TEST(shard_open_without_descriptors_is_opened_for_each_read),
        TEST(shard_open_with_few_descriptors_left_leaves_them),
        TEST(shard_open_without_descriptors_still_checks_the_file),
        TEST(shard_read_reopened_other_file_fails_for_good),
        TEST(shard_read_reopened_changed_or_gone_fails_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
