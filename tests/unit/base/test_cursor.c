/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"

static struct cursor over(struct str bytes)
{
    return cursor_over(bytes.ptr, bytes.len);
}

static void cursor_bytes_last_byte_is_read(void **state)
{
    (void)state;
    struct cursor c = over(STR("abc"));
    assert_true(str_eq(cursor_bytes(&c, 3), STR("abc")));
    assert_false(c.bad);
    assert_int_equal(cursor_left(&c), 0);
}

static void cursor_bytes_past_end_is_bad_for_ever(void **state)
{
    (void)state;
    struct cursor c = over(STR("abc"));
    assert_int_equal(cursor_bytes(&c, 4).len, 0);
    assert_true(c.bad);
    assert_int_equal(cursor_left(&c), 0);
    assert_int_equal(cursor_bytes(&c, 1).len, 0);
    assert_int_equal(cursor_le32(&c), 0);
}

static void cursor_bytes_huge_length_is_bad(void **state)
{
    (void)state;
    struct cursor c = over(STR("abc"));
    cursor_bytes(&c, UINT64_MAX);
    assert_true(c.bad);
}

static void cursor_le_reads_low_byte_first(void **state)
{
    (void)state;
    struct cursor c = over(STR("\x01\x02\x03\x84\x05\x06\x07\x88\x09\x0a\x0b\x8c"));
    assert_int_equal(cursor_le32(&c), 0x84030201u);
    assert_true(cursor_le64(&c) == UINT64_C(0x8c0b0a0988070605));
    assert_false(c.bad);
}

static void cursor_le64_truncated_is_bad(void **state)
{
    (void)state;
    for (size_t len = 0; len < 8; len++) {
        struct cursor c = cursor_over("12345678", len);
        cursor_le64(&c);
        assert_true(c.bad);
    }
}

static void cursor_varint64_known_values_are_read(void **state)
{
    (void)state;
    static const struct {
        struct str bytes;
        uint64_t value;
    } cases[] = {
        {{"\x00", 1}, 0},
        {{"\x7f", 1}, 127},
        {{"\x80\x01", 2}, 128},
        {{"\xff\xff\xff\xff\x0f", 5}, UINT32_MAX},
        {{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}, UINT64_MAX},
        {{"\x80\x80\x00", 3}, 0}, /* longer than need be, as protobuf allows */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct cursor c = over(cases[i].bytes);
        assert_true(cursor_varint64(&c) == cases[i].value);
        assert_false(c.bad);
        assert_int_equal(cursor_left(&c), 0);
        for (size_t len = 0; len < cases[i].bytes.len; len++) {
            c = cursor_over(cases[i].bytes.ptr, len);
            assert_true(cursor_varint64(&c) == 0);
            assert_true(c.bad);
        }
    }
}

static void cursor_varint64_over_64_bits_is_bad(void **state)
{
    (void)state;
    struct cursor c = over(STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
    cursor_varint64(&c);
    assert_true(c.bad);
    c = over(STR("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"));
    cursor_varint64(&c);
    assert_true(c.bad);
}

static void cursor_varint32_bounds_are_kept(void **state)
{
    (void)state;
    struct cursor c = over(STR("\xff\xff\xff\xff\x0f"));
    assert_int_equal(cursor_varint32(&c), UINT32_MAX);
    assert_false(c.bad);
    c = over(STR("\x80\x80\x80\x80\x10")); /* 2^32 */
    assert_int_equal(cursor_varint32(&c), 0);
    assert_true(c.bad);
    c = over(STR("\x80\x80\x80\x80\x80\x00")); /* 6 bytes */
    cursor_varint32(&c);
    assert_true(c.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_bytes_last_byte_is_read),
        cmocka_unit_test(cursor_bytes_past_end_is_bad_for_ever),
        cmocka_unit_test(cursor_bytes_huge_length_is_bad),
        cmocka_unit_test(cursor_le_reads_low_byte_first),
        cmocka_unit_test(cursor_le64_truncated_is_bad),
        cmocka_unit_test(cursor_varint64_known_values_are_read),
        cmocka_unit_test(cursor_varint64_over_64_bits_is_bad),
        cmocka_unit_test(cursor_varint32_bounds_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
