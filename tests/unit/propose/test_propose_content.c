/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs that are found between two small checkpoints. */
#include "propose/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "render/verify.h"
#include "support/opened.h"

enum { ELEMENTS_MOST = 4096 };

/* Both models, and what was found. */
static struct fixture {
    struct mkckpt made[2];
    struct opened sides[2];
    struct proposal proposal;
    struct diag diag;
} f;

static int set_up(void **state)
{
    (void)state;
    memset(&f, 0, sizeof(f));
    mkckpt_init(&f.made[0], 1);
    mkckpt_init(&f.made[1], 1);
    diag_init(&f.diag);
    arena_init(&f.proposal.arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    proposal_fini(&f.proposal);
    diag_fini(&f.diag);
    opened_close(&f.sides[0]);
    opened_close(&f.sides[1]);
    return 0;
}

/* Element i of the tensors of that seed. */
static float element(unsigned seed, unsigned i)
{
    uint32_t x = (seed * 2654435761u + i) * 2246822519u;
    return (float)((x ^ x >> 15) * 3266489917u >> 8) / 16777216.0f - 0.5f;
}

static void add_floats(unsigned side, const char *name, struct shape shape, const float *elements)
{
    uint64_t bytes;
    assert_int_equal(shape_bytes(shape, DTYPE_FLOAT32, &bytes), 0);
    mkckpt_tensor(&f.made[side], name, DTYPE_FLOAT32, shape.rank, shape.dims, 0, elements, bytes);
}

#define SHAPE(...)                                                                                 \
    ((struct shape){(const int64_t[]){__VA_ARGS__},                                                \
                    sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)})

/* Elements [first, ...) of the tensor of that seed. */
static void add(unsigned side, const char *name, struct shape shape, unsigned seed, unsigned first)
{
    float elements[ELEMENTS_MOST];
    uint64_t count;
    assert_int_equal(shape_elements(shape, &count), 0);
    for (unsigned i = 0; i < count; i++) {
        elements[i] = element(seed, first + i);
    }
    add_floats(side, name, shape, elements);
}

/* The matrix of that seed and shape, its rows as columns. */
static void add_transposed(unsigned side, const char *name, unsigned rows, unsigned columns,
                           unsigned seed)
{
    float elements[ELEMENTS_MOST];
    for (unsigned i = 0; i < rows * columns; i++) {
        elements[i % columns * rows + i / columns] = element(seed, i);
    }
    add_floats(side, name, SHAPE(columns, rows), elements);
}

static void add_side(struct proposal_side *s, const struct view *v)
{
    s->catalog = v->catalog;
    s->count = v->catalog->count;
    s->variables = calloc(s->count, sizeof(*s->variables));
    assert_non_null(s->variables);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct tensor *t = &v->catalog->tensors[i];
        s->variables[i] =
            (struct proposal_variable){tensor_name(t), t->dtype, tensor_shape(t), t, 0};
    }
}

static void find(void)
{
    opened_made(&f.sides[0], &f.made[0], NULL);
    opened_made(&f.sides[1], &f.made[1], NULL);
    add_side(&f.proposal.from, &f.sides[0].view);
    add_side(&f.proposal.to, &f.sides[1].view);
    const struct content_request request = {
        .from = f.sides[0].view.verified, .to = f.sides[1].view.verified, .threads = 2};
    assert_int_equal(propose_content(&f.proposal, &request, &f.diag), 0);
}

static void add_names(struct buf *b, const struct proposal_side *s, const uint32_t *list,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        buf_text(b, i ? ", " : "");
        buf_str(b, s->variables[list[i]].name);
    }
}

/* The line of the map for the pair that makes `target`; "" if there is none. Static storage. */
static const char *line_of(const char *target)
{
    static char text[4096];
    CLEANUP_BUF struct buf b = {0};
    for (size_t i = 0; i < f.proposal.pair_count; i++) {
        const struct proposal_pair *p = &f.proposal.pairs[i];
        if (!str_eq(f.proposal.to.variables[p->targets[0]].name, str_from(target))) {
            continue;
        }
        add_names(&b, &f.proposal.from, p->sources, p->source_count);
        buf_text(&b, " = ");
        add_names(&b, &f.proposal.to, p->targets, p->target_count);
        buf_printf(&b, "%s%s%s", p->operations[0] ? " | " : "", p->operations,
                   p->certainty == PROPOSAL_PROVED ? "" : " (likely)");
    }
    assert_true(b.len < sizeof(text));
    memcpy(text, b.data ? b.data : "", b.len);
    text[b.len] = '\0';
    return text;
}

