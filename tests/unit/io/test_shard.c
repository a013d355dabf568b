/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/thread.h"
#include "io/shard.h"
#include "io/swap.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"

#define NAME "m.data-00000-of-00001"

struct fixture {
    struct tmpdir dir;
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
    diag_init(&f.d);
    snprintf(path, sizeof(path), "%s", path_of(&f));
    mk_write_file(path, "0123456789", 10);
    assert_int_equal(shard_init(&f.s, path, 0), 0);
    f.s.used_bytes = 10;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    shard_close(&f->s);
    tmpdir_remove(&f->dir);
    diag_fini(&f->d);
    return 0;
}

static void open_shard(struct fixture *f)
{
    assert_int_equal(shard_open(&f->s, &f->d), 0);
    assert_int_equal(f->d.errors, 0);
    assert_true(f->s.opened);
    usleep(20000); /* over a tick of the file system's clock, so that a change has another time */
}

static void assert_serves(struct fixture *f)
{
    char bytes[4];
    assert_int_equal(shard_read(&f->s, NULL, 3, 4, bytes), 0);
    assert_memory_equal(bytes, "3456", 4);
    assert_false(shard_failed(&f->s));
}

/* Something moved: the read that finds that is not to be trusted, the next one is of a state that
 * nothing is known of. */
static void assert_doubted(struct fixture *f)
{
    char bytes[4];
    uint32_t before = shard_doubt(&f->s);
    assert_int_equal(shard_read(&f->s, NULL, 3, 4, bytes), -ESTALE);
    assert_true(shard_doubt(&f->s) > before && shard_doubt(&f->s) == shard_doubts());
    before = shard_doubt(&f->s);
    assert_int_equal(shard_read(&f->s, NULL, 3, 4, bytes), 0);
    assert_int_equal(shard_doubt(&f->s), before);
    assert_false(shard_failed(&f->s));
}

/* As for a change that somebody explains. */
static void assert_undoubted(struct fixture *f)
{
    uint32_t before = shard_doubt(&f->s);
    assert_serves(f);
    assert_int_equal(shard_doubt(&f->s), before);
}

static void assert_failed_for_good(struct fixture *f)
{
    char bytes[4];
    assert_int_equal(shard_read(&f->s, NULL, 3, 4, bytes), -EIO);
    assert_true(shard_failed(&f->s));
    assert_int_equal(shard_read(&f->s, NULL, 3, 4, bytes), -EIO);
}

/* A write into the file as it is. With `cover`, mtime is set back after it, as `cp -p` or rsync
 * would. */
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

/* statx fails with `error` in this process from now on. */
static void refuse_statx(int error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_statx, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        _exit(2);
    }
}

static const char *only_message(struct fixture *f)
{
    assert_int_equal(f->d.errors, 1);
    assert_string_equal(f->d.entries[0].at.file, path_of(f));
    return f->d.entries[0].message;
}

static void shard_read_ranges_are_exact(void **state)
{
    struct fixture *f = *state;
    char bytes[10];
    open_shard(f);
    assert_serves(f);
    assert_int_equal(shard_read(&f->s, NULL, 0, 10, bytes), 0);
    assert_memory_equal(bytes, "0123456789", 10);
    assert_int_equal(shard_read(&f->s, NULL, 9, 1, bytes), 0);
    assert_int_equal(bytes[0], '9');
    assert_int_equal(shard_read(&f->s, NULL, 10, 0, bytes), 0);
}

static void shard_read_past_the_end_is_eio_but_not_for_good(void **state)
{
    struct fixture *f = *state;
    char bytes[10];
    open_shard(f);
    assert_int_equal(shard_read(&f->s, NULL, 9, 2, bytes), -EIO);
    assert_int_equal(shard_read(&f->s, NULL, UINT64_MAX, 1, bytes), -EIO);
    assert_int_equal(shard_read(&f->s, NULL, INT64_MAX, 10, bytes), -EIO);
    assert_serves(f);
}

static void shard_read_before_open_is_eio(void **state)
{
    struct fixture *f = *state;
    char bytes[4];
    assert_int_equal(shard_read(&f->s, NULL, 0, 4, bytes), -EIO);
}

