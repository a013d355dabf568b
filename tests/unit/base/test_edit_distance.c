/* SPDX-License-Identifier: Apache-2.0 */
#include "base/edit_distance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/errint.h"

/* The whole matrix, by the definition. */
static unsigned plain_distance(struct str a, struct str b)
{
    enum { MOST = 16 };
    unsigned cell[MOST + 1][MOST + 1];
    for (size_t i = 0; i <= a.len; i++) {
        for (size_t j = 0; j <= b.len; j++) {
            unsigned cost = i == 0 ? (unsigned)j : (unsigned)i;
            if (i && j) {
                cost = cell[i - 1][j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
                cost = cell[i - 1][j] + 1 < cost ? cell[i - 1][j] + 1 : cost;
                cost = cell[i][j - 1] + 1 < cost ? cell[i][j - 1] + 1 : cost;
            }
            cell[i][j] = cost;
        }
    }
    return cell[a.len][b.len];
}

static void edit_distance_known_words_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "abc", 3},
        {"kitten", "sitting", 3},
        {"flaw", "lawn", 2},
        {"partition", "partitoin", 2},
        {"float32", "flot32", 1},
        {"abc", "abc", 0},
        {"abc", "xyz", 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str a = str_from(cases[i].a);
        struct str b = str_from(cases[i].b);
        assert_int_equal(edit_distance(a, b, 10), cases[i].distance);
        assert_int_equal(edit_distance(b, a, cases[i].distance), cases[i].distance);
        if (cases[i].distance) {
            assert_int_equal(edit_distance(a, b, cases[i].distance - 1), cases[i].distance);
        }
    }
}

static void edit_distance_random_words_agree_with_the_matrix(void **state)
{
    (void)state;
    uint32_t seed = 2463534242u;
    for (unsigned round = 0; round < 20000; round++) {
        char text[2][16];
        struct str word[2];
        for (unsigned k = 0; k < 2; k++) {
            for (unsigned i = 0; i < sizeof(text[k]); i++) {
                seed ^= seed << 13;
                seed ^= seed >> 17;
                seed ^= seed << 5;
                text[k][i] = "abc\xff"[seed >> 8 & 3];
            }
            word[k] = str_of(text[k], seed % 17);
        }
        unsigned distance = plain_distance(word[0], word[1]);
        for (unsigned most = 0; most < 18; most++) {
            assert_int_equal(edit_distance(word[0], word[1], most),
                             distance <= most ? distance : most + 1);
        }
    }
}

static void edit_distance_beyond_its_most_is_far(void **state)
{
    (void)state;
    enum { LEN = 64 << 10 };
    char *x = malloc(LEN);
    char *y = malloc(LEN);
    memset(x, 'x', LEN);
    memset(y, 'y', LEN);
    assert_int_equal(edit_distance(str_of(x, LEN), str_of(y, LEN), 100000), EDIT_MOST + 1);
    assert_int_equal(edit_distance(str_of(x, LEN), str_of(x, LEN - EDIT_MOST), 100000), EDIT_MOST);
    assert_int_equal(edit_distance(str_of(x, LEN), str_of(x, LEN - EDIT_MOST - 1), 100000),
                     EDIT_MOST + 1);
    y[0] = 'x';
    memset(y + LEN / 2, 'x', LEN / 2);
    memset(y + 1, 'x', LEN / 2 - 256);
    assert_int_equal(edit_distance(str_of(x, LEN), str_of(y, LEN), EDIT_MOST), EDIT_MOST);
    free(x);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edit_distance_known_words_are_known),
        cmocka_unit_test(edit_distance_random_words_agree_with_the_matrix),
        cmocka_unit_test(edit_distance_beyond_its_most_is_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