static const char *why_of(const char *target)
{
    for (size_t i = 0; i < f.proposal.pair_count; i++) {
        const struct proposal_pair *p = &f.proposal.pairs[i];
        if (str_eq(f.proposal.to.variables[p->targets[0]].name, str_from(target))) {
            return p->why ? p->why : "";
        }
    }
    return "";
}

/* ---- one and one ----------------------------------------------------------------------------- */

static void in_another_order(void **state)
{
    (void)state;
    add(0, "a/same", SHAPE(4, 6), 1, 0);
    add(1, "b.same", SHAPE(4, 6), 1, 0);
    add(0, "a/kernel", SHAPE(4, 6), 2, 0);
    add_transposed(1, "b.kernel", 4, 6, 2);
    add(0, "a/one", SHAPE(1, 4, 6), 3, 0);
    add(1, "b.one", SHAPE(4, 6), 3, 0);
    add(0, "a/heads", SHAPE(8, 3, 4), 4, 0);
    add_transposed(1, "b.heads", 8, 12, 4);
    add(0, "a/out", SHAPE(3, 4, 8), 5, 0);
    add(1, "b.out", SHAPE(12, 8), 5, 0);
    add(0, "a/column", SHAPE(7), 6, 0);
    add(1, "b.column", SHAPE(7, 1), 6, 0);
    find();
    assert_string_equal(line_of("b.same"), "a/same = b.same");
    assert_string_equal(line_of("b.kernel"), "a/kernel = b.kernel | transpose");
    assert_string_equal(line_of("b.one"), "a/one = b.one | squeeze");
    assert_string_equal(line_of("b.heads"), "a/heads = b.heads | reshape 8,-1 | transpose");
    assert_string_equal(line_of("b.out"), "a/out = b.out | reshape -1,8");
    assert_string_equal(line_of("b.column"), "a/column = b.column | expand 1");
}

static void a_symmetric_matrix(void **state)
{
    (void)state;
    float elements[36];
    for (unsigned i = 0; i < 36; i++) {
        unsigned row = i / 6;
        unsigned column = i % 6;
        elements[i] = element(1, row < column ? row * 6 + column : column * 6 + row);
    }
    add_floats(0, "a", SHAPE(6, 6), elements);
    add_floats(1, "b", SHAPE(6, 6), elements);
    find();
    assert_string_equal(line_of("b"), "a = b");
    assert_string_equal(why_of("b"), "'transpose' makes the same");
}

/* Elements that were moved as no shape suggests. */
static void turned(void **state)
{
    (void)state;
    float elements[24];
    for (unsigned i = 0; i < 24; i++) {
        elements[i] = element(1, 23 - i);
    }
    add(0, "a", SHAPE(4, 6), 1, 0);
    add_floats(1, "b", SHAPE(4, 6), elements);
    for (unsigned i = 0; i < 24; i++) { /* blocks 0, 2, 1, 3 of the last axis */
        static const unsigned block[] = {0, 2, 1, 3};
        elements[i] = element(2, i / 8 * 8 + block[i % 8 / 2] * 2 + i % 2);
    }
    add(0, "gates", SHAPE(3, 8), 2, 0);
    add_floats(1, "lstm", SHAPE(3, 8), elements);
    for (unsigned i = 0; i < 24; i++) { /* heads of 2 x 3 that lie the other way, as a matrix */
        elements[i] = element(3, i / 12 * 12 + i % 4 * 3 + i / 4 % 3);
    }
    add(0, "rotary", SHAPE(8, 3), 3, 0);
    add_floats(1, "rope", SHAPE(24), elements);
    find();
    assert_string_equal(line_of("b"), "a = b | flip 0 | flip 1");
    assert_string_equal(line_of("lstm"), "gates = lstm | take 1 0,2,1,3 of 4");
    assert_string_equal(line_of("rope"),
                        "rotary = rope | reshape -1,4,3 | transpose 0,2,1 | reshape -1");
}

