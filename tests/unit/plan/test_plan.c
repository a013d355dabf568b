/* SPDX-License-Identifier: Apache-2.0 */
/* Rules x catalog x graph, by the examples of TensorFlow's own behaviour. */
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
    {"x/w", DTYPE_FLOAT32, 2, {2, 3}, 0},  {"x/b", DTYPE_FLOAT32, 1, {3}, 0},
    {"x/t", DTYPE_FLOAT32, 2, {11, 4}, 0}, {"xy/w", DTYPE_FLOAT32, 1, {2}, 0},
    {"v", DTYPE_INT64, 0, {0}, 0},         {"x/s", DTYPE_VARIANT, 1, {2}, TENSOR_VARIANT},
    {"half", DTYPE_FLOAT16, 2, {2, 3}, 0}, {"empty", DTYPE_FLOAT32, 2, {0, 4}, 0},
    {"x", DTYPE_FLOAT32, 2, {11, 4}, 0},   {"z", DTYPE_STRING, 2, {5, 2}, 0},
};

/* One resolved map, closed by the next. */
static struct fake_resolved now;

static int close_now(void **state)
{
    (void)state;
    fake_resolved_close(&now);
    return 0;
}

static const struct plan *resolve(const char *text)
{
    fake_resolve(&now, tensors, ARRAY_LEN(tensors), text);
    return now.plan;
}

/* The targets as "name<source" words, in the plan's order. */
static const char *targets(const struct plan *p)
{
    static char text[4096];
    size_t len = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < p->count; i++) {
        const struct target *t = &p->targets[i];
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%s" STR_FMT "<" STR_FMT, i ? " " : "",
                             STR_ARG(target_name(t)), STR_ARG(tensor_name(t->source)));
    }
    return text;
}

#define ASSERT_TARGETS(map, want)                                                                  \
    do {                                                                                           \
        const char *got = targets(resolve(map));                                                   \
        if (now.rc) {                                                                              \
            print_error("%s", fake_dump(&now.diag));                                               \
        }                                                                                          \
        assert_int_equal(now.rc, 0);                                                               \
        assert_string_equal(got, want);                                                            \
    } while (0)

#define ASSERT_ERROR(map, code, words)                                                             \
    do {                                                                                           \
        resolve(map);                                                                              \
        assert_true(now.rc < 0);                                                                   \
        assert_true(fake_has(&now.diag, code, "map.ini:2", words));                                \
    } while (0)

#define RULES "[assignment_map]\n"

static void infer_variable_scope_and_root(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "v = a/b", "a/b<v");
    ASSERT_TARGETS(RULES "x/ = a/", "a/b<x/b a/t<x/t a/w<x/w");
    ASSERT_TARGETS(RULES "x/ = /", "b<x/b t<x/t w<x/w");
    ASSERT_TARGETS(RULES "xy/ = /", "w<xy/w");
    ASSERT_TARGETS(
        RULES "/ = backup/",
        "backup/empty<empty backup/half<half backup/v<v backup/x<x backup/x/b<x/b backup/x/t<x/t "
        "backup/x/w<x/w backup/xy/w<xy/w backup/z<z");
    ASSERT_TARGETS(RULES "/ = /",
                   "empty<empty half<half v<v x<x x/b<x/b x/t<x/t x/w<x/w xy/w<xy/w z<z");
}

static void infer_scope_target_is_cut_at_its_last_slash(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "xy/ = a/nope", "a/w<xy/w");
    assert_true(fake_has(&now.diag, DIAG_CUT_TARGET, "map.ini:2", "a/nope"));
    ASSERT_ERROR(RULES "xy/ = a", DIAG_MAP_SYNTAX, "write 'a/'");
}

static void infer_empty_scope_warns(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "zzz/ = a/\nv = v", "v<v");
    assert_true(fake_has(&now.diag, DIAG_EMPTY_SCOPE, "map.ini:2", "zzz/"));
}

