/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/tf/slice_key.h"
#include "support/mkckpt.h"

/* Keys that TensorFlow wrote. */
static const struct str real_keys[] = {
    {"\0w\0\1\1\1\x80\x7f", 8},
    {"\0s\0\1\0", 5},
    {"\0w\0\1\1\2\x80\x82\x80\x7f", 10},
    {"\0v\0\1\1\2\x80\x94\x80\xc0\x64", 11},
    {"\0v\0\1\1\2\xa8\x94\x80\xc0\x64", 11},
};

static void slice_key_valid_real_keys_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(real_keys) / sizeof(*real_keys); i++) {
        assert_true(slice_key_valid(real_keys[i]));
    }
}

static void slice_key_valid_truncated_or_longer_ones_are_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(real_keys) / sizeof(*real_keys); i++) {
        char longer[16];
        for (size_t len = 0; len < real_keys[i].len; len++) {
            assert_false(slice_key_valid(str_head(real_keys[i], len)));
        }
        memcpy(longer, real_keys[i].ptr, real_keys[i].len);
        longer[real_keys[i].len] = '\x80';
        assert_false(slice_key_valid(str_of(longer, real_keys[i].len + 1)));
    }
}

static void slice_key_valid_escaped_names_are(void **state)
{
    (void)state;
    assert_true(slice_key_valid(STR("\0a\0\xff\xff\0b\0\1\0")));
    assert_false(slice_key_valid(STR("\0a\0\2\0\1\0")));
    assert_false(slice_key_valid(STR("\0a\xff\1\0\1\0")));
    assert_true(slice_key_valid(STR("\0\0\1\0"))); /* of a tensor named "" */
}

static void slice_key_valid_every_length_of_number_is_known(void **state)
{
    (void)state;
    static const struct str numbers[] = {
        {"\x7f", 1},
        {"\x40", 1},
        {"\x3f\xbf", 2},
        {"\xdf\xff", 2},
        {"\xe0\x20\x00", 3},
        {"\xf0\1\1\1", 4},
        {"\xff\x40\1\1\1\1\1\1", 8},
        {"\xff\x80\x80\0\0\0\0\0\0", 9},
        {"\xff\xc0\x7f\xff\xff\xff\xff\xff\xff\xff", 10},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct mkbuf key = {0};
        mkbuf_add(&key, "\0w\0\1\1\1\x80", 7);
        mkbuf_add(&key, numbers[i].ptr, numbers[i].len);
        assert_true(slice_key_valid(str_of(key.data, key.len)));
        assert_false(slice_key_valid(str_of(key.data, key.len - 1)));
        mkbuf_free(&key);
    }
}

static void slice_key_valid_impossible_numbers_are_not(void **state)
{
    (void)state;
    assert_false(slice_key_valid(STR("\0w\0\1\x09\1\1\1\1\1\1\1\1\1"))); /* a rank of 9 bytes */
    assert_false(slice_key_valid(
        STR("\0w\0\1\x08\xff\xff\xff\xff\xff\xff\xff\xff\x80"))); /* an absurd rank */
    assert_false(
        slice_key_valid(STR("\0w\0\1\1\1\x80\xff\xe0\0\0\0\0\0\0\0\0"))); /* over 63 bits */
}

static void slice_key_valid_ordinary_names_are_not(void **state)
{
    (void)state;
    assert_false(slice_key_valid(STR("")));
    assert_false(slice_key_valid(STR("w")));
    assert_false(slice_key_valid(STR("\0")));
    assert_false(slice_key_valid(STR("\0starts with a NUL")));
    assert_false(slice_key_valid(STR("w\0\1\1\1\x80\x7f")));
}

static void slice_key_valid_keys_of_the_encoder_are(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 8192; n += 61) {
        struct mkbuf key = {0};
        mk_slice_key(&key, "scope/v", 3, (const int64_t[]){n, 0, 8191 - n},
                     (const int64_t[]){1, -1, n});
        assert_true(slice_key_valid(str_of(key.data, key.len)));
        mkbuf_free(&key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slice_key_valid_real_keys_are),
        cmocka_unit_test(slice_key_valid_truncated_or_longer_ones_are_not),
        cmocka_unit_test(slice_key_valid_escaped_names_are),
        cmocka_unit_test(slice_key_valid_every_length_of_number_is_known),
        cmocka_unit_test(slice_key_valid_impossible_numbers_are_not),
        cmocka_unit_test(slice_key_valid_ordinary_names_are_not),
        cmocka_unit_test(slice_key_valid_keys_of_the_encoder_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
