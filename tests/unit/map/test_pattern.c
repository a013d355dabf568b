/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns and templates: what is captured, what is made of it, and that a match agrees with a
 * slow one that knows nothing of tokens. */
#include "map/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "map/template.h"

static struct arena arena;
static struct pattern_scratch scratch;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pattern_scratch_fini(&scratch);
    arena_fini(&arena);
    return 0;
}

static struct pattern parsed(const char *text)
{
    struct pattern p;
    struct pattern_fault fault;
    assert_int_equal(pattern_parse(str_from(text), &arena, &p, &fault), 0);
    return p;
}

/* The captures of a match, joined by '|'; "-" where there is none. */
static void captures_of(const char *pattern, struct str name, struct buf *out)
{
    struct pattern p = parsed(pattern);
    struct pattern_capture captures[PATTERN_CAPTURES_MOST];
    int rc = pattern_match(&p, name, &scratch, captures);
    assert_in_range(rc, 0, 1);
    if (!rc) {
        buf_text(out, "-");
        return;
    }
    for (uint32_t i = 0; i < p.capture_count; i++) {
        buf_text(out, i ? "|" : "");
        buf_str(out, captures[i].text);
    }
}

static void check_captures(const char *pattern, const char *name, const char *expected)
{
    CLEANUP_BUF struct buf got = {0};
    captures_of(pattern, str_from(name), &got);
    buf_text(&got, "");
    assert_string_equal(got.len ? got.data : "", expected);
}

static void pattern_match_captures_as_little_as_it_can(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name, *captures;
    } cases[] = {
        {"layer_{i}/kernel", "layer_12/kernel", "12"},
        {"layer_{i}/kernel", "layer_/kernel", "-"},
        {"layer_{i}/kernel", "layer_1x/kernel", "-"},
        {"layer_{i}/kernel", "layer_1/kernel/Adam", "-"},
        {"h{i}", "h007", "007"},
        {"h{i}{j}", "h12", "-"}, /* a number is the whole run of digits */
        {"*", "a", "a"},
        {"*", "a/b", "-"},
        {"*", "", "-"},
        {"a/*", "a/", "-"},
        {"*_*", "a_b_c", "a|b_c"},
        {"*{i}", "layer12", "layer|12"},
        {"*_{i}", "a_1_2", "a_1|2"},
        {"**", "a/b/c", "a/b/c"},
        {"**/w", "w", ""},
        {"**/w", "a/w", "a"},
        {"**/w", "a/b/w", "a/b"},
        {"**/w", "xw", "-"},
        {"a/**/w", "a/w", ""},
        {"a/**/w", "a/b/c/w", "b/c"},
        {"a/**/w", "ab/w", "-"},
        {"a/**", "a", ""},
        {"a/**", "a/b/c", "b/c"},
        {"a/**", "ab", "-"},
        {"**/x/**", "x", "|"},
        {"**/x/**", "a/x/x/b", "a|x/b"},
        {"**/*", "a/b/c", "a/b|c"},
        {"{q,k,v}/w", "k/w", "k"},
        {"{q,k,v}/w", "x/w", "-"},
        {"a{,/b}/w", "a/w", ""},
        {"a{,/b}/w", "a/b/w", "/b"},
        {"{a,ab}{b,c,}", "ab", "a|b"},
        {"{a,ab}{c,}", "ab", "ab|"},
        {"{ a, b}", " a", " a"},
        {"{x%2Cy,z}", "x,y", "x,y"},
        {"a%2A", "a*", ""},
        {"a%7Bi%7D*", "a{i}b", "b"},
        {"{i}/{i}", "3/3", "3|3"},
        {"{i}/{i}", "3/03", "3|03"},
        {"{i}/{i}", "3/4", "-"},
        {"**/{i}/x/**/{i}", "1/x/2/x/2", "1/x|2||2"}, /* the first way would be 1, and 2 */
        {"a/", "a/b", "b"},
        {"a/", "a/b/c", "b/c"},
        {"a/", "a", "-"},
        {"a/", "a/", "-"},
        {"layer_{i}/", "layer_3/a/b", "3|a/b"},
        {"a/%/*", "a//b", "b"},
        {"100%/*", "100%/b", "b"},
        {"%{i}", "%5", "5"},
        {"*%", "a%", "a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_captures(cases[i].pattern, cases[i].name, cases[i].captures);
    }
}