/* A form that several have is said of all. */
static void one_form_for_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        char name[16];
        float elements[36];
        snprintf(name, sizeof(name), "conv_%u", i);
        unsigned side = i ? 1 : 3; /* [3, 3, 2, 2], and twice [1, 1, 4, 3] */
        unsigned in = i ? 4 : 2;
        unsigned out = i ? 3 : 2;
        unsigned count = side * side * in * out;
        for (unsigned k = 0; k < count; k++) {
            unsigned place = k / (in * out);
            elements[(k % out * in + k / out % in) * side * side + place] = element(i, k);
        }
        add(0, name, SHAPE(side, side, in, out), i, 0);
        add_floats(1, name, SHAPE(out, in, side, side), elements);
    }
    find();
    assert_string_equal(line_of("conv_0"), "conv_0 = conv_0 | transpose 3,2,0,1");
    assert_string_equal(line_of("conv_1"), "conv_1 = conv_1 | transpose 3,2,0,1");
    assert_string_equal(line_of("conv_2"), "conv_2 = conv_2 | transpose 3,2,0,1");
}

/* One content under several names is of the nearest one. */
static void tied(void **state)
{
    (void)state;
    add(0, "embedding", SHAPE(9, 5), 1, 0);
    add(1, "embedding.weight", SHAPE(9, 5), 1, 0);
    add(1, "head.weight", SHAPE(9, 5), 1, 0);
    add(0, "layer_0/kernel", SHAPE(5, 5), 2, 0);
    add(0, "layer_1/kernel", SHAPE(5, 5), 2, 0);
    add_transposed(1, "layers.0.weight", 5, 5, 2);
    add_transposed(1, "layers.1.weight", 5, 5, 2);
    find();
    assert_string_equal(line_of("embedding.weight"), "embedding = embedding.weight");
    assert_string_equal(line_of("head.weight"), "embedding = head.weight");
    assert_string_equal(line_of("layers.0.weight"), "layer_0/kernel = layers.0.weight | transpose");
    assert_string_equal(line_of("layers.1.weight"), "layer_1/kernel = layers.1.weight | transpose");
    assert_non_null(strstr(why_of("layers.0.weight"), "2 variables hold this"));
    assert_string_equal(why_of("head.weight"), "");
}