static void nothing_left_is_an_error_without_a_graph(void **state)
{
    (void)state;
    ASSERT_ERROR(RULES "zzz/ = a/", DIAG_EMPTY_VIEW,
                 "no tensor of the checkpoint is in scope 'zzz/'");
    ASSERT_ERROR(RULES "zzz/ = x/", DIAG_EMPTY_VIEW,
                 "; the checkpoint has tensors in 'x/': is the rule the wrong way round?");
    assert_int_equal(now.diag.errors, 1);
    resolve(RULES "yyy/ = a/\nzzz/ = a/\n"); /* each of them */
    assert_int_equal(now.diag.errors, 2);
    assert_int_equal(now.diag.warnings, 0);
    resolve(RULES "zzz/ = a/\nnope = b\n"); /* not where something else is wrong */
    assert_int_equal(now.diag.errors, 1);
    assert_true(fake_has(&now.diag, DIAG_EMPTY_SCOPE, "map.ini:2", "zzz/"));
    resolve(RULES);
    assert_true(fake_has(&now.diag, DIAG_EMPTY_VIEW, now.map->path, "the map has no rules"));
    resolve(RULES "x/s/ = a/\n[variables]\n");
    assert_int_equal(now.rc, 0);
    assert_true(fake_has(&now.diag, DIAG_EMPTY_SCOPE, "map.ini:2", "no declared variable"));
    resolve(RULES "[variables]\n");
    assert_int_equal(now.rc, 0);
    /* What the rule takes is there, but cannot be shown. */
    static const struct fake_tensor hidden[] = {{"x/s", DTYPE_VARIANT, 0, {0}, TENSOR_VARIANT},
                                                {"v", DTYPE_INT8, 0, {0}, 0}};
    for (uint32_t count = 1; count <= 2;
         count++) { /* where nothing could be shown at all, the map is not why */
        fake_resolve(&now, hidden, count, RULES "x/ = a/\n");
        assert_int_equal(now.rc < 0, count == 2);
    }
    assert_true(fake_has(&now.diag, DIAG_EMPTY_VIEW, now.map->path,
                         "no tensor that the rules take can be shown"));
}

static void infer_later_rule_in_order_of_sources_wins(void **state)
{
    (void)state;
    /* Written first, but x/ sorts after v. */
    ASSERT_TARGETS(RULES "x/ = s/\nv = s/w\n", "s/b<x/b s/t<x/t s/w<x/w");
    assert_int_equal(now.plan->override_count, 1);
    assert_true(fake_has(&now.diag, DIAG_OVERRIDDEN, "map.ini:3", "map.ini:2"));
    /* The specific rule sorts after its scope. */
    ASSERT_TARGETS(RULES "x/ = s/\nx/b = s/w\n", "s/b<x/b s/t<x/t s/w<x/b");
    /* Three for one name: two overrides, both by the last. */
    resolve(RULES "half = z\nv = z\nx/b = z\n");
    assert_int_equal(now.plan->override_count, 2);
    assert_int_equal(now.plan->overrides[0].by, 2);
    assert_int_equal(now.plan->overrides[1].by, 2);
}

static void infer_a_mark_changes_nothing_of_a_plain_rule(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "?x/ = s/\n?v = s/w\n?none = q\n? none/ = q/\n",
                   "s/b<x/b s/t<x/t s/w<x/w");
}

static void infer_one_source_for_many_targets(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "v = a\nv = b\nv = c/d\n", "a<v b<v c/d<v");
    assert_true(plan_uses(now.plan,
                          (uint32_t)(catalog_find(now.catalog, STR("v")) - now.catalog->tensors)));
    assert_false(plan_uses(
        now.plan, (uint32_t)(catalog_find(now.catalog, STR("x/b")) - now.catalog->tensors)));
    assert_true(now.catalog->shards[0].used);
}