static void pattern_match_says_which_choice(void **state)
{
    (void)state;
    struct pattern p = parsed("{a,ab,abc}x");
    struct pattern_capture captures[PATTERN_CAPTURES_MOST];
    assert_int_equal(pattern_match(&p, STR("abx"), &scratch, captures), 1);
    assert_int_equal(captures[0].choice, 1);
}

static void pattern_parse_refuses_with_the_part_that_is_meant(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *at;
    } cases[] = {
        {"a{b", "{b"},      {"a}b", "}"},         {"{}", "{}"},          {"{1}", "{1}"},
        {"{a b}", "{a b}"}, {"{a*,b}", "{a*,b}"}, {"x/***", "***"},      {"a**", "**"},
        {"**a", "**"},      {"x/**{a,b}", "**"},  {"{a,{b}}", "{a,{b}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pattern p;
        struct pattern_fault fault = {0};
        assert_int_equal(pattern_parse(str_from(cases[i].pattern), &arena, &p, &fault), -EINVAL);
        assert_non_null(fault.why);
        assert_true(str_eq(fault.at, str_from(cases[i].at)));
    }
}

static void pattern_parse_has_limits(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf text = {0};
    struct pattern p;
    struct pattern_fault fault = {0};
    for (int i = 0; i < PATTERN_CAPTURES_MOST; i++) {
        buf_text(&text, "*_");
    }
    assert_int_equal(pattern_parse(buf_view(&text), &arena, &p, &fault), 0);
    buf_text(&text, "*");
    assert_int_equal(pattern_parse(buf_view(&text), &arena, &p, &fault), -EOVERFLOW);
    assert_true(fault.limit);
}

static void pattern_match_takes_no_more_than_linear_time(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf name = {0};
    for (int i = 0; i < 60000; i++) {
        buf_char(&name, 'a');
    }
    struct pattern_capture captures[PATTERN_CAPTURES_MOST];
    struct pattern p = parsed("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab*");
    assert_int_equal(pattern_match(&p, str_head(buf_view(&name), 300), &scratch, captures), 0);
    /* A number that is named twice is looked for everywhere, up to a limit. */
    CLEANUP_BUF struct buf numbers = {0};
    for (int i = 0; i < 9000; i++) {
        buf_printf(&numbers, "%d/", i);
    }
    buf_char(&numbers, 'x');
    struct pattern twice = parsed("**/{i}/**/{i}/**/{i}/x");
    assert_int_equal(pattern_match(&twice, buf_view(&numbers), &scratch, captures), -E2BIG);
    numbers.len--; /* how it ends is looked at first */
    assert_int_equal(pattern_match(&twice, buf_view(&numbers), &scratch, captures), 0);
}

/* ---- against a slow matcher, which goes over the text of the pattern ---- */

struct slow {
    const char *p, *n; /* what is left of both */
    struct buf *out;
};

static bool slow_match(const char *p, const char *n, const char *name, struct buf *out);

/* The capture [n, end), then the rest. */
static bool slow_try(const char *p, const char *n, const char *end, const char *next,
                     const char *name, struct buf *out)
{
    size_t len = out->len;
    buf_text(out, len ? "|" : "<");
    buf_add(out, n, (size_t)(end - n));
    if (slow_match(p, next, name, out)) {
        return true;
    }
    out->len = len;
    return false;
}

static bool slow_components(const char *p, const char *n, const char *name, struct buf *out)
{
    bool last = *p == '\0';
    if (last) {
        return slow_try(p, n, n + strlen(n), n + strlen(n), name, out);
    }
    if (slow_try(p + 1, n, n, n, name, out)) {
        return true;
    }
    for (const char *end = n; *end; end++) {
        if (*end == '/' && slow_try(p + 1, n, end, end + 1, name, out)) {
            return true;
        }
    }
    return false;
}