static void another_type(void **state)
{
    (void)state;
    uint16_t halves[24];
    float elements[24];
    for (unsigned i = 0; i < 24; i++) {
        elements[i] = element(1, i);
        uint32_t bits;
        memcpy(&bits, &elements[i], 4);
        halves[i % 6 * 4 + i / 6] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
    add_floats(0, "a", SHAPE(4, 6), elements);
    mkckpt_tensor(&f.made[1], "b", DTYPE_BFLOAT16, 2, (const int64_t[]){6, 4}, 0, halves, 48);
    const int64_t step = 70000;
    const int32_t narrow = 70000;
    mkckpt_tensor(&f.made[0], "step", DTYPE_INT64, 0, NULL, 0, &step, 8);
    mkckpt_tensor(&f.made[1], "steps", DTYPE_INT32, 0, NULL, 0, &narrow, 4);
    find();
    assert_string_equal(line_of("b"), "a = b | transpose | cast bfloat16");
    assert_string_equal(line_of("steps"), "step = steps | cast int32 wrap");
}

/* What proves nothing: constants, frequent numbers, what has no elements; and what is no number. */
static void says_nothing(void **state)
{
    (void)state;
    const float ones[6] = {1, 1, 1, 1, 1, 1};
    const int64_t zero = 0;
    const int64_t thousand = 1000;
    for (unsigned side = 0; side < 2; side++) {
        add_floats(side, "gamma", SHAPE(6), ones);
        add_floats(side, "nothing", SHAPE(0, 3), ones);
        mkckpt_tensor(&f.made[side], "zero", DTYPE_INT64, 0, NULL, 0, &zero, 8);
        mkckpt_tensor(&f.made[side], "once", DTYPE_INT64, 0, NULL, 0, &thousand, 8);
    }
    mkckpt_tensor(&f.made[0], "twice", DTYPE_INT64, 0, NULL, 0, &thousand, 8);
    find();
    assert_int_equal(f.proposal.pair_count, 0);
    assert_int_equal(f.diag.warnings, 0);
}

static void elements_count_by_their_bits(void **state)
{
    (void)state;
    const uint32_t nans[] = {0x7fc00000, 0x7fc00001, 0x80000000, 0, 0x3f800000, 0x7f800000};
    const uint32_t others[] = {0x7fc00000, 0x7fc00000, 0x80000000, 0, 0x3f800000, 0x7f800000};
    const uint32_t zeros[] = {0x7fc00000, 0x7fc00001, 0, 0, 0x3f800000, 0x7f800000};
    const int64_t dims[] = {6};
    mkckpt_tensor(&f.made[0], "a", DTYPE_FLOAT32, 1, dims, 0, nans, 24);
    mkckpt_tensor(&f.made[1], "b", DTYPE_FLOAT32, 1, dims, 0, nans, 24);
    mkckpt_tensor(&f.made[1], "c", DTYPE_FLOAT32, 1, dims, 0, others, 24);
    mkckpt_tensor(&f.made[1], "d", DTYPE_FLOAT32, 1, dims, 0, zeros, 24);
    find();
    assert_string_equal(line_of("b"), "a = b");
    assert_int_equal(f.proposal.pair_count, 1);
}

/* ---- one and several ------------------------------------------------------------------------- */

static void joined(void **state)
{
    (void)state;
    add(0, "l/query/bias", SHAPE(6), 1, 0);
    add(0, "l/key/bias", SHAPE(6), 1, 6);
    add(0, "l/value/bias", SHAPE(6), 1, 12);
    add(1, "qkv.bias", SHAPE(18), 1, 0);
    for (unsigned i = 0; i < 12; i++) { /* as numbers, and not as names, 2 comes before 10 */
        char name[32];
        snprintf(name, sizeof(name), "expert_%u/w", i);
        add(0, name, SHAPE(4, 5), 2, i * 20);
    }
    add(1, "experts", SHAPE(12, 4, 5), 2, 0);
    add(0, "zeta", SHAPE(3, 5), 3, 0);
    add(0, "alpha", SHAPE(2, 5), 3, 15);
    add_transposed(1, "rows", 5, 5, 3);
    find();
    assert_string_equal(line_of("qkv.bias"),
                        "l/query/bias, l/key/bias, l/value/bias = qkv.bias | concat 0");
    assert_string_equal(line_of("experts"),
                        "expert_0/w, expert_1/w, expert_2/w, expert_3/w, expert_4/w, expert_5/w, "
                        "expert_6/w, expert_7/w, expert_8/w, expert_9/w, expert_10/w, expert_11/w "
                        "= experts | stack 0");
    assert_string_equal(line_of("rows"), "zeta, alpha = rows | transpose | concat 1");
}

static void split(void **state)
{
    (void)state;
    add(0, "qkv", SHAPE(12, 4), 1, 0);
    add_transposed(1, "q", 4, 4, 1);
    float elements[16];
    for (unsigned part = 1; part < 3; part++) {
        for (unsigned i = 0; i < 16; i++) {
            elements[i % 4 * 4 + i / 4] = element(1, part * 16 + i);
        }
        add_floats(1, part == 1 ? "k" : "v", SHAPE(4, 4), elements);
    }
    add(0, "stacked", SHAPE(2, 3), 2, 0);
    add(1, "layers.0.w", SHAPE(3), 2, 0);
    add(1, "layers.1.w", SHAPE(3), 2, 3);
    add(0, "uneven", SHAPE(10), 3, 0);
    add(1, "x", SHAPE(7), 3, 0);
    add(1, "y", SHAPE(3), 3, 7);
    find();
    assert_string_equal(line_of("q"), "qkv = q, k, v | split 0 3 | transpose");
    assert_string_equal(line_of("layers.0.w"), "stacked = layers.0.w, layers.1.w | unstack 0");
    assert_string_equal(line_of("x"), "uneven = x, y | split 0 7,3");
}

/* One tensor in several pairs, found by a sample, and by fingerprints after that. */
static void in_several_pairs(void **state)
{
    (void)state;
    add(0, "embedding", SHAPE(10, 8), 1, 0);
    add(0, "more", SHAPE(4, 8), 1, 80);
    add(1, "table", SHAPE(10, 8), 1, 0);
    add_transposed(1, "head", 10, 8, 1);
    add(1, "both", SHAPE(14, 8), 1, 0);
    find();
    assert_string_equal(line_of("table"), "embedding = table");
    assert_string_equal(line_of("head"), "embedding = head | transpose");
    assert_string_equal(line_of("both"), "embedding, more = both | concat 0");
}

/* Parts that lie in the whole as no axis of it does. */
static void joined_in_another_way(void **state)
{
    (void)state;
    float elements[24];
    for (unsigned i = 0; i < 24; i++) {
        elements[23 - i] = element(i / 2 % 2, i / 4 * 2 + i % 2);
    }
    add(0, "one", SHAPE(3, 4), 0, 0);
    add(0, "two", SHAPE(3, 4), 1, 0);
    add_floats(1, "woven", SHAPE(24), elements);
    add(0, "whole", SHAPE(24), 5, 0);
    for (unsigned part = 0; part < 2; part++) {
        for (unsigned i = 0; i < 12; i++) {
            elements[i] = element(5, i * 2 + part);
        }
        add_floats(1, part ? "odd" : "even", SHAPE(12), elements);
    }
    find();
    assert_string_equal(line_of("woven"),
                        "two, one = woven | stack 0 | reshape 2,-1,2 | transpose 1,0,2 | "
                        "flip 0 | flip 2 | reshape -1");
    assert_string_equal(line_of("even"),
                        "whole = even, odd | reshape -1,2 | transpose | unstack 0");
}

/* A part that is constant may be another one. */
static void with_a_constant_part(void **state)
{
    (void)state;
    float elements[12] = {0};
    for (unsigned i = 0; i < 4; i++) {
        elements[i] = element(1, i);
        elements[8 + i] = element(1, 4 + i);
    }
    add_floats(0, "qkv", SHAPE(12), elements);
    add_floats(1, "q", SHAPE(4), elements);
    add_floats(1, "k", SHAPE(4), elements + 4);
    add_floats(1, "v", SHAPE(4), elements + 8);
    find();
    assert_string_equal(line_of("q"), "qkv = q, k, v | split 0 3 (likely)");
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void damaged_ones_have_no_pair(void **state)
{
    (void)state;
    add(0, "a", SHAPE(40, 50), 1, 0); /* too large to be looked at when it is opened */
    add(1, "b", SHAPE(40, 50), 1, 0);
    add(0, "good", SHAPE(3, 4), 2, 0);
    add(1, "good", SHAPE(3, 4), 2, 0);
    opened_made(&f.sides[0], &f.made[0], NULL);
    opened_made(&f.sides[1], &f.made[1], NULL);
    add_side(&f.proposal.from, &f.sides[0].view);
    add_side(&f.proposal.to, &f.sides[1].view);
    const struct tensor *a = f.proposal.from.variables[0].tensor;
    const struct verify_result why = {.outcome = VERIFY_CHECKSUM, .stored = 1, .found = 2};
    assert_int_equal(verified_mark(f.sides[0].view.verified, a, NULL, &why), 0);
    const struct content_request request = {
        .from = f.sides[0].view.verified, .to = f.sides[1].view.verified, .threads = 1};
    assert_int_equal(propose_content(&f.proposal, &request, &f.diag), 0);
    assert_string_equal(line_of("b"), "");
    assert_string_equal(line_of("good"), "good = good");
    assert_int_equal(f.diag.warnings, 1);
    assert_true(str_eq(f.diag.entries[0].subject, STR("a")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_another_order),
        TEST(a_symmetric_matrix),
        TEST(turned),
        TEST(one_form_for_all),
        TEST(tied),
        TEST(another_type),
        TEST(says_nothing),
        TEST(elements_count_by_their_bits),
        TEST(joined),
        TEST(split),
        TEST(joined_in_another_way),
        TEST(in_several_pairs),
        TEST(with_a_constant_part),
        TEST(damaged_ones_have_no_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