static void infer_partition_splits_evenly_first_parts_longer(void **state)
{
    (void)state;
    const struct plan *p = resolve(RULES "x/t = e | partition 3,1");
    assert_int_equal(now.rc, 0);
    assert_int_equal(p->count, 3);
    const int64_t lengths[] = {4, 4, 3};
    const int64_t starts[] = {0, 4, 8};
    for (unsigned i = 0; i < 3; i++) {
        const struct target_form *f = p->targets[i].form;
        assert_int_equal(f->part, i);
        assert_int_equal(f->shape.dims[0], lengths[i]);
        assert_int_equal(f->shape.dims[1], 4);
        assert_int_equal(f->slice_start[0], starts[i]);
        assert_int_equal(f->pieces[0].off, p->targets[i].source->off + (uint64_t)starts[i] * 16);
        assert_int_equal(target_bytes(&p->targets[i]), lengths[i] * 16);
    }
    assert_string_equal(targets(p), "e/part_0<x/t e/part_1<x/t e/part_2<x/t");
}

static void infer_parts_are_in_order_of_number_and_found_by_name(void **state)
{
    (void)state;
    const struct plan *p = resolve(RULES "x/t = e | partition 11,1\nv = e/part_10x\nhalf = e-\n");
    assert_int_equal(p->count, 13);
    for (uint32_t i = 0; i < p->count; i++) {
        assert_ptr_equal(plan_find(p, target_name(&p->targets[i])), &p->targets[i]);
    }
    assert_null(plan_find(p, STR("e/part_11")));
    assert_null(plan_find(p, STR("e")));
    assert_null(plan_find(p, STR("e/part_01")));
    assert_null(plan_find(p, STR("")));
    uint32_t first = (uint32_t)(plan_find(p, STR("e/part_0")) - p->targets);
    for (unsigned i = 0; i < 11; i++) {
        assert_int_equal(p->targets[first + i].form->part, i);
    }
}

static void infer_partition_along_axis_1_and_of_one_part(void **state)
{
    (void)state;
    const struct plan *p = resolve(RULES "x/t = e | partition 1,3");
    assert_int_equal(p->count, 3);
    assert_int_equal(p->targets[0].form->shape.dims[1], 2);
    assert_int_equal(p->targets[1].form->shape.dims[1], 1);
    assert_int_equal(p->targets[1].form->slice_start[1], 2);
    ASSERT_TARGETS(RULES "x/b = e | partition 1", "e/part_0<x/b");
    /* TensorFlow has no partitioned variable without elements. */
    ASSERT_ERROR(RULES "empty = e | partition 1,2", DIAG_SHAPE_MISMATCH, "[0, 4]");
}

static void infer_list_of_parts_is_an_even_split_of_axis_0(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "x/t = e/part_1, e/part_0, e/part_2",
                   "e/part_0<x/t e/part_1<x/t e/part_2<x/t");
    assert_int_equal(now.plan->targets[0].form->shape.dims[0], 4);
    /* A single part as a plain target is given the whole tensor. */
    ASSERT_TARGETS(RULES "x/t = e/part_1", "e/part_1<x/t");
    assert_null(now.plan->targets[0].form);
}

static void infer_bad_rules_are_all_reported(void **state)
{
    (void)state;
    ASSERT_ERROR(RULES "x/ww = a", DIAG_TENSOR_NOT_FOUND, "'x/ww' is not in the checkpoint");
    assert_int_equal(now.diag.entries[0].nearest_count > 0, 1);
    assert_true(str_eq(now.diag.entries[0].nearest[0], STR("x/w")));
    /* Nothing is spelt alike: what has the same last component. */
    ASSERT_ERROR(RULES "quite/another/scope/b = a", DIAG_TENSOR_NOT_FOUND, "quite");
    assert_true(str_eq(now.diag.entries[0].nearest[0], STR("x/b")));
    ASSERT_ERROR(RULES "xy = a", DIAG_TENSOR_NOT_FOUND, "'xy'");
    assert_true(str_eq(now.diag.entries[0].nearest[0], STR("xy/"))); /* the forgotten slash */
    ASSERT_ERROR(RULES "x/s = a", DIAG_UNSUPPORTED, "variant");
    ASSERT_ERROR(RULES "v = a/", DIAG_MAP_SYNTAX, "scope");
    ASSERT_ERROR(RULES "x/t = e | partition 3", DIAG_SHAPE_MISMATCH, "[11, 4]");
    ASSERT_ERROR(RULES "v = e | partition 3", DIAG_SHAPE_MISMATCH, "[]");
    ASSERT_ERROR(RULES "x/t = e | partition 12,1", DIAG_SHAPE_MISMATCH, "12 parts");
    ASSERT_ERROR(RULES "x/b = e | partition 2\nx/b = e\n", DIAG_NAME_COLLISION,
                 "plain variable at map.ini:3");
    resolve(RULES "no1 = a\nno2 = b\nv = ok\nno3 = c\n");
    assert_int_equal(now.diag.errors, 3);
}