static void shard_open_missing_names_what_is_beside(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rename(path_of(f), tmpdir_path(&f->dir, "m.data-00000-of-00003")), 0);
    mk_write_file(tmpdir_path(&f->dir, "other.data-00000-of-00001"), "", 0);
    assert_int_equal(shard_open(&f->s, &f->d), -ENOENT);
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
    assert_int_equal(shard_open(&f->s, &f->d), -EBADMSG);
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
    assert_int_equal(shard_open(&f->s, &f->d), -EINVAL);
    assert_non_null(strstr(only_message(f), "not a regular file"));
    assert_int_equal(unlink(path_of(f)), 0);
    assert_int_equal(mkdir(path_of(f), 0777), 0);
    assert_int_equal(shard_open(&f->s, &f->d), -EISDIR);
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

static void shard_read_after_write_is_doubted(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    write_in_place(path_of(f), false);
    assert_doubted(f);
    usleep(20000);
    write_in_place(path_of(f), false);
    assert_doubted(f);
}

/* A write after what was accepted has another time, whatever the clock's ticks are. */
static void shard_read_accepts_nothing_younger_than_a_tick(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    write_in_place(path_of(f), false);
    assert_doubted(f);
    struct stat st;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    assert_int_equal(stat(path_of(f), &st), 0);
    int64_t age =
        (now.tv_sec - st.st_ctim.tv_sec) * INT64_C(1000000000) + now.tv_nsec - st.st_ctim.tv_nsec;
    assert_true(age >= 10000000);
}

static void touch(struct fixture *f)
{
    assert_int_equal(utimensat(AT_FDCWD, path_of(f), NULL, 0), 0);
}

static void add_and_remove_link(struct fixture *f)
{
    assert_int_equal(link(path_of(f), tmpdir_path(&f->dir, "second")), 0);
    assert_int_equal(unlink(tmpdir_path(&f->dir, "second")), 0);
}

/* Not all file systems have attributes. */
static void set_attribute(struct fixture *f)
{
    if (setxattr(path_of(f), "user.note", "x", 1, 0) != 0) {
        assert_int_equal(errno, EOPNOTSUPP);
        touch(f);
    }
}

static void shard_read_after_what_may_have_been_a_write_is_doubted(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    touch(f);
    assert_doubted(f);
    usleep(20000);
    add_and_remove_link(f);
    assert_doubted(f);
    usleep(20000);
    set_attribute(f);
    assert_doubted(f);
}

static void shard_read_after_write_with_mtime_set_back_is_doubted(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    write_in_place(path_of(f), true);
    struct stat st;
    assert_int_equal(stat(path_of(f), &st), 0);
    assert_memory_equal(&st.st_mtim, &f->s.io->st->st_mtim, sizeof(st.st_mtim));
    assert_doubted(f);
}

static void shard_read_after_unlink_is_served(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(unlink(path_of(f)), 0);
    assert_undoubted(f);
    assert_undoubted(f);
}

static void shard_read_after_replacement_is_served(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    mk_write_file(tmpdir_path(&f->dir, "new"), "ABCDEFGHIJ", 10);
    assert_int_equal(rename(tmpdir_path(&f->dir, "new"), path_of(f)), 0);
    assert_undoubted(f);
}

static void shard_read_after_rename_is_served(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(rename(path_of(f), tmpdir_path(&f->dir, "old")), 0);
    assert_undoubted(f);
}

static void shard_read_after_chmod_or_link_is_served(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(chmod(path_of(f), 0400), 0);
    assert_undoubted(f);
    usleep(20000);
    assert_int_equal(link(path_of(f), tmpdir_path(&f->dir, "second")), 0);
    assert_undoubted(f);
    usleep(20000);
    assert_int_equal(unlink(tmpdir_path(&f->dir, "second")), 0);
    assert_undoubted(f);
}

/* With -o verify: a write whose mtime was set back may hide behind a chmod. */
static void shard_read_strict_takes_no_explanation(void **state)
{
    struct fixture *f = *state;
    f->s.io->strict = true;
    open_shard(f);
    assert_int_equal(chmod(path_of(f), 0400), 0);
    assert_doubted(f);
    usleep(20000);
    assert_int_equal(rename(path_of(f), tmpdir_path(&f->dir, "old")), 0);
    assert_doubted(f);
    usleep(20000);
    assert_int_equal(unlink(tmpdir_path(&f->dir, "old")), 0);
    assert_doubted(f);
}

/* What was accepted once must not cover for a later write. */
static void shard_read_after_rename_then_covered_write_is_doubted(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(rename(path_of(f), tmpdir_path(&f->dir, "old")), 0);
    assert_serves(f);
    usleep(20000);
    write_in_place(tmpdir_path(&f->dir, "old"), true);
    assert_doubted(f);
}

