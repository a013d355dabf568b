/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault_guard.h"

static volatile char seen;

static void look(void *bytes)
{
    seen = *(const volatile char *)bytes;
}

/* A page of a file that has none any more. */
static char *page_without_file(void)
{
    char path[] = "/tmp/ckptfs-fault-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(ftruncate(fd, sysconf(_SC_PAGESIZE)), 0);
    char *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);
    assert_true(page != MAP_FAILED);
    assert_int_equal(ftruncate(fd, 0), 0);
    close(fd);
    return page;
}

static void a_fault_ends_the_work_alone(void **state)
{
    (void)state;
    char *page = page_without_file();
    char there = 'x';
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(fault_guarded(look, page), -EIO);
        assert_int_equal(fault_guarded(look, &there), 0);
        assert_int_equal(seen, 'x');
    }
    munmap(page, (size_t)sysconf(_SC_PAGESIZE));
}

/* Whoever sends the signal, and is no guarded read, ends the process, as without us. */
static void a_signal_from_elsewhere_ends_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        char there = 'x';
        (void)!fault_guarded(look, &there);
        raise(SIGBUS);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_from_elsewhere_ends_the_process), /* first: cmocka sets a handler
                                                                        of its own for each */
        cmocka_unit_test(a_fault_ends_the_work_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