#define STORE                                                                                      \
    "\n[variables]\na/w = float32 [2, 3]\na/b = float32 [3]\nab/w = float32 [2]\n"                 \
    "a/t = float32 [11, 4] | partition 2,1\nv = int64 []\n"

static void assign_one_to_one_scope_and_root(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "x/ = a/" STORE, "a/b<x/b a/t/part_0<x/t a/t/part_1<x/t a/w<x/w");
    assert_int_equal(now.plan->unassigned_count, 2);
    ASSERT_TARGETS(RULES "x/w = a/w\nv = v" STORE, "a/w<x/w v<v");
    ASSERT_TARGETS(RULES "x = a/t" STORE, "a/t/part_0<x a/t/part_1<x");
    /* The typo'd scope maps its parent, as TensorFlow does. */
    ASSERT_TARGETS(RULES "x/ = a/nope" STORE, "a/b<x/b a/t/part_0<x/t a/t/part_1<x/t a/w<x/w");
    /* Member a/t of scope a/t: t is empty, the source loses its final slash. */
    ASSERT_TARGETS(RULES "x/ = a/t/" STORE, "a/t/part_0<x a/t/part_1<x");
    ASSERT_TARGETS(RULES "x/ = zzz/" STORE, "");
    assert_true(fake_has(&now.diag, DIAG_EMPTY_SCOPE, "map.ini:2", "zzz/"));
    ASSERT_TARGETS(RULES "x/ = //" STORE, "");
    ASSERT_TARGETS(RULES "/ = /\n[variables]\nv = int64 []\nx/b = float32 [3]", "v<v x/b<x/b");
    ASSERT_TARGETS(RULES "/ = m/\n[variables]\nm/v = int64 []\nm/x/b = float32 [3]",
                   "m/v<v m/x/b<x/b");
    ASSERT_TARGETS(RULES "x/ = /\n[variables]\nw = float32 [2, 3]", "w<x/w");
}

static void assign_whole_tensor_to_a_single_part(void **state)
{
    (void)state;
    const char *graph =
        "[variables]\na/t = float32 [11, 4] | partition 2,1\nq = float32 [22, 4] | partition 2,1\n";
    char map[512];
    snprintf(map, sizeof(map), RULES "x = q/part_1\n%s", graph);
    ASSERT_TARGETS(map, "q/part_1<x");
    const struct target_form *form = now.plan->targets[0].form;
    assert_non_null(form);
    assert_int_equal(form->part, 1);
    assert_int_equal(form->piece_count, 1);
    assert_int_equal(form->pieces[0].off, now.plan->targets[0].source->off);
    assert_int_equal(form->slice_start[0], 11);
    assert_int_equal(form->full.dims[0], 22);
    snprintf(map, sizeof(map), RULES "x = a/t/part_1\n%s", graph);
    ASSERT_ERROR(map, DIAG_SHAPE_MISMATCH, "[5, 4]");
}

