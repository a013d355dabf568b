/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compose_table.h"
#include "base/errint.h"
#include "base/utf8.h"

static void compose_alike_is_the_same_text_in_other_bytes(void **state)
{
    (void)state;
    static const struct {
        struct str a, b;
    } cases[] = {
        {STR("caf\xc3\xa9/w"), STR("cafe\xcc\x81/w")},
        {STR("gr\xc3\xb6\xc3\x9f"), STR("gro\xcc\x88\xc3\x9f")},
        {STR("\xe1\xbb\x87"), STR("e\xcc\xa3\xcc\x82")},    /* three characters in one */
        {STR("\xe1\xba\xb9\xcc\x82"), STR("\xe1\xbb\x87")}, /* half composed */
        {STR("\xea\xb0\x81"), STR("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8")}, /* Hangul GAG */
        {STR("\xea\xb0\x80"), STR("\xe1\x84\x80\xe1\x85\xa1")},             /* GA */
        {STR("\xea\xb0\x80\xe1\x86\xa8"), STR("\xea\xb0\x81")},             /* GA and a consonant */
        {STR("\xe3\x81\x8c"), STR("\xe3\x81\x8b\xe3\x82\x99")},             /* kana */
        {STR("\xe2\x84\xab"), STR("\xc3\x85")}, /* the sign of Angstrom */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(compose_alike(cases[i].a, cases[i].b));
        assert_true(compose_alike(cases[i].b, cases[i].a));
        assert_false(compose_alike(cases[i].a, cases[i].a));
        assert_false(compose_alike(cases[i].b, cases[i].b));
    }
}

static void compose_alike_tells_texts_apart(void **state)
{
    (void)state;
    static const struct {
        struct str a, b;
    } cases[] = {
        {STR(""), STR("a")},
        {STR("e"), STR("\xc3\xa9")},
        {STR("\xc3\xa9"), STR("\xc3\xa8")},
        {STR("\xc3\xa9x"), STR("e\xcc\x81")},
        {STR("e\xcc\x81"), STR("e\xcc\x81\xcc\x81")},
        {STR("\xc3"), STR("\xc3\xa9")}, /* no UTF-8: itself */
        {STR("\xff"), STR("\xc3\xbf")},
        {STR("\xea\xb0\x80"), STR("\xea\xb0\x81")},
        {STR("fi"), STR("\xef\xac\x81")}, /* a ligature is another text */
        {STR("\xd0\xb0"), STR("a")},      /* a letter of another script that looks the same */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_false(compose_alike(cases[i].a, cases[i].b));
        assert_false(compose_alike(cases[i].b, cases[i].a));
    }
}

/* Found by halving, and no row leads in a circle. */
static void composition_table_is_sorted_and_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < composition_count; i++) {
        const struct composition *row = &composition_table[i];
        assert_true(i == 0 || row[-1].whole < row->whole);
        assert_true(row->whole >= 0x80);
        unsigned steps = 0;
        uint32_t c = row->whole;
        for (size_t k = 0; k < composition_count; k++) {
            if (composition_table[k].whole == c) {
                c = composition_table[k].first;
                k = (size_t)-1;
                assert_true(++steps < 5);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compose_alike_is_the_same_text_in_other_bytes),
        cmocka_unit_test(compose_alike_tells_texts_apart),
        cmocka_unit_test(composition_table_is_sorted_and_ends),
    };
    return cmocka_run_group_tests_name("compose", tests, NULL, NULL);
}
