/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot be done any more, each in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/thread.h"
#include "sandbox/sandbox.h"
#include "sandbox/sanitized.h"
#include "sandbox/seccomp.h"
#include "support/tmpdir.h"

static struct tmpdir dir;

static int setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmpdir_remove(&dir);
    return 0;
}

/* The line, counted from 1, of the first check that does not hold is what the child ends with. */
#define HOLD(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "does not hold: %s (errno %d)\n", #condition, errno);                  \
            return __LINE__ % 200 + 1;                                                             \
        }                                                                                          \
    } while (0)

#define FAILS(call, error) HOLD((errno = 0, (call)) < 0 && errno == (error))

/* Runs `what` in a child; `said` gets what it wrote to standard error. */
static void in_child(int (*what)(void), char said[static 4096])
{
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(pipe_fds[1], STDERR_FILENO);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        int status = what();
        fflush(NULL);
        _exit(status);
    }
    close(pipe_fds[1]);
    size_t len = 0;
    ssize_t got;
    while (len < 4095 && (got = read(pipe_fds[0], said + len, 4095 - len)) > 0) {
        len += (size_t)got;
    }
    said[len] = '\0';
    close(pipe_fds[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status) {
        print_error("%s", said);
    }
    assert_int_equal(status, 0);
}

static struct sandbox server = {.user = SYSCALL_SERVER, .off = "-o sandbox=no"};

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

/* ---- system calls ---------------------------------------------------------------------------- */

static int refuses(void)
{
    sandbox_enter(&server);
    HOLD(server.filtered == 0);
    for (int i = 0; i < 5; i++) {
        FAILS(socket(AF_INET, SOCK_STREAM, 0), ENOSYS);
        FAILS(socket(AF_UNIX, SOCK_STREAM, 0), ENOSYS);
        FAILS(unlink("/no"), ENOSYS);
        FAILS((int)syscall(__NR_setuid, 0), ENOSYS);
        sandbox_tell(&server);
        sandbox_tell(&server);
        sandbox_tell(&server);
        sandbox_tell(&server);
    }
    return 0;
}

static void sandbox_a_refused_call_fails_and_is_one_line(void **state)
{
    (void)state;
    char said[4096];
    char line[100];
    in_child(refuses, said);
    static const int numbers[] = {__NR_socket, __NR_setuid};
    for (unsigned i = 0; i < 2; i++) {
        snprintf(line, sizeof(line), "the sandbox has refused system call %d, ", numbers[i]);
        assert_int_equal(count_of(said, line), 1);
    }
    assert_int_equal(count_of(said, "\n"), 3);
    assert_int_equal(count_of(said, "-o sandbox=no does without\n"), 3);
}

static int type_for_the_terminal(void)
{
    return ioctl(STDERR_FILENO, TIOCSTI, "x");
}

