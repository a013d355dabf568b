/* SPDX-License-Identifier: Apache-2.0 */
/* Which assignments a rule with wildcards makes of a list of names. */
#include "map/expand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "map/token.h"

enum { NAMES_MOST = 32 };

static struct arena arena;
static uint64_t kept_most = 100;

struct list {
    struct str names[NAMES_MOST];
    uint32_t count;
};

static struct str name_at(const void *context, uint32_t i)
{
    return ((const struct list *)context)->names[i];
}

static uint32_t find_end(const void *context, struct str suffix, uint32_t i)
{
    const struct list *l = context;
    while (i < l->count && !str_ends(l->names[i], suffix)) {
        i++;
    }
    return i;
}

/* "a, b" to a list. */
static struct list list_of(const char *text)
{
    struct list l = {.count = 0};
    struct str rest = str_from(text);
    while (rest.ptr) {
        l.names[l.count++] = token_cut(rest, ',', &rest);
    }
    return l;
}

struct seen {
    const struct expand_rule *rule;
    struct buf text;
};

/* "a b = t; " */
static errint see(void *context, const struct expansion *e)
{
    struct seen *s = context;
    for (uint32_t i = 0; i < e->match_count; i++) {
        const struct expand_source *from = &s->rule->sources[e->matches[i].source];
        buf_text(&s->text, i ? " " : "");
        buf_str(&s->text, from->names.name(from->names.context, e->matches[i].name));
    }
    buf_text(&s->text, " = ");
    for (uint32_t t = 0; t < s->rule->target_count; t++) {
        const struct template_token *bad;
        buf_text(&s->text, t ? " " : "");
        assert_int_equal(template_fill(&s->rule->targets[t], &e->values, &s->text, &bad), 0);
    }
    buf_text(&s->text, "; ");
    return 0;
}

/* Names, sources and targets as texts, with commas between them. */
static errint run(const char *names, const char *sources, const char *targets, struct buf *out,
                  struct expand_fault *fault)
{
    struct list all = list_of(names);
    struct list patterns = list_of(sources);
    struct list templates = list_of(targets);
    struct expand_source from[NAMES_MOST];
    struct pattern parsed[NAMES_MOST];
    struct template made[NAMES_MOST];
    struct pattern_fault wrong;
    for (uint32_t i = 0; i < patterns.count; i++) {
        CLEANUP_BUF struct buf text = {0};
        for (size_t k = 0; k < patterns.names[i].len; k++) { /* '^' stands for ',' here */
            char c = patterns.names[i].ptr[k];
            buf_char(&text, (char)(c == '^' ? ',' : c));
        }
        struct str kept = arena_str(&arena, buf_view(&text));
        assert_int_equal(pattern_parse(kept, &arena, &parsed[i], &wrong), 0);
        from[i] = (struct expand_source){&parsed[i], {name_at, find_end, &all, all.count}};
    }
    for (uint32_t i = 0; i < templates.count; i++) {
        assert_int_equal(template_parse(templates.names[i], &arena, &made[i], &wrong), 0);
    }
    const struct expand_rule rule = {from, patterns.count, made, templates.count, kept_most};
    struct seen s = {&rule, {0}};
    errint rc = expand(&rule, see, &s, fault);
    buf_text(&s.text, "");
    buf_str(out, buf_view(&s.text));
    buf_text(out, "");
    buf_fini(&s.text);
    return rc;
}

static void check(const char *names, const char *sources, const char *targets, const char *expected)
{
    CLEANUP_BUF struct buf got = {0};
    struct expand_fault fault;
    assert_int_equal(run(names, sources, targets, &got, &fault), 0);
    assert_string_equal(got.len ? got.data : "", expected);
}

static void check_fault(const char *names, const char *sources, const char *targets,
                        struct expand_fault expected)
{
    CLEANUP_BUF struct buf got = {0};
    struct expand_fault fault = {0};
    assert_int_equal(run(names, sources, targets, &got, &fault), -EINVAL);
    assert_int_equal(fault.kind, expected.kind);
    assert_int_equal(fault.source, expected.source);
    assert_int_equal(fault.name, expected.name);
    assert_int_equal(fault.other, expected.other);
    assert_int_equal(fault.number, expected.number);
    if (expected.text.ptr) {
        assert_true(str_eq(fault.text, expected.text));
    }
}

static void expand_makes_an_assignment_of_each_match(void **state)
{
    (void)state;
    check("h_0/w, h_1/w, h_10/w, x", "h_{i}/w", "b.{i}",
          "h_0/w = b.0; h_1/w = b.1; h_10/w = b.10; ");
    check("a/w, a/w/Adam, b/w", "*/w", "*.w", "a/w = a.w; b/w = b.w; ");
    check("a/x, a/y/z, b", "a/", "c/", "a/x = c/x; a/y/z = c/y/z; ");
    check("k/b, k/w", "k/{w^b}", "*", "k/b = b; k/w = w; ");
    check("b_00, b_01", "b_{i}", "c{i}, d{i}", "b_00 = c0 d0; b_01 = c1 d1; ");
    check("a, b", "a", "x", "a = x; ");
}