static void assign_errors_follow_tensorflows_order(void **state)
{
    (void)state;
    ASSERT_ERROR(RULES "x = a/" STORE, DIAG_VARIABLE_NOT_FOUND, "'a/'");     /* E6 */
    ASSERT_ERROR(RULES "x = a/ww" STORE, DIAG_VARIABLE_NOT_FOUND, "'a/ww'"); /* E6 */
    assert_true(str_eq(now.diag.entries[0].nearest[0], STR("a/w")));
    ASSERT_ERROR(RULES "x/ = a/w" STORE, DIAG_TENSOR_NOT_FOUND, "'x/'");   /* E4 */
    ASSERT_ERROR(RULES "zz/ = a/" STORE, DIAG_TENSOR_NOT_FOUND, "'zz/b'"); /* E7 */
    assert_int_equal(now.diag.errors, 3);
    ASSERT_ERROR(RULES "x/ = a" STORE, DIAG_TENSOR_NOT_FOUND, "'x//b'"); /* E7, the scope is lost */
    ASSERT_ERROR(RULES "x/b = a/w" STORE, DIAG_SHAPE_MISMATCH, "[2, 3]");   /* E5 */
    ASSERT_ERROR(RULES "half = a/w" STORE, DIAG_DTYPE_MISMATCH, "float16"); /* E9 */
    ASSERT_ERROR(RULES "x/w = a/t" STORE, DIAG_SHAPE_MISMATCH, "[11, 4]");  /* E10 */
    ASSERT_ERROR(RULES "x = a/t | partition 3,1" STORE, DIAG_PARTS_DIFFER, "differ");
    ASSERT_ERROR(RULES "x/b = a/b | partition 3" STORE, DIAG_PARTS_DIFFER, "differ");
    ASSERT_TARGETS(RULES "x = a/t | partition 2,1" STORE, "a/t/part_0<x a/t/part_1<x");
    ASSERT_TARGETS(RULES "x = a/t/part_0, a/t/part_1" STORE, "a/t/part_0<x a/t/part_1<x");
}

static void assign_scope_cut_at_part_in_a_component(void **state)
{
    (void)state;
    ASSERT_ERROR(RULES "/ = /\n[variables]\nx/part_of_speech/w = float32 [1]",
                 DIAG_VARIABLE_NOT_FOUND, "/part_");
}

static void assign_unknown_dimensions_match_anything(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "x/w = p\nx/w = q\n[variables]\np = float32 [?, 3]\nq = float32 [...]",
                   "p<x/w q<x/w");
    ASSERT_ERROR(RULES "x/w = p\n[variables]\np = float32 [?, 4]", DIAG_SHAPE_MISMATCH, "[?, 4]");
}

static void assign_later_rule_wins_part_by_part(void **state)
{
    (void)state;
    /* All parts of q are given away again, which is one override; r gets a whole tensor for its
     * part 1. */
    ASSERT_TARGETS(
        RULES
        "x = q\nx/t = q\nx/t = r/part_1\n"
        "[variables]\nq = float32 [11, 4] | partition 2,1\nr = float32 [22, 4] | partition 2,1\n",
        "q/part_0<x/t q/part_1<x/t r/part_1<x/t");
    assert_int_equal(now.plan->override_count, 1);
    assert_int_equal(now.plan->unassigned_count, 1); /* r lacks part 0 */
}

