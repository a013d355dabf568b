/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern, a name and a target, each a line: what is captured stands in the name where the
 * pattern says, and a name can be made of it. */
#include "fuzz/fuzz.h"

#include "map/pattern.h"
#include "map/template.h"

static struct str cut_line(struct str *rest)
{
    long end = str_find(*rest, '\n');
    struct str line = end < 0 ? *rest : str_head(*rest, (size_t)end);
    *rest = str_from_pos(*rest, line.len + 1);
    return line;
}

/* Whether tokens from `i` on, with what they have captured, are the bytes of the name from `at`
 * on. */
static bool stands(const struct pattern *p, struct str name, const struct pattern_capture *captures,
                   uint32_t i, size_t at)
{
    if (i == p->count) {
        return at == name.len;
    }
    const struct pattern_token *t = &p->tokens[i];
    struct str text = t->kind == PATTERN_TEXT ? t->text : captures[t->capture].text;
    struct str rest = str_from_pos(name, at);
    if (t->kind == PATTERN_COMPONENTS && t->slash_before && str_starts(rest, STR("/"))) {
        at++;
        rest = str_from_pos(name, at);
    }
    if (!str_starts(rest, text)) {
        return false;
    }
    at += text.len;
    bool slash = t->kind == PATTERN_COMPONENTS && t->slash_after;
    if (slash && at < name.len && name.ptr[at] == '/' && stands(p, name, captures, i + 1, at + 1)) {
        return true;
    }
    return (!slash || text.len == 0) && stands(p, name, captures, i + 1, at);
}

static void check_match(const struct pattern *p, struct str name,
                        const struct pattern_capture *captures)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct pattern_token *t = &p->tokens[i];
        struct str text = t->kind == PATTERN_TEXT ? t->text : captures[t->capture].text;
        if (t->kind == PATTERN_CHOICE) {
            FUZZ_CHECK(captures[t->capture].choice < t->choice_count);
            FUZZ_CHECK(str_eq(text, t->choices[captures[t->capture].choice]));
        }
        FUZZ_CHECK(t->kind != PATTERN_STAR || (text.len && str_find(text, '/') < 0));
    }
    FUZZ_CHECK(stands(p, name, captures, 0, 0));
}

static void fill(const struct pattern *p, const struct pattern_capture *captures,
                 const struct template *t)
{
    struct str unnamed[PATTERN_CAPTURES_MOST] = {{NULL, 0}};
    struct str names[PATTERN_CAPTURES_MOST];
    struct str numbers[PATTERN_CAPTURES_MOST];
    struct template_values values = {unnamed, names, numbers, 0, STR("")};
    const struct template_token *bad;
    CLEANUP_BUF struct buf made = {0};
    if (t->captures > p->unnamed_count) {
        return;
    }
    for (uint32_t i = 0; i < p->unnamed_count; i++) {
        unnamed[i] = captures[p->tokens[p->by_number[i]].capture].text;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->tokens[i].kind == PATTERN_NUMBER) {
            names[values.number_count] = p->tokens[i].text;
            numbers[values.number_count++] = captures[p->tokens[i].capture].text;
        }
    }
    errint rc = template_fill(t, &values, &made, &bad);
    FUZZ_CHECK(rc == 0 || (rc == -ERANGE && bad->kind == TEMPLATE_NUMBER));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_of(data, size);
    struct str text = cut_line(&rest);
    struct str name = cut_line(&rest);
    struct pattern_capture captures[PATTERN_CAPTURES_MOST];
    struct pattern_scratch scratch = {0};
    struct pattern_fault fault;
    struct pattern p;
    struct template t;
    struct arena a;
    arena_init(&a);
    if (pattern_parse(text, &a, &p, &fault) == 0) {
        int rc = pattern_match(&p, name, &scratch, captures);
        FUZZ_CHECK(rc == 0 || rc == 1 || rc == -E2BIG);
        if (rc == 1) {
            check_match(&p, name, captures);
        }
        if (rc == 1 && template_parse(rest, &a, &t, &fault) == 0) {
            fill(&p, captures, &t);
        }
    }
    pattern_scratch_fini(&scratch);
    arena_fini(&a);
    return 0;
}
