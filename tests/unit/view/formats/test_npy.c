/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/opened.h"
#include "tensor/dtype.h"
#include "view/formats/npy.h"

static struct opened now;

static int close_now(void **state)
{
    (void)state;
    opened_close(&now);
    return 0;
}

/* The file of the view's variable: the text of its header without the blanks at the end, and what
 * is below it is the tensor. */
static const char *header_of(const char *name)
{
    static char text[NPY_HEADER_MOST];
    struct view_variable l = opened_find(&now, name);
    assert_null(npy_refusal(&l));
    struct reader reader = view_reader(&now.view);
    struct content c;
    assert_int_equal(npy_layout(&reader, l.whole, &c), 0);
    reader_fini(&reader);
    char *bytes = opened_bytes(&now, &c.layout);
    assert_memory_equal(bytes, "\x93NUMPY\x01\x00", 8);
    size_t len = (unsigned char)bytes[8] | (size_t)(unsigned char)bytes[9] << 8;
    assert_int_equal((len + 10) % 64, 0);
    assert_true(len + 10 <= c.layout.size);
    assert_int_equal(bytes[len + 9], '\n');
    size_t end = len + 9;
    while (bytes[end - 1] == ' ') {
        end--;
    }
    assert_in_range(len + 9 - end, 0, 63);
    assert_int_equal(bytes[end - 1], '}');
    memcpy(text, bytes + 10, end - 10);
    text[end - 10] = '\0';
    if (target_sized(l.whole)) {
        size_t size;
        char *expected = opened_target(&now, l.whole, &size);
        assert_int_equal(c.layout.size - len - 10, size);
        assert_memory_equal(bytes + len + 10, expected, size);
        free(expected);
    }
    free(bytes);
    return text;
}

/* As numpy.save writes them. */
static void npy_headers(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 1);
    opened_add(&c, "bf16", DTYPE_BFLOAT16, 1, (int64_t[]){5}, 0);
    opened_add(&c, "bool", DTYPE_BOOL, 2, (int64_t[]){1, 1}, 0);
    opened_add(&c, "complex", DTYPE_COMPLEX128, 2, (int64_t[]){2, 3}, 0);
    opened_add(&c, "float8", DTYPE_FLOAT8_E5M2, 1, (int64_t[]){7}, 0);
    opened_add(&c, "none", DTYPE_INT64, 3, (int64_t[]){2, 0, 3}, 0);
    opened_add(&c, "quantized", DTYPE_QINT32, 1, (int64_t[]){2}, 0);
    opened_add(&c, "scalar", DTYPE_FLOAT32, 0, NULL, 0);
    opened_made(&now, &c, NULL);
    assert_string_equal(header_of("bf16"),
                        "{'descr': '<V2', 'fortran_order': False, 'shape': (5,), }");
    assert_string_equal(header_of("bool"),
                        "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1), }");
    assert_string_equal(header_of("complex"),
                        "{'descr': '<c16', 'fortran_order': False, 'shape': (2, 3), }");
    assert_string_equal(header_of("float8"),
                        "{'descr': '|V1', 'fortran_order': False, 'shape': (7,), }");
    assert_string_equal(header_of("none"),
                        "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 0, 3), }");
    assert_string_equal(header_of("quantized"),
                        "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }");
    assert_string_equal(header_of("scalar"),
                        "{'descr': '<f4', 'fortran_order': False, 'shape': (), }");
}

/* Up to the 64 axes that NumPy has: lengths around those where a header grows. More axes are
 * refused. */
static void npy_headers_of_every_length(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 1);
    int64_t ones[NPY_RANK_MOST + 1];
    char name[16];
    for (unsigned rank = 0; rank < ARRAY_LEN(ones); rank++) {
        ones[rank] = 1;
        snprintf(name, sizeof(name), "r%03u", rank + 1);
        opened_add(&c, name, DTYPE_UINT8, rank + 1, ones, 0);
    }
    opened_made(&now, &c, NULL);
    struct view_variable l = opened_find(&now, "r065");
    assert_non_null(strstr(npy_refusal(&l), "64 axes"));
    for (unsigned rank = 1; rank <= NPY_RANK_MOST; rank++) {
        char expected[2048];
        int len = snprintf(expected, sizeof(expected),
                           "{'descr': '|u1', 'fortran_order': False, 'shape': (");
        for (unsigned i = 0; i < rank; i++) {
            len += snprintf(expected + len, sizeof(expected) - (size_t)len, "%s1", i ? ", " : "");
        }
        snprintf(expected + len, sizeof(expected) - (size_t)len, "%s), }", rank == 1 ? "," : "");
        snprintf(name, sizeof(name), "r%03u", rank);
        assert_string_equal(header_of(name), expected);
    }
}

static void npy_strings_are_as_wide_as_the_longest(void **state)
{
    (void)state;
    opened_golden(&now, "strings", "[assignment_map]\n/ = /\nwords = w | partition 2,1\n");
    assert_string_equal(header_of("scalar"),
                        "{'descr': '|S23', 'fortran_order': False, 'shape': (), }");
    assert_string_equal(header_of("utf8"),
                        "{'descr': '|S7', 'fortran_order': False, 'shape': (1,), }");
    assert_non_null(strstr(header_of("none"), "'shape': (0,), }"));
    assert_non_null(strstr(header_of("w"), "'shape': (2, 2), }"));
}

#define TEST(name) cmocka_unit_test_teardown(name, close_now)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(npy_headers),
        TEST(npy_headers_of_every_length),
        TEST(npy_strings_are_as_wide_as_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
