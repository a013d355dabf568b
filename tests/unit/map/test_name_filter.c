/* SPDX-License-Identifier: Apache-2.0 */
/* Which names `drop` and `keep` hide, and which are an optimizer's. */
#include "map/name_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "map/optimizer_names.h"

static void optimizer_owns_slots_and_scalars(void **state)
{
    (void)state;
    static const char *const owned[] = {
        "w/Adam",
        "w/Adam_1",
        "scope/w/part_3/Momentum",
        "a/b/Ftrl_1",
        "bert/encoder/layer_0/output/dense/kernel/adam_m",
        "bert/pooler/dense/bias/adam_v",
        "encoder/block_000/layer_000/SelfAttention/q_slot_vr",
        "shared/embedding_slot_vc",
        "decoder/final_layer_norm/scale_slot_v",
        "layer/kernel/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE",
        "optimizer/iter/.ATTRIBUTES/VARIABLE_VALUE",
        "optimizer/_variables/3/.ATTRIBUTES/VARIABLE_VALUE",
        "Adam/dense/kernel/m",
        "Adam/iter",
        "training/Adam/dense/kernel/v",
        "SGD/dense/kernel/momentum",
        "Adam_1/dense/kernel/v",
        "beta1_power",
        "train/beta2_power_1",
    };
    static const char *const others[] = {
        "w",          "global_step",      "Adam",       "adam",         "bert/adam_mixer/w",
        "my_slot_v2", "optimizer_scale",  "Madam/w",    "_slot_v",      "dense/Adam_x",
        "beta_power", "optimizer/kernel", "SGDlayer/w", "save_counter", "w/Adamant",
    };
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        if (!optimizer_owns(str_from(owned[i]))) {
            fail_msg("not owned: %s", owned[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (optimizer_owns(str_from(others[i]))) {
            fail_msg("owned: %s", others[i]);
        }
    }
}

static void name_filters_hide_what_is_dropped_or_not_kept(void **state)
{
    (void)state;
    struct arena a;
    struct diag d;
    struct name_filters f = {0};
    struct pattern_scratch s = {0};
    const struct name_filter *by;
    const struct position at = {"m.ini", 3};
    arena_init(&a);
    diag_init(&d);
    assert_int_equal(name_filters_hide(&f, STR("x"), &s, &by), 0);
    assert_int_equal(name_filters_add(&f, false, STR("optimizer, a/{b,c}"), at, &a, &d), 0);
    assert_int_equal(f.count, 2);
    assert_int_equal(name_filters_hide(&f, STR("w/Adam"), &s, &by), 1);
    assert_true(by->is_optimizer);
    assert_int_equal(name_filters_hide(&f, STR("a/c"), &s, &by), 1);
    assert_true(str_eq(by->text, STR("a/{b,c}")));
    assert_int_equal(by->at.line, 3);
    assert_int_equal(name_filters_hide(&f, STR("a/d"), &s, &by), 0);
    assert_int_equal(name_filters_add(&f, true, STR("a/"), at, &a, &d), 0);
    assert_int_equal(name_filters_hide(&f, STR("a/d"), &s, &by), 0);
    assert_int_equal(name_filters_hide(&f, STR("a/b"), &s, &by), 1);
    assert_int_equal(name_filters_hide(&f, STR("x"), &s, &by), 1);
    assert_null(by);
    assert_int_equal(d.errors, 0);
    assert_int_equal(name_filters_add(&f, true, STR("a, ,b"), at, &a, &d), -EINVAL);
    assert_int_equal(name_filters_add(&f, true, STR("a{"), at, &a, &d), -EINVAL);
    assert_int_equal(d.errors, 2);
    pattern_scratch_fini(&s);
    diag_fini(&d);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimizer_owns_slots_and_scalars),
        cmocka_unit_test(name_filters_hide_what_is_dropped_or_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
