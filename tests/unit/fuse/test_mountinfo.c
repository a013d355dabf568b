/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuse/mountinfo.h"

static const char proc[] = "/proc";

static struct mount_id mount_of(const char *path)
{
    struct mount_id top = {0};
    int at = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(at >= 0);
    assert_int_equal(mount_top(at, ".", &top), 0);
    close(at);
    return top;
}

/* What the stack held before does not matter. */
static __attribute__((noinline)) void dirty_stack(int byte)
{
    volatile char stack[64 * 1024];
    for (size_t i = 0; i < sizeof(stack); i++) {
        stack[i] = (char)byte;
    }
}

static void test_a_mount_is_found_by_its_identity(void **state)
{
    (void)state;
    struct mount_id top = mount_of(proc);
    for (int byte = 0; byte < 256; byte += 85) {
        struct mount_entry entry;
        dirty_stack(byte);
        assert_int_equal(mountinfo_find(&top, &entry), 0);
        assert_string_equal(entry.path, proc);
        assert_false(entry.ours);
        assert_true(mount_same(&entry.is, &top));
    }
}

static void test_the_table_has_no_unique_numbers(void **state)
{
    (void)state;
    struct mount_entry entry;
    dirty_stack(0xff);
    assert_int_equal(mountinfo_at(proc, &entry), 0);
    assert_int_equal(entry.is.unique, 0);
    struct mount_id top = mount_of(proc);
    assert_true(mount_same(&entry.is, &top));
}

static void test_no_such_mount(void **state)
{
    (void)state;
    struct mount_entry entry;
    struct mount_id other = mount_of(proc);
    other.number += 1000000;
    other.minor += 1000000;
    assert_int_equal(mountinfo_find(&other, &entry), -ENOENT);
    assert_int_equal(mountinfo_at("/proc/self", &entry), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mount_is_found_by_its_identity),
        cmocka_unit_test(test_the_table_has_no_unique_numbers),
        cmocka_unit_test(test_no_such_mount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