static bool slow_match(const char *p, const char *n, const char *name, struct buf *out)
{
    if (strcmp(p, "/**") == 0 && *n == '\0') {
        return slow_try(p + 3, n, n, n, name, out);
    }
    if (*p == '\0') {
        return *n == '\0';
    }
    if (p[0] == '*' && p[1] == '*') {
        return slow_components(p + 2, n, name, out);
    }
    if (*p == '*') {
        for (const char *end = n; *end && *end != '/';) {
            end++;
            if (slow_try(p + 1, n, end, end, name, out)) {
                return true;
            }
        }
        return false;
    }
    if (*p == '{' && !memchr(p, ',', (size_t)(strchr(p, '}') - p))) {
        const char *end = n + strspn(n, "0123456789");
        return end > n && slow_try(strchr(p, '}') + 1, n, end, end, name, out);
    }
    if (*p == '{') {
        const char *close = strchr(p, '}');
        for (const char *text = p + 1; text <= close;) {
            size_t len = strcspn(text, ",}");
            if (strncmp(n, text, len) == 0 && slow_try(close + 1, n, n + len, n + len, name, out)) {
                return true;
            }
            text += len + 1;
        }
        return false;
    }
    return *p == *n && slow_match(p + 1, n + 1, name, out);
}

static const char *pick(const char *const *words, size_t count)
{
    return words[(size_t)rand() % count];
}

static void pattern_match_agrees_with_a_slow_matcher(void **state)
{
    (void)state;
    static const char *const parts[] = {"a",     "b",   "1",       "*",   "**",
                                        "{a,b}", "{#}", "{a,,ab}", "a*",  "*b",
                                        "*{#}",  "ab",  "{b/a,a}", "1*1", "{x,1}{#}"};
    static const char *const pieces[] = {"a", "b", "1", "ab", "11", "a1", "/", "b/a"};
    unsigned matched = 0;
    srand(21);
    for (int round = 0; round < 200000; round++) {
        CLEANUP_BUF struct buf pattern = {0};
        CLEANUP_BUF struct buf name = {0};
        CLEANUP_BUF struct buf expected = {0};
        CLEANUP_BUF struct buf got = {0};
        int count = 1 + rand() % 4;
        for (int i = 0; i < count; i++) {
            buf_text(&pattern, i ? "/" : "");
            buf_text(&pattern, pick(parts, ARRAY_LEN(parts)));
            char *name_place = strchr(pattern.data, '#');
            if (name_place) {
                *name_place = (char)('i' + i); /* no name is given twice */
            }
        }
        count = 1 + rand() % 8;
        for (int i = 0; i < count; i++) {
            buf_text(&name, pick(pieces, ARRAY_LEN(pieces)));
        }
        bool matches = slow_match(pattern.data, name.data, name.data, &expected);
        buf_text(&got, "");
        captures_of(pattern.data, buf_view(&name), &got);
        if (str_eq(buf_view(&got), STR("-")) == matches ||
            (matches && expected.len &&
             !str_eq(buf_view(&got), str_from_pos(buf_view(&expected), 1)))) {
            fail_msg("pattern %s, name %s: found %.*s, expected %s %.*s", pattern.data, name.data,
                     (int)got.len, got.data, matches ? "a match" : "none", (int)expected.len,
                     expected.len ? expected.data : "");
        }
        matched += matches;
        if (round % 1000 == 0) {
            arena_fini(&arena);
        }
    }
    assert_true(matched > 2000);
}

/* ---- templates ---- */

static void check_fill(const char *source, const char *name, const char *target,
                       const char *expected)
{
    struct pattern p = parsed(source);
    struct template t;
    struct pattern_fault fault = {0};
    struct pattern_capture captures[PATTERN_CAPTURES_MOST];
    struct str unnamed[PATTERN_CAPTURES_MOST];
    struct str names[PATTERN_CAPTURES_MOST];
    struct str numbers[PATTERN_CAPTURES_MOST];
    struct template_values values = {unnamed, names, numbers, 0, STR("")};
    const struct template_token *bad;
    CLEANUP_BUF struct buf made = {0};

    assert_int_equal(pattern_match(&p, str_from(name), &scratch, captures), 1);
    for (uint32_t i = 0; i < p.unnamed_count; i++) {
        unnamed[i] = captures[p.tokens[p.by_number[i]].capture].text;
    }
    for (uint32_t i = 0; i < p.count; i++) {
        if (p.tokens[i].kind == PATTERN_NUMBER) {
            names[values.number_count] = p.tokens[i].text;
            numbers[values.number_count++] = captures[p.tokens[i].capture].text;
        }
    }
    if (p.is_scope) {
        values.below = captures[p.capture_count - 1].text;
    }
    assert_int_equal(template_parse(str_from(target), &arena, &t, &fault), 0);
    assert_true(t.captures <= p.unnamed_count);
    errint rc = template_fill(&t, &values, &made, &bad);
    if (!expected) {
        assert_int_equal(rc, -ERANGE);
        assert_int_equal(bad->kind, TEMPLATE_NUMBER);
        return;
    }
    assert_int_equal(rc, 0);
    buf_text(&made, "");
    assert_string_equal(made.data, expected);
}