static void shard_read_after_chmod_then_covered_write_is_doubted(void **state)
{
    struct fixture *f = *state;
    open_shard(f);
    assert_int_equal(chmod(path_of(f), 0640), 0);
    assert_undoubted(f);
    usleep(20000);
    write_in_place(path_of(f), true);
    assert_doubted(f);
}

/* A doubt about one file is none about another, but is numbered with it. */
static void shard_doubts_are_numbered_together(void **state)
{
    struct fixture *f = *state;
    struct shard other;
    struct shard derived;
    struct io *swapped;
    assert_int_equal(shard_init(&other, tmpdir_path(&f->dir, "other"), 1), 0);
    mk_write_file(other.path, "0123456789", 10);
    assert_int_equal(shard_open(&other, &f->d), 0);
    assert_int_equal(swap_io(other.io, 0, &swapped), 0);
    shard_derive(&derived, &other, swapped);
    open_shard(f);
    touch(f);
    assert_doubted(f);
    assert_int_equal(shard_doubt(&derived), 0);
    assert_int_equal(utimensat(AT_FDCWD, other.path, NULL, 0), 0);
    char byte;
    assert_int_equal(shard_read(&other, NULL, 0, 1, &byte), -ESTALE);
    assert_true(shard_doubt(&derived) > shard_doubt(&f->s) &&
                shard_doubt(&derived) == shard_doubts());
    shard_close(&derived);
    shard_close(&other);
}

/* Tries until the times rest, but not for ever. */
static void shard_again_is_asked_while_times_move(void **state)
{
    struct fixture *f = *state;
    for (unsigned moves = 0; moves < 8; moves++) {
        open_shard(f);
        unsigned tries = 0;
        char bytes[4];
        struct shard_attempt a = shard_attempt(&f->s);
        errint rc;
        do {
            if (tries++ < moves) {
                usleep(20000);
                touch(f);
            }
            rc = shard_read(&f->s, NULL, 3, 4, bytes);
        } while (shard_again(&a, &rc));
        assert_int_equal(rc, moves < 5 ? 0 : -EIO);
        assert_int_equal(tries, moves < 5 ? moves + 1 : 5);
    }
}