static int arguments(void)
{
    pid_t parent = getppid();
    sandbox_enter(&server);
    HOLD(server.filtered == 0);
    struct rlimit limit;
    HOLD(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
    HOLD(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    HOLD(prctl(PR_SET_NAME, "name") == 0);
    HOLD(open("/dev/null", O_RDWR) >= 0);
    HOLD(raise(0) == 0);
    FAILS(type_for_the_terminal(), ENOSYS);
    FAILS((int)syscall(__NR_tgkill, parent, parent, 0), ENOSYS);
    FAILS((int)syscall(9999), ENOSYS);
#ifdef __x86_64__
    FAILS((int)syscall(0x40000000 | __NR_read, -1, NULL, 0), ENOSYS); /* x32's */
#endif
#ifndef SANITIZED
    FAILS(open("/dev/null", O_RDWR | O_CREAT, 0600), ENOSYS);
    FAILS(open("/dev/null", O_WRONLY | O_TRUNC), ENOSYS);
    FAILS(open("/dev", O_RDWR | O_TMPFILE, 0600), ENOSYS);
    FAILS(setrlimit(RLIMIT_NOFILE, &limit), ENOSYS);
    FAILS(kill(parent, 0), ENOSYS);
    HOLD(kill(getpid(), 0) == 0);
    FAILS(prctl(PR_GET_DUMPABLE), ENOSYS);
    FAILS(fork(), ENOSYS);
    FAILS((int)syscall(__NR_clone3, NULL, 0), ENOSYS);
    FAILS((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL), ENOSYS);
    FAILS(execl("/bin/true", "true", NULL), ENOSYS);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    HOLD(page != MAP_FAILED);
    HOLD(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    FAILS(mprotect(page, 4096, PROT_READ | PROT_EXEC), ENOSYS);
    HOLD(mprotect(page, 4096, PROT_READ) == 0);
#endif
    return 0;
}

static void sandbox_arguments_are_looked_at(void **state)
{
    (void)state;
    char said[4096];
    in_child(arguments, said);
}

static void *refused_in_a_thread(void *unused)
{
    (void)unused;
    return unlink("/no") < 0 && errno == ENOSYS ? &server : NULL;
}

static int threads(void)
{
    pthread_t thread;
    void *result = NULL;
    sandbox_enter(&server);
    HOLD(server.filtered == 0);
    for (unsigned i = 0; i < 3; i++) {
        HOLD(thread_start(&thread, refused_in_a_thread, NULL) == 0); /* which takes no signals */
        HOLD(pthread_join(thread, &result) == 0 && result == &server);
    }
    sandbox_tell(&server);
    return 0;
}

static void sandbox_threads_are_in_it_and_live(void **state)
{
    (void)state;
    char said[4096];
    in_child(threads, said);
    assert_int_equal(count_of(said, "the sandbox has refused system call "), 1);
}

static void *wait_for_ever(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

static int cancels(void)
{
    pthread_t thread;
    void *result = NULL;
    sandbox_enter(&server);
    struct catalog c = {.shard_count = 0};
    const struct view v = {.catalog = &c};
    sandbox_narrow(&server, &v);
    HOLD(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
    HOLD(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0 &&
         result == PTHREAD_CANCELED);
    return 0;
}

/* As libfuse does at the end; glibc wants a library for that. */
static void sandbox_a_thread_can_be_cancelled(void **state)
{
    (void)state;
    char said[4096];
    in_child(cancels, said);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* What the filter says of a call, by its definition (bpf(2)). */
static uint32_t verdict(const struct sock_filter *program, int len, const struct seccomp_data *data)
{
    uint32_t a = 0;
    for (int pc = 0; pc < len; pc++) {
        const struct sock_filter *i = &program[pc];
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&a, (const char *)data + i->k, 4);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= i->k;
            break;
        case BPF_JMP | BPF_JA:
            pc += (int)i->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == i->k ? i->jt : i->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            pc += a >= i->k ? i->jt : i->jf;
            break;
        case BPF_RET | BPF_K:
            return i->k;
        default:
            fail();
        }
    }
    fail();
    return 0;
}

static bool holds(const struct syscall_term *t, const uint64_t *arguments)
{
    bool any = t->count == 0;
    for (uint8_t i = 0; i < t->count; i++) {
        uint64_t value = t->values[i] == SYSCALL_SELF ? (uint64_t)getpid() : t->values[i];
        any |= (arguments[t->argument] & t->mask) == value;
    }
    return any;
}

/* What the list says of it. */
static uint32_t wanted(enum syscall_user user, const struct seccomp_data *data)
{
    for (uint32_t i = 0; i < syscall_rule_count; i++) {
        const struct syscall_rule *r = &syscall_rules[i];
        uint64_t arguments[6];
        memcpy(arguments, data->args, sizeof(arguments));
        if (r->number == (uint32_t)data->nr && r->users & user) {
            return !holds(&r->terms[0], arguments) || !holds(&r->terms[1], arguments)
                       ? SECCOMP_RET_TRAP
                   : r->absent ? SECCOMP_RET_ERRNO | ENOSYS
                               : SECCOMP_RET_ALLOW;
        }
    }
    return SECCOMP_RET_TRAP;
}

static void check_program(enum syscall_user user)
{
    static struct sock_filter program[SECCOMP_PROGRAM_MOST];
    int len = seccomp_program(user, program);
    assert_in_range(len, 100, SECCOMP_PROGRAM_MOST);
    struct seccomp_data data = {0};
    memcpy(&data.arch, (const char *)&program[1].k, 4);
    unsigned allowed = 0;
    for (data.nr = 0; data.nr < 700; data.nr++) {
        static const uint64_t values[] = {0,
                                          1,
                                          2,
                                          4,
                                          O_CREAT,
                                          SOCK_STREAM,
                                          CLONE_VM | CLONE_THREAD,
                                          UINT32_MAX,
                                          1u << 9,
                                          UINT64_MAX,
                                          0x5401,
                                          33,
                                          UINT64_C(1) << 32,
                                          0x80000};
        for (unsigned i = 0; i < ARRAY_LEN(values) * ARRAY_LEN(values); i++) {
            uint64_t one = values[i % ARRAY_LEN(values)];
            uint64_t other = values[i / ARRAY_LEN(values)];
            for (unsigned argument = 0; argument < 6; argument++) {
                data.args[argument] = argument % 2 ? one : other;
            }
            data.args[0] = i % 5 ? data.args[0] : (uint64_t)getpid();
            uint32_t got = verdict(program, len, &data);
            assert_int_equal(got, wanted(user, &data));
            allowed += got == SECCOMP_RET_ALLOW;
        }
    }
    assert_true(allowed > 0);
    data.nr = __NR_read;
    data.arch = 0;
    assert_int_equal(verdict(program, len, &data), SECCOMP_RET_TRAP);
}

static void sandbox_the_program_is_what_the_list_says(void **state)
{
    (void)state;
    check_program(SYSCALL_READER);
    check_program(SYSCALL_SERVER);
    check_program(SYSCALL_WRITER);
}

static void sandbox_a_number_has_one_rule_for_each_user(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < syscall_rule_count; i++) {
        assert_true(syscall_rules[i].users);
        for (uint32_t j = i + 1; j < syscall_rule_count; j++) {
            bool same = syscall_rules[i].number == syscall_rules[j].number;
            assert_false(same && syscall_rules[i].users & syscall_rules[j].users);
        }
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static int write_to(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    return fd < 0 ? -1 : close(fd);
}

/* A file of the name in that folder of the fixture's directory. */
static const char *in(const char *folder, const char *name)
{
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s%s%s", dir.path, folder, *name ? "/" : "", name);
    return path;
}

static int writes(void)
{
    struct sandbox writer = {.user = SYSCALL_WRITER, .output = in("out/a/b", ""), .off = "x"};
    mkdir(in("out", ""), 0700);
    mkdir(in("other", ""), 0700);
    HOLD(write_to(in("other", "old")) == 0);
    sandbox_enter(&writer);
    HOLD(writer.confined == 0 && writer.filtered == 0);
    int out = open(in("out", ""), O_PATH);
    HOLD(mkdirat(out, "a", 0700) == 0 && mkdirat(out, "a/b", 0700) == 0);
    HOLD(write_to(in("out/a/b", "new")) == 0);
    HOLD(linkat(out, "a/b/new", out, "a/two", 0) == 0);
    HOLD(renameat(out, "a/two", out, "a/b/two") == 0);
    HOLD(unlinkat(out, "a/b/two", 0) == 0);
    int fd = openat(out, ".", O_WRONLY | O_TMPFILE, 0600);
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    HOLD(fd >= 0 && linkat(AT_FDCWD, link, out, "a/three", AT_SYMLINK_FOLLOW) == 0);
    FAILS(linkat(fd, "", out, "a/four", AT_EMPTY_PATH), ENOSYS);
#ifndef SANITIZED
    FAILS(write_to(in("other", "old")), EACCES);
    FAILS(write_to(in("other", "new")), EACCES);
    FAILS(mkdirat(AT_FDCWD, in("other/new", ""), 0700), EACCES);
    FAILS(unlinkat(AT_FDCWD, in("other", "old"), 0), EACCES);
    FAILS(renameat(AT_FDCWD, in("other", "old"), out, "old"), EACCES);
    FAILS(linkat(AT_FDCWD, link, AT_FDCWD, in("other", "three"), AT_SYMLINK_FOLLOW), EACCES);
    FAILS(truncate(in("out/a", "three"), 0), ENOSYS);
#endif
    HOLD(open(in("other", "old"), O_RDONLY) >= 0);
    /* And once all is found: what is written is not read. */
    struct catalog c = {.shard_count = 0};
    const struct view v = {.catalog = &c};
    sandbox_narrow(&writer, &v);
    HOLD(writer.narrowed == 0);
    FAILS(open(in("out/a", "three"), O_RDONLY), EACCES);
    FAILS(open(in("out/a", ""), O_RDONLY), EACCES);
    HOLD(openat(out, "a/three", O_WRONLY) >= 0 && openat(out, "a", O_PATH) >= 0);
    HOLD(linkat(AT_FDCWD, link, out, "a/b/five", AT_SYMLINK_FOLLOW) == 0);
#ifndef SANITIZED
    FAILS(linkat(AT_FDCWD, link, AT_FDCWD, in("other", "five"), AT_SYMLINK_FOLLOW), EACCES);
#endif
    return 0;
}

static int reads(void)
{
    mkdir(in("model", ""), 0700);
    mkdir(in("side", ""), 0700);
    HOLD(write_to(in("model", "shard")) == 0 && write_to(in("side", "car")) == 0 &&
         write_to(in("", "secret")) == 0);
    sandbox_enter(&server);
    HOLD(server.confined == 0);
    HOLD(open(in("", "secret"), O_RDONLY) >= 0);
    struct shard shards[3] = {{.io = NULL}};
    struct shard car;
    HOLD(shard_init(&shards[0], in("model", "shard"), 0) == 0 && shard_open(&shards[0], NULL) == 0);
    HOLD(shard_init(&shards[1], "/not/there", 1) == 0);
    shards[2] = (struct shard){.base = &shards[0], .opened = true};
    HOLD(shard_init(&car, in("side", "car"), 0) == 0 && shard_open(&car, NULL) == 0);
    struct catalog c = {.shards = shards, .shard_count = 3};
    const struct view v = {.catalog = &c, .sidecars = {.files = &car, .count = 1}};
    sandbox_narrow(&server, &v);
    HOLD(server.narrowed == 0);
    HOLD(open(in("model", "shard"), O_RDONLY) >= 0);
    HOLD(open(in("side", "car"), O_RDONLY) >= 0);
    FAILS(open(in("", "secret"), O_RDONLY), EACCES);
    FAILS(open("/etc/passwd", O_RDONLY), EACCES);
    FAILS(open(dir.path, O_RDONLY), EACCES);
    FAILS(open("/", O_RDONLY), EACCES);
    HOLD(open("/proc/self/status", O_RDONLY) >= 0);
    HOLD(open("/dev/null", O_RDWR) >= 0);
    HOLD(sysconf(_SC_NPROCESSORS_ONLN) > 0);
#ifndef SANITIZED
    FAILS(open(in("model", "shard"), O_WRONLY), EACCES);
#endif
    return 0;
}

static int narrows_to_nothing(void)
{
    struct shard gone;
    mkdir(in("going", ""), 0700);
    HOLD(write_to(in("going", "shard")) == 0);
    HOLD(shard_init(&gone, in("going", "shard"), 0) == 0 && shard_open(&gone, NULL) == 0);
    HOLD(unlink(in("going", "shard")) == 0 && rmdir(in("going", "")) == 0);
    struct catalog c = {.shards = &gone, .shard_count = 1};
    const struct view v = {.catalog = &c};
    sandbox_enter(&server);
    sandbox_narrow(&server, &v);
    HOLD(server.narrowed == -ENOENT);
    HOLD(open("/etc/passwd", O_RDONLY) >= 0); /* rather than files that cannot be read */
    return 0;
}

static bool has_landlock(void)
{
    return syscall(444, NULL, 0, 1) >= 1;
}

static void sandbox_what_can_be_written(void **state)
{
    (void)state;
    char said[4096];
    if (!has_landlock()) {
        skip();
    }
    in_child(writes, said);
}

static void sandbox_what_can_be_read(void **state)
{
    (void)state;
    char said[4096];
    if (!has_landlock()) {
        skip();
    }
    in_child(reads, said);
    in_child(narrows_to_nothing, said);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void expect_words(const struct sandbox *s, const char *words)
{
    struct buf b = {0};
    sandbox_print(s, &b);
    assert_string_equal(b.data, words);
    buf_fini(&b);
}

static void sandbox_says_what_is_on(void **state)
{
    (void)state;
    expect_words(&(struct sandbox){.off = "x"}, "sandbox: none");
    expect_words(&(struct sandbox){.on = true, .version = 7},
                 "sandbox: system calls are filtered; Landlock 7 is on, for "
                 "reading, writing, TCP, signals and sockets of others");
    expect_words(&(struct sandbox){.on = true, .version = 2, .narrowed = -ENOENT},
                 "sandbox: system calls are filtered; Landlock 2 is on, for writing");
    expect_words(
        &(struct sandbox){.on = true, .filtered = -EPERM, .confined = -ENOSYS},
        "sandbox: system calls are not filtered (Operation not permitted); Landlock is not on (the "
        "kernel has none)");
}

int main(void)
{
    log_init("test", LOG_LEVEL_WARNING);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sandbox_a_refused_call_fails_and_is_one_line),
        cmocka_unit_test(sandbox_arguments_are_looked_at),
        cmocka_unit_test(sandbox_threads_are_in_it_and_live),
        cmocka_unit_test(sandbox_a_thread_can_be_cancelled),
        cmocka_unit_test(sandbox_the_program_is_what_the_list_says),
        cmocka_unit_test(sandbox_a_number_has_one_rule_for_each_user),
        cmocka_unit_test_setup_teardown(sandbox_what_can_be_written, setup, teardown),
        cmocka_unit_test_setup_teardown(sandbox_what_can_be_read, setup, teardown),
        cmocka_unit_test(sandbox_says_what_is_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
