/* SPDX-License-Identifier: Apache-2.0 */
/* The casts of scopes: which tensors they take, and what exempts one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plan/plan.h"
#include "support/fake.h"

static const struct fake_tensor tensors[] = {
    {"w/f32", DTYPE_FLOAT32, 1, {3}, 0},  {"w/f64", DTYPE_FLOAT64, 1, {3}, 0},
    {"w/half", DTYPE_FLOAT16, 1, {3}, 0}, {"w/f8", DTYPE_FLOAT8_E5M2, 0, {0}, 0},
    {"step", DTYPE_INT64, 0, {0}, 0},     {"small", DTYPE_INT8, 0, {0}, 0},
    {"flag", DTYPE_BOOL, 0, {0}, 0},      {"words", DTYPE_STRING, 1, {2}, 0},
    {"wave", DTYPE_COMPLEX64, 0, {0}, 0}, {"quant", DTYPE_QINT8, 0, {0}, 0},
};

static struct fake_resolved now;

static int close_now(void **state)
{
    (void)state;
    fake_resolved_close(&now);
    return 0;
}

/* The types of all targets, in the plan's order: "flag bool, quant qint8". */
static const char *types(const char *rules)
{
    static char text[4096];
    snprintf(text, sizeof(text), "[assignment_map]\n%s", rules);
    fake_resolve(&now, tensors, ARRAY_LEN(tensors), text);
    size_t len = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < now.plan->count; i++) {
        const struct target *t = &now.plan->targets[i];
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s" STR_FMT " %s", i ? ", " : "",
                                STR_ARG(target_name(t)), dtype_name(target_dtype(t)));
    }
    if (now.rc < 0) {
        print_error("%s", fake_dump(&now.diag));
    }
    assert_int_equal(now.rc, 0);
    return text;
}

static const struct target *target(const char *name)
{
    const struct target *t = plan_find(now.plan, str_from(name));
    assert_non_null(t);
    return t;
}

static void to_a_float_takes_the_floating_tensors(void **state)
{
    (void)state;
    assert_string_equal(types("/ = / | cast bf16\n"),
                        "flag bool, quant qint8, small int8, step int64, w/f32 bfloat16, w/f64 "
                        "bfloat16, w/f8 bfloat16, "
                        "w/half bfloat16, wave complex64, words string");
    assert_int_equal(now.diag.warnings, 0);
    assert_true(target_is_left(now.map, target("step")) &&
                target_is_left(now.map, target("words")));
    assert_false(target_is_left(now.map, target("w/f32")));
    types("/ = / | cast half\n");
    assert_null(target("w/half")->form); /* what it is already */
    assert_false(target_is_left(now.map, target("w/half")));
    assert_string_equal(types("w/ = / | cast complex64\n"),
                        "f32 complex64, f64 complex64, f8 complex64, half complex64");
}

static void to_an_integer_takes_the_integers(void **state)
{
    (void)state;
    assert_string_equal(types("/ = / | cast int32 wrap\n"),
                        "flag bool, quant qint8, small int32, step int32, w/f32 float32, w/f64 "
                        "float64, w/f8 float8_e5m2, "
                        "w/half float16, wave complex64, words string");
    assert_int_equal(target("step")->form->pieces[0].cast_mode, CAST_WRAP);
    assert_string_equal(types("/ = / | cast bool\n"),
                        "flag bool, quant qint8, small bool, step bool, w/f32 float32, w/f64 "
                        "float64, w/f8 float8_e5m2, "
                        "w/half float16, wave complex64, words string");
}

static void all_takes_every_numeric_tensor(void **state)
{
    (void)state;
    assert_string_equal(types("/ = / | cast float32 all saturate\n"),
                        "flag float32, quant qint8, small float32, step float32, w/f32 float32, "
                        "w/f64 float32, w/f8 float32, "
                        "w/half float32, wave complex64, words string");
    assert_int_equal(target("step")->form->pieces[0].cast_mode, CAST_SATURATE);
    /* int64 is not exact in float32, int8 and bool are. */
    assert_int_equal(now.diag.warnings, 1);
    assert_true(fake_has(&now.diag, DIAG_INTEGERS_ROUNDED, "map.ini:2", "tensor 'step' is int64"));
    assert_true(fake_has(&now.diag, DIAG_INTEGERS_ROUNDED, "map.ini:2", "up to 16777216:"));
}

static void integers_that_a_float_does_not_hold_are_warned_of(void **state)
{
    (void)state;
    types("step = s | cast float16\n"); /* by an exact rule, too */
    assert_true(fake_has(&now.diag, DIAG_INTEGERS_ROUNDED, "map.ini:2",
                         "tensor 'step' is int64, of which float16 holds each number up to 2048"));
    types("step = s | cast float64\n[variables]\ns = float64 []\n");
    assert_true(fake_has(&now.diag, DIAG_INTEGERS_ROUNDED, "map.ini:2", "up to 9007199254740992"));
    types("step = s\n[variables]\ns = float64 []\n[view]\ndtype = cast\n"); /* the declaration says
                                                                               so */
    assert_int_equal(now.diag.warnings, 0);
    types("small = s | cast bfloat16\n"); /* up to 256 */
    assert_int_equal(now.diag.warnings, 0);
    types("small = s | cast float8_e5m2\n");
    assert_int_equal(now.diag.warnings, 1);
    types("step = s | cast int32 wrap\nflag = f | cast half\n");
    assert_int_equal(now.diag.warnings, 0);
    /* One warning for all parts of a variable. */
    static const struct fake_tensor many[] = {{"n", DTYPE_INT32, 1, {9}, 0}};
    fake_resolve(&now, many, 1, "[assignment_map]\nn = n | cast half | partition 3\n");
    assert_int_equal(now.rc, 0);
    assert_int_equal(now.plan->count, 3);
    assert_int_equal(now.diag.warnings, 1);
}