static void template_fill_makes_a_name_of_captures(void **state)
{
    (void)state;
    check_fill("block_{i}/w", "block_007/w", "block.{i}.weight", "block.7.weight");
    check_fill("/", "a/b", "s/", "s/a/b"); /* the root */
    check_fill("/", "/b", "s/", "s//b");
    check_fill("a/", "a/b/c", "/", "b/c");
    check_fill("/", "a/b", "/", "a/b");
    check_fill("block_{i}/w", "block_000/w", "b{i}", "b0");
    check_fill("block_{i}/w", "block_7/w", "b{i+1}", "b8");
    check_fill("block_{i}/w", "block_7/w", "b{i-1}", "b6");
    check_fill("block_{i}/w", "block_0/w", "b{i-1}", NULL);
    check_fill("block_{i}/w", "block_9223372036854775807/w", "b{i+1}", NULL);
    check_fill("block_{i}/w", "block_99999999999999999999/w", "b{i}", "b99999999999999999999");
    check_fill("**/*/{w,b}", "a/b/c/w", "x.*.y.*.*", "x.a/b.y.c.w");
    check_fill("**/*/{w,b}", "a/b/c/w", "{3}:{2}:{1.}", "w:c:a.b");
    check_fill("**/*/{w,b}", "a/b/c/w", "{**.}.*.*", "a.b.c.w");
    check_fill("**/w", "w", "m/**/x", "m/x");
    check_fill("**/w", "w", "**/x", "x");
    check_fill("**/w", "w", "m.{**.}.x", "m.x");
    check_fill("**/w", "w", "{**.}.x", "x");
    check_fill("a/**", "a", "b/**", "b");
    check_fill("a/**", "a", "b.{**.}", "b");
    check_fill("x{,_ema}/w", "x/w", "y*/w", "y/w");
    check_fill("l_{i}/", "l_03/a/b", "k.{i}/", "k.3/a/b");
    check_fill("*", "a", "%7B*%7D", "{a}");
}

static void template_parse_refuses_with_the_part_that_is_meant(void **state)
{
    (void)state;
    static const struct {
        const char *target, *at;
    } cases[] = {
        {"a{i", "{i"},    {"}", "}"},       {"{}", "{}"},       {"{0}", "{0}"},
        {"*{1}", "{1}"},  {"{1}/**", "**"}, {"{a,b}", "{a,b}"}, {"{i*2}", "{i*2}"},
        {"{i+}", "{i+}"}, {"{+1}", "{+1}"}, {"{99}", "{99}"},   {"{i.}", "{i.}"},
        {"***", "***"},   {"{1a}", "{1a}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct template t;
        struct pattern_fault fault = {0};
        assert_int_equal(template_parse(str_from(cases[i].target), &arena, &t, &fault), -EINVAL);
        assert_non_null(fault.why);
        if (!str_eq(fault.at, str_from(cases[i].at))) {
            fail_msg("%s: at %.*s", cases[i].target, STR_ARG(fault.at));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_match_captures_as_little_as_it_can),
        cmocka_unit_test(pattern_match_says_which_choice),
        cmocka_unit_test(pattern_parse_refuses_with_the_part_that_is_meant),
        cmocka_unit_test(pattern_parse_has_limits),
        cmocka_unit_test(pattern_match_takes_no_more_than_linear_time),
        cmocka_unit_test(pattern_match_agrees_with_a_slow_matcher),
        cmocka_unit_test(template_fill_makes_a_name_of_captures),
        cmocka_unit_test(template_parse_refuses_with_the_part_that_is_meant),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
