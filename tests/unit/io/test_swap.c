/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/io_file.h"
#include "io/swap.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "tensor/dtype.h"

static void swap_kinds_are_one_for_each_unit_and_remainder(void **state)
{
    (void)state;
    bool seen[SWAP_KINDS] = {0};
    static const unsigned dtypes[] = {DTYPE_FLOAT16, DTYPE_COMPLEX64, DTYPE_INT64};
    for (unsigned d = 0; d < 3; d++) {
        for (uint64_t off = 800; off < 800 + swap_unit(dtypes[d]); off++) {
            unsigned kind = swap_kind(dtypes[d], off);
            assert_true(kind < SWAP_KINDS && !seen[kind]);
            seen[kind] = true;
        }
    }
    assert_int_equal(swap_kind(DTYPE_INT8, 5), SWAP_NONE);
    assert_int_equal(swap_kind(DTYPE_STRING, 5), SWAP_NONE);
    assert_int_equal(swap_kind(DTYPE_FLOAT8_E5M2, 5), SWAP_NONE);
    assert_int_equal(swap_kind(DTYPE_COMPLEX128, 5), swap_kind(DTYPE_FLOAT64, 5));
}

static void swap_reads_any_range(void **state)
{
    (void)state;
    enum { BYTES = 67 };
    struct tmpdir dir;
    char path[1024];
    uint8_t bytes[BYTES];
    tmpdir_make(&dir);
    for (unsigned i = 0; i < BYTES; i++) {
        bytes[i] = (uint8_t)i;
    }
    snprintf(path, sizeof(path), "%s", tmpdir_path(&dir, "data"));
    mk_write_file(path, bytes, BYTES);
    struct io *base;
    assert_int_equal(io_file_new(&base), 0);
    assert_int_equal(io_file_hold(base, path), 0);
    static const unsigned dtypes[] = {DTYPE_UINT16, DTYPE_INT32, DTYPE_FLOAT64};
    for (unsigned k = 0; k < 3; k++) {
        unsigned unit = swap_unit(dtypes[k]);
        for (unsigned start = 0; start < 8; start++) {
            struct io *s;
            assert_int_equal(swap_io(base, swap_kind(dtypes[k], start), &s), 0);
            unsigned end = start + (BYTES - start) / unit * unit; /* of the last whole unit */
            for (unsigned from = start; from < end; from++) {
                for (unsigned to = from; to <= end; to++) {
                    uint8_t got[BYTES];
                    assert_int_equal(io_read(s, NULL, from, to - from, got), 0);
                    for (unsigned i = from; i < to; i++) {
                        unsigned in = (i - start) % unit;
                        assert_int_equal(got[i - from], i - in + (unit - 1 - in));
                    }
                }
            }
            if (end < BYTES) { /* half a unit is no unit */
                uint8_t got[1];
                assert_int_equal(io_read(s, NULL, end, 1, got), -EIO);
            }
            io_close(s);
        }
    }
    io_close(base);
    tmpdir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swap_kinds_are_one_for_each_unit_and_remainder),
        cmocka_unit_test(swap_reads_any_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
