/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "support/mkckpt.h"

static void crc32c_extend_known_values_agree(void **state)
{
    (void)state;
    char zeros[32] = {0};
    char ones[32];
    memset(ones, 0xff, sizeof(ones));
    /* RFC 3720, B.4 */
    assert_int_equal(crc32c_extend(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(crc32c_extend(0, zeros, 32), 0x8a9136aau);
    assert_int_equal(crc32c_extend(0, ones, 32), 0x62a8ab43u);
}

static void crc32c_extend_empty_keeps_the_crc(void **state)
{
    (void)state;
    assert_int_equal(crc32c_extend(0, "", 0), 0);
    assert_int_equal(crc32c_extend(0xe3069283u, "", 0), 0xe3069283u);
}

static void crc32c_extend_any_cut_gives_the_same(void **state)
{
    (void)state;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    uint32_t whole = mk_crc32c(bytes, sizeof(bytes));
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        uint32_t first = crc32c_extend(0, bytes, cut);
        assert_int_equal(crc32c_extend(first, bytes + cut, sizeof(bytes) - cut), whole);
    }
}

static void crc32c_mask_known_values_agree(void **state)
{
    (void)state;
    assert_int_equal(crc32c_mask(0), 0xa282ead8u);
    assert_int_equal(crc32c_mask(0xdd54c4abu), 0x2bdaa581u); /* of the float 1.0 */
    assert_int_equal(crc32c_unmask(0x2bdaa581u), 0xdd54c4abu);
    assert_int_equal(crc32c_unmask(crc32c_mask(0xffffffffu)), 0xffffffffu);
    assert_int_equal(crc32c_mask(0x12345678), mk_mask(0x12345678));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_extend_known_values_agree),
        cmocka_unit_test(crc32c_extend_empty_keeps_the_crc),
        cmocka_unit_test(crc32c_extend_any_cut_gives_the_same),
        cmocka_unit_test(crc32c_mask_known_values_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
