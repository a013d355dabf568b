/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tool/writer.h"

enum { ROUNDS = 3 * WRITER_BUFFERS + 1 };

static void put_rounds(struct writer *w, int fd)
{
    for (int i = 0; i < ROUNDS; i++) {
        char *buf = writer_buffer(w);
        assert_non_null(buf);
        memset(buf, 'a' + i, WRITER_BYTES);
        writer_put(w, fd, (size_t)WRITER_BYTES - (size_t)i);
    }
}

static void assert_rounds(FILE *file)
{
    static char got[WRITER_BYTES];
    static char want[WRITER_BYTES];
    rewind(file);
    for (int i = 0; i < ROUNDS; i++) {
        size_t len = (size_t)WRITER_BYTES - (size_t)i;
        memset(want, 'a' + i, len);
        assert_int_equal(fread(got, 1, len, file), len);
        assert_memory_equal(got, want, len);
    }
    assert_int_equal(fgetc(file), EOF);
}

static void writer_writes_in_order(void **state)
{
    (void)state;
    struct writer w;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(writer_init(&w), 0);
    assert_true(w.started);
    put_rounds(&w, fileno(file));
    assert_int_equal(writer_drain(&w), 0);
    assert_rounds(file);
    writer_fini(&w);
    fclose(file);
}

/* After a failure nothing more is written, and after it was told, all is as at first. */
static void writer_drain_tells_the_first_failure(void **state)
{
    (void)state;
    struct writer w;
    FILE *file = tmpfile();
    CLEANUP_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_non_null(file);
    assert_true(full >= 0);
    assert_int_equal(writer_init(&w), 0);
    int puts = 0;
    while (puts < ROUNDS && writer_buffer(&w)) {
        writer_put(&w, puts++ ? fileno(file) : full, WRITER_BYTES);
    }
    assert_in_range(puts, 1, WRITER_BUFFERS);
    assert_int_equal(writer_drain(&w), -ENOSPC);
    assert_int_equal(writer_drain(&w), 0);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    put_rounds(&w, fileno(file));
    assert_int_equal(writer_drain(&w), 0);
    assert_rounds(file);
    writer_fini(&w);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_writes_in_order),
        cmocka_unit_test(writer_drain_tells_the_first_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