/* Where a sandbox or an old kernel refuses statx. */
static void shard_read_without_statx_sees_changes_too(void **state)
{
    struct fixture *f = *state;
    static const int refusals[] = {ENOSYS, EPERM};
    for (unsigned i = 0; i < 2; i++) {
        pid_t child = fork();
        if (child == 0) {
            refuse_statx(refusals[i]);
            struct statx x;
            char bytes[4];
            bool refused = syscall(SYS_statx, AT_FDCWD, path_of(f), 0, STATX_SIZE, &x) != 0 &&
                           errno == refusals[i];
            bool good = refused && shard_open(&f->s, &f->d) == 0 &&
                        shard_read(&f->s, NULL, 3, 4, bytes) == 0;
            usleep(20000);
            touch(f);
            good = good && shard_read(&f->s, NULL, 3, 4, bytes) == -ESTALE &&
                   truncate(path_of(f), 9) == 0 && shard_read(&f->s, NULL, 3, 4, bytes) == -EIO &&
                   shard_failed(&f->s);
            _exit(good ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(truncate(path_of(f), 10), 0);
    }
}

/* Opens the shard while there are no descriptors left. */
static void open_without_descriptors(struct fixture *f, rlim_t most)
{
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit none = {most, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    errint rc = shard_open(&f->s, &f->d);
    char byte;
    if (most == 0) {
        assert_int_equal(shard_read(&f->s, NULL, 0, 1, &byte),
                         -EIO); /* and later, when there are some, it works */
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(rc, 0);
    assert_true(f->s.opened);
    uint64_t off;
    assert_int_equal(io_backing(f->s.io, 0, &off), -1);
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
    errint rc = shard_open(&f->s, &f->d);
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

static void shard_read_reopened_is_looked_at_alike(void **state)
{
    struct fixture *f = *state;
    open_without_descriptors(f, 0);
    write_in_place(path_of(f), true);
    assert_doubted(f);
    assert_int_equal(truncate(path_of(f), 9), 0);
    assert_failed_for_good(f);
    mk_write_file(path_of(f), "0123456789", 10);
    const char *path = f->s.path;
    shard_close(&f->s);
    assert_int_equal(shard_init(&f->s, path, 0), 0);
    open_without_descriptors(f, 0);
    assert_int_equal(chmod(path_of(f), 0640), 0);
    assert_undoubted(f);
    assert_int_equal(unlink(path_of(f)), 0);
    assert_failed_for_good(f);
}

/* ---- in memory ------------------------------------------------------------------------------- */

struct look {
    struct fixture *f;
    bool cut;  /* the file is cut before it is looked at */
    bool done; /* it was looked at */
    char bytes[10];
};

static void look_at(void *context, const char *bytes)
{
    struct look *l = context;
    if (l->cut && truncate(path_of(l->f), 0) != 0) {
        return;
    }
    memcpy(l->bytes, bytes, sizeof(l->bytes));
    l->done = true;
}

static void io_in_memory_gives_the_bytes(void **state)
{
    struct fixture *f = *state;
    struct look l = {.f = f};
    open_shard(f);
    assert_int_equal(io_in_memory(f->s.io, 10, look_at, &l), 0);
    assert_true(l.done);
    assert_memory_equal(l.bytes, "0123456789", 10);
    l.done = false;
    assert_int_equal(io_in_memory(f->s.io, 11, look_at, &l), -ENOTSUP);
    assert_false(l.done);
}

static void io_in_memory_of_a_file_in_doubt_is_not_served(void **state)
{
    struct fixture *f = *state;
    struct look l = {.f = f};
    open_shard(f);
    touch(f);
    assert_int_equal(io_in_memory(f->s.io, 10, look_at, &l), -ESTALE);
    assert_int_equal(io_in_memory(f->s.io, 10, look_at, &l), -ENOTSUP);
    assert_false(l.done);
}

static void *look_at_cut(void *look)
{
    struct look *l = look;
    errint rc = io_in_memory(l->f->s.io, 10, look_at, l);
    return rc == -EIO && !l->done ? look : NULL;
}

/* The system raises SIGBUS, in threads that take no signals too. */
static void io_in_memory_of_a_file_that_is_cut_meanwhile_is_eio(void **state)
{
    struct fixture *f = *state;
    struct look l = {.f = f, .cut = true};
    pthread_t thread;
    void *said;
    open_shard(f);
    assert_int_equal(thread_start(&thread, look_at_cut, &l), 0);
    assert_int_equal(pthread_join(thread, &said), 0);
    assert_ptr_equal(said, &l);
    assert_failed_for_good(f);
    assert_int_equal(io_in_memory(f->s.io, 10, look_at, &l), -ENOTSUP);
}

static void *look_at_whole(void *look)
{
    struct look *l = look;
    errint rc = io_in_memory(l->f->s.io, 10, look_at, l);
    return rc == 0 && l->done ? look : NULL;
}

/* A SIGBUS that is nobody's ends the process still. */
static void io_in_memory_leaves_other_faults_alone(void **state)
{
    struct fixture *f = *state;
    struct look l = {.f = f};
    open_shard(f);
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        void *said;
        prctl(PR_SET_DUMPABLE, 0);
        if (thread_start(&thread, look_at_whole, &l) == 0 && pthread_join(thread, &said) == 0 &&
            said) {
            raise(SIGBUS);
            raise(SIGBUS);
        }
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
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
        TEST(shard_read_after_write_is_doubted),
        TEST(shard_read_after_what_may_have_been_a_write_is_doubted),
        TEST(shard_read_accepts_nothing_younger_than_a_tick),
        TEST(shard_read_after_write_with_mtime_set_back_is_doubted),
        TEST(shard_read_after_unlink_is_served),
        TEST(shard_read_after_replacement_is_served),
        TEST(shard_read_after_rename_is_served),
        TEST(shard_read_after_chmod_or_link_is_served),
        TEST(shard_read_strict_takes_no_explanation),
        TEST(shard_read_after_rename_then_covered_write_is_doubted),
        TEST(shard_read_after_chmod_then_covered_write_is_doubted),
        TEST(shard_doubts_are_numbered_together),
        TEST(shard_again_is_asked_while_times_move),
        TEST(shard_read_without_statx_sees_changes_too),
        TEST(shard_open_without_descriptors_is_opened_for_each_read),
        TEST(shard_open_with_few_descriptors_left_leaves_them),
        TEST(shard_open_without_descriptors_still_checks_the_file),
        TEST(shard_read_reopened_other_file_fails_for_good),
        TEST(shard_read_reopened_is_looked_at_alike),
        TEST(io_in_memory_gives_the_bytes),
        TEST(io_in_memory_of_a_file_in_doubt_is_not_served),
        TEST(io_in_memory_of_a_file_that_is_cut_meanwhile_is_eio),
        TEST(io_in_memory_leaves_other_faults_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