/* Whatever the cast would have refused is nobody's concern then. */
static void an_exact_rule_exempts_its_target(void **state)
{
    (void)state;
    const char *rules[] = {
        "w/ = / | cast half\nw/f32 = f32\n",
        "w/f32 = f32\nw/ = / | cast half\n",
        "w/ = / | cast half\nw/f32 = f32 | cast float32\n",
        "w/f32 = f32 | cast float32\nw/ = / | cast half\n",
    };
    for (unsigned i = 0; i < ARRAY_LEN(rules); i++) {
        assert_string_equal(types(rules[i]), "f32 float32, f64 float16, f8 float16, half float16");
        assert_int_equal(now.plan->override_count, 1);
        assert_true(rule_is_exact(&now.map->rules[now.plan->overrides[0].by]));
        assert_int_equal(now.diag.warnings, 1);
    }
    assert_string_equal(types("/ = i/ | cast int32\nstep = i/step\n"),
                        "i/flag bool, i/quant qint8, i/small int32, i/step int64, i/w/f32 float32, "
                        "i/w/f64 float64, i/w/f8 "
                        "float8_e5m2, i/w/half float16, i/wave complex64, i/words string");
    /* Of two scopes the later one wins, and of two plain rules TensorFlow's order is kept. */
    assert_string_equal(types("w/ = / | cast half\nw/ = / | cast bf16\n"),
                        "f32 bfloat16, f64 bfloat16, f8 bfloat16, half bfloat16");
    types("w/ = s/\nstep = s/f32\n"); /* w/ sorts after step */
    assert_int_equal(target_dtype(target("s/f32")), DTYPE_FLOAT32);
}

static void an_exact_rule_exempts_its_target_in_a_graph(void **state)
{
    (void)state;
#define GRAPH                                                                                      \
    "[variables]\nf32 = float32 [3]\nf64 = float16 [3] | partition 2\nf8 = float16 []\nhalf = "    \
    "float16 [3]\n"
    assert_string_equal(
        types("w/f32 = f32\nw/ = / | cast half\n" GRAPH),
        "f32 float32, f64/part_0 float16, f64/part_1 float16, f8 float16, half float16");
    assert_int_equal(now.plan->override_count, 1);
    assert_string_equal(
        types("w/half = f64\nw/ = / | cast half\nw/f32 = f32\n" GRAPH),
        "f32 float32, f64/part_0 float16, f64/part_1 float16, f8 float16, half float16");
    assert_int_equal(now.plan->override_count, 2); /* one for both parts */
    assert_string_equal(tensor_name(target("f64/part_1")->source).ptr, "w/half");
#undef GRAPH
    /* A declared type is not the concern of a cast that leaves the tensor alone. */
    assert_string_equal(
        types("/ = / | cast half\n[variables]\nstep = int64 []\nw/f32 = float16 [3]\n"),
        "step int64, w/f32 float16");
    assert_string_equal(
        types("/ = / | cast half\n[variables]\nstep = int32 []\n[view]\ndtype = source\n"),
        "step int64");
    types("/ = / | cast half\n[variables]\nsmall = int32 []\n[view]\ndtype = cast\n");
    assert_int_equal(target_dtype(target("small")), DTYPE_INT32);
    assert_false(target_is_left(now.map, target("small")));
}

static void a_cast_that_takes_nothing_is_warned_of(void **state)
{
    (void)state;
    types("w/ = / | cast int64\n");
    assert_true(fake_has(&now.diag, DIAG_CAST_UNUSED, "map.ini:2",
                         "takes none of its tensors: it is for integers; say `all`"));
    types("/ = / | cast int64\n");
    assert_int_equal(now.diag.warnings, 0);
    types("w/ = / | cast float32\n");
    assert_int_equal(now.diag.warnings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_a_float_takes_the_floating_tensors),
        cmocka_unit_test(to_an_integer_takes_the_integers),
        cmocka_unit_test(all_takes_every_numeric_tensor),
        cmocka_unit_test(integers_that_a_float_does_not_hold_are_warned_of),
        cmocka_unit_test(an_exact_rule_exempts_its_target),
        cmocka_unit_test(an_exact_rule_exempts_its_target_in_a_graph),
        cmocka_unit_test(a_cast_that_takes_nothing_is_warned_of),
    };
    return cmocka_run_group_tests_name("plan casts", tests, NULL, close_now);
}