static void assign_some_parts(void **state)
{
    (void)state;
#define DECLARED "[variables]\nq = float32 [11, 4] | partition 4,1\nw = float32 [2]\n"
    ASSERT_TARGETS(RULES "x/t = q/part_2, q/part_1\n" DECLARED, "q/part_1<x/t q/part_2<x/t");
    assert_int_equal(now.plan->targets[0].form->slice_start[0], 3); /* of 3, 3, 3, 2 rows */
    assert_int_equal(now.plan->targets[1].form->slice_start[0], 6);
    assert_int_equal(now.plan->unassigned_count, 2); /* the rest of q, and w */
    ASSERT_TARGETS(RULES "x/t = q/part_1, q/part_0\n" DECLARED, "q/part_0<x/t q/part_1<x/t");
    ASSERT_TARGETS(RULES "x = q\nx/t = q/part_3, q/part_0\n" DECLARED,
                   "q/part_0<x/t q/part_1<x q/part_2<x q/part_3<x/t");
    assert_int_equal(now.plan->override_count, 2);
    assert_true(str_eq(now.plan->overrides[0].name, STR("q/part_0")));
    ASSERT_ERROR(RULES "x/t = q/part_1, q/part_4\n" DECLARED, DIAG_PARTS_DIFFER, "differ");
    ASSERT_ERROR(RULES "x/w = w/part_1, w/part_2\n" DECLARED, DIAG_PARTS_DIFFER, "differ");
    ASSERT_ERROR(RULES "x/t = z/part_1, z/part_2\n" DECLARED, DIAG_VARIABLE_NOT_FOUND, "'z'");
    ASSERT_ERROR(RULES "x/w = q/part_1, q/part_2\n" DECLARED, DIAG_SHAPE_MISMATCH, "[11, 4]");
#undef DECLARED
    /* Nothing says what the slices are. */
    ASSERT_ERROR(RULES "x/t = q/part_2, q/part_1\n", DIAG_PARTS_DIFFER, "part_0 of 'q' is missing");
    ASSERT_ERROR(RULES "x/t = q/part_0, q/part_1, q/part_3\n", DIAG_PARTS_DIFFER,
                 "part_2 of 'q' is missing");
    ASSERT_ERROR(RULES "x/t = q/part_2, q/part_1\n[variables]\nw = float32 [2]\n"
                       "[view]\nundeclared = infer\n",
                 DIAG_PARTS_DIFFER, "part_0 of 'q' is missing");
}

static void assign_dtype_modes(void **state)
{
    (void)state;
#define DECLARED "[variables]\nq = float32 [2, 3]\n"
    ASSERT_ERROR(RULES "half = q\n" DECLARED, DIAG_DTYPE_MISMATCH, "| cast float32");
    ASSERT_TARGETS(RULES "half = q\n" DECLARED "[view]\ndtype = cast\n", "q<half");
    assert_int_equal(target_dtype(&now.plan->targets[0]), DTYPE_FLOAT32);
    assert_int_equal(target_bytes(&now.plan->targets[0]), 24);
    assert_int_equal(now.plan->targets[0].form->pieces[0].dtype, DTYPE_FLOAT16);
    ASSERT_TARGETS(RULES "half = q\n" DECLARED "[view]\ndtype = source\n", "q<half");
    assert_int_equal(target_dtype(&now.plan->targets[0]), DTYPE_FLOAT16);
    assert_null(now.plan->targets[0].form);
    ASSERT_TARGETS(RULES "half = q | cast float32\n" DECLARED, "q<half");
    ASSERT_ERROR(RULES "half = q | cast float64\n" DECLARED, DIAG_DTYPE_MISMATCH,
                 "cast it to float32");
    /* Integers that may not fit need a word. */
    ASSERT_ERROR(RULES "v = q\n[variables]\nq = int32 []\n[view]\ndtype = cast\n",
                 DIAG_DTYPE_MISMATCH, "wrap");
    ASSERT_TARGETS(RULES "v = q | cast int32 wrap\n[variables]\nq = int32 []\n", "q<v");
    assert_int_equal(now.plan->targets[0].form->pieces[0].cast_mode, CAST_WRAP);
#undef DECLARED
}

static void infer_cast_of_variables_scopes_and_parts(void **state)
{
    (void)state;
    ASSERT_TARGETS(RULES "x/ = a/ | cast bfloat16", "a/b<x/b a/t<x/t a/w<x/w");
    assert_int_equal(target_bytes(&now.plan->targets[0]), 6);
    ASSERT_TARGETS(RULES "x/t = a | cast float64 | partition 3,1",
                   "a/part_0<x/t a/part_1<x/t a/part_2<x/t");
    assert_int_equal(target_bytes(&now.plan->targets[0]), 4 * 4 * 8);
    ASSERT_TARGETS(RULES "x/w = a | cast float32", "a<x/w"); /* what it is already: no form */
    assert_null(now.plan->targets[0].form);
    /* Rules with an operation come after the plain ones, whatever their sources' names: b is
     * cast. */
    ASSERT_TARGETS(RULES "half = q | cast float64\nx/w = q\n", "q<half");
    assert_int_equal(now.plan->override_count, 1);
}