static void expand_joins_sources_by_equal_captures(void **state)
{
    (void)state;
    check("l_0/k, l_0/q, l_1/k, l_1/q", "l_{i}/q, l_{i}/k", "h.{i}",
          "l_0/q l_0/k = h.0; l_1/q l_1/k = h.1; ");
    check("l_0/q, l_00/k", "l_{i}/q, l_{i}/k", "h.{i}", "l_0/q l_00/k = h.0; ");
    check("all, l_0/q, l_1/q", "l_{i}/q, all", "h.{i}", "l_0/q all = h.0; l_1/q all = h.1; ");
    check("a/k, a/q, b/k, b/q", "*/q, */k", "*.qk", "a/q a/k = a.qk; b/q b/k = b.qk; ");
    check("a_0/w, a_1/w, b_0_1, b_1_0", "a_{i}/w, b_{i}_{j}", "h.{i}.{j}",
          "a_0/w b_0_1 = h.0.1; a_1/w b_1_0 = h.1.0; ");
}

static void expand_gathers_what_is_left_out(void **state)
{
    (void)state;
    check("e_0/w, e_1/w, e_10/w, e_2/w, e_3/w, e_4/w, e_5/w, e_6/w, e_7/w, e_8/w, e_9/w", "e_{e}/w",
          "e.w", "e_0/w e_1/w e_2/w e_3/w e_4/w e_5/w e_6/w e_7/w e_8/w e_9/w e_10/w = e.w; ");
    check("a/k, a/q, a/v, b/k, b/q, b/v", "{b^a}/{q^k^v}", "{1}.qkv",
          "a/q a/k a/v = a.qkv; b/q b/k b/v = b.qkv; ");
    check("l0/e1, l0/e2, l1/e1, l1/e2", "l{l}/e{e}", "l{l}.e",
          "l0/e1 l0/e2 = l0.e; l1/e1 l1/e2 = l1.e; ");
    check("b, w", "{w^b}", "x", "w b = x; ");
    check("k0, k1, q0, q1", "q{i}, k{i}", "qk", "q0 q1 k0 k1 = qk; ");
}

static void expand_refuses_what_is_ambiguous_or_missing(void **state)
{
    (void)state;
    check_fault("a, b", "c*", "x.*", (struct expand_fault){.kind = EXPAND_NO_MATCH});
    check_fault("a, b", "a, c", "x", (struct expand_fault){.kind = EXPAND_NO_MATCH, .source = 1});
    check_fault("e18446744073709551617, e18446744073709551618", "e{i}", "e",
                (struct expand_fault){.kind = EXPAND_BIG, .name = 1, .text = STR("i")});
    check_fault(
        "e0, e1, e3", "e{i}", "e",
        (struct expand_fault){.kind = EXPAND_GAP, .name = 2, .text = STR("i"), .number = 2});
    check_fault("a/w, b/w", "*/w", "x",
                (struct expand_fault){.kind = EXPAND_TWICE, .name = 0, .other = 1});
    check_fault("e0, e00", "e{i}", "e",
                (struct expand_fault){.kind = EXPAND_TWICE, .name = 0, .other = 1});
    check_fault("k0, q0, q1", "q{i}, k{i}", "h{i}",
                (struct expand_fault){.kind = EXPAND_NO_PARTNER, .source = 1, .name = 2});
    check_fault(
        "k0, k1, q0", "q{i}, k{i}", "h{i}",
        (struct expand_fault){.kind = EXPAND_NO_PARTNER, .source = 0, .name = 1, .other = 1});
    check_fault("a", "a", "x.{1}", (struct expand_fault){.kind = EXPAND_NO_CAPTURE, .number = 1});
    check_fault("a0, b0", "a{i}, b{j}", "h{i}.{j}",
                (struct expand_fault){.kind = EXPAND_NO_NUMBER, .text = STR("i"), .number = 1});
}

static void expand_keeps_no_more_than_it_may(void **state)
{
    (void)state;
    kept_most = 10; /* five matches of one capture each */
    check("k0, k1, q0, q1", "q{i}, k{i}", "h{i}", "q0 k0 = h0; q1 k1 = h1; ");
    check_fault("k0, k1, k2, q0, q1, q2", "q{i}, k{i}", "h{i}",
                (struct expand_fault){.kind = EXPAND_MANY, .source = 1, .name = 2, .number = 10});
    check("a0, a1, a2, a3, a4, a5", "a{i}", "b{i}", /* nothing is kept */
          "a0 = b0; a1 = b1; a2 = b2; a3 = b3; a4 = b4; a5 = b5; ");
    kept_most = 100;
}

static unsigned free_numbers(const char *target, struct str names[2])
{
    struct pattern p;
    struct template t;
    struct pattern_fault wrong;
    assert_int_equal(pattern_parse(STR("a_{i}"), &arena, &p, &wrong), 0);
    assert_int_equal(template_parse(str_from(target), &arena, &t, &wrong), 0);
    const struct expand_source source = {&p, {0}};
    const struct expand_rule rule = {&source, 1, &t, 1, 0};
    return expand_free_numbers(&rule, names);
}

static void expand_free_numbers_are_what_no_source_has(void **state)
{
    (void)state;
    struct str names[2];
    assert_int_equal(free_numbers("b.{i}", names), 0);
    assert_int_equal(free_numbers("b.{n}.{i}.{n}", names), 1);
    assert_true(str_eq(names[0], STR("n")));
    assert_int_equal(free_numbers("{n}{m}{k}", names), 2);
    assert_true(str_eq(names[1], STR("m")));
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expand_makes_an_assignment_of_each_match),
        cmocka_unit_test(expand_joins_sources_by_equal_captures),
        cmocka_unit_test(expand_gathers_what_is_left_out),
        cmocka_unit_test(expand_refuses_what_is_ambiguous_or_missing),
        cmocka_unit_test(expand_keeps_no_more_than_it_may),
        cmocka_unit_test(expand_free_numbers_are_what_no_source_has),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