static void infer_named_partitioners_as_tensorflow_computes_them(void **state)
{
    (void)state;
    const struct {
        const char *words;
        uint32_t parts;
    } cases[] = {{"fixed 4", 4},
                 {"fixed 40", 11},
                 {"fixed 3 axis 1", 3},
                 {"min_max 5 min_slice_size 40", 5},
                 {"min_max 50 min_slice_size 44", 4},
                 {"min_max 8", 1},
                 {"variable_axis 32", 6},
                 {"variable_axis 1", 11},
                 {"variable_axis 32 max_shards 2", 2},
                 {"variable_axis 44 axis 1", 4}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char map[128];
        snprintf(map, sizeof(map), RULES "x/t = q | partition %s", cases[i].words);
        assert_int_equal(resolve(map)->count, cases[i].parts);
    }
    ASSERT_ERROR(RULES "x/t = q | partition fixed 3 axis 2", DIAG_SHAPE_MISMATCH, "no axis 2");
}

static void undeclared_infer_opens_the_graph(void **state)
{
    (void)state;
#define OPEN "\n[variables]\na/w = float32 [2, 3]\n[view]\nundeclared = infer\n"
    ASSERT_TARGETS(RULES "x/ = a/" OPEN, "a/b<x/b a/t<x/t a/w<x/w");
    ASSERT_TARGETS(RULES "v = z\nx/w = a/w" OPEN, "a/w<x/w z<v");
    ASSERT_ERROR(RULES "x/b = a/w" OPEN, DIAG_SHAPE_MISMATCH, "[2, 3]");
    ASSERT_ERROR(RULES "xy/ = a/\n[variables]\na/zz = float32 [1]\n[view]\nundeclared = infer\n",
                 DIAG_TENSOR_NOT_FOUND, "'xy/zz'");
#undef OPEN
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infer_variable_scope_and_root),
        cmocka_unit_test(infer_scope_target_is_cut_at_its_last_slash),
        cmocka_unit_test(infer_empty_scope_warns),
        cmocka_unit_test(nothing_left_is_an_error_without_a_graph),
        cmocka_unit_test(infer_later_rule_in_order_of_sources_wins),
        cmocka_unit_test(infer_a_mark_changes_nothing_of_a_plain_rule),
        cmocka_unit_test(infer_one_source_for_many_targets),
        cmocka_unit_test(infer_partition_splits_evenly_first_parts_longer),
        cmocka_unit_test(infer_parts_are_in_order_of_number_and_found_by_name),
        cmocka_unit_test(infer_partition_along_axis_1_and_of_one_part),
        cmocka_unit_test(infer_list_of_parts_is_an_even_split_of_axis_0),
        cmocka_unit_test(infer_bad_rules_are_all_reported),
        cmocka_unit_test(assign_one_to_one_scope_and_root),
        cmocka_unit_test(assign_whole_tensor_to_a_single_part),
        cmocka_unit_test(assign_errors_follow_tensorflows_order),
        cmocka_unit_test(assign_scope_cut_at_part_in_a_component),
        cmocka_unit_test(assign_unknown_dimensions_match_anything),
        cmocka_unit_test(assign_later_rule_wins_part_by_part),
        cmocka_unit_test(assign_some_parts),
        cmocka_unit_test(assign_dtype_modes),
        cmocka_unit_test(infer_cast_of_variables_scopes_and_parts),
        cmocka_unit_test(infer_named_partitioners_as_tensorflow_computes_them),
        cmocka_unit_test(undeclared_infer_opens_the_graph),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, close_now);
}
