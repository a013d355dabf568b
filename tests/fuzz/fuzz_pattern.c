/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern, a name and a target, each a line: what is captured stands in the name where the
 * pattern says, and a name can be made of it. */
#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "map/pattern.h"
#include "map/template.h"

static struct str cut_line(struct str *rest)
{
    long end = str_find(*rest, '\n');
    struct str line = end < 0 ? *rest : str_head(*rest, (size_t)end);
    *rest = str_from_pos(*rest, line.len + 1);
    return line;
}

/* To where in the name the token, with what it has captured, leads from each byte that is marked in
 * `from`: all that may be is marked in `to`. */
static void lead(const struct pattern_token *t, struct str captured, struct str name,
                 const bool *from, bool *to)
{
    bool slash = t->kind == PATTERN_COMPONENTS && t->slash_after;
    for (size_t i = 0; i <= name.len; i++) {
        struct str rest = str_from_pos(name, i);
        if (t->kind == PATTERN_COMPONENTS && t->slash_before && str_starts(rest, STR("/"))) {
            rest = str_from_pos(rest, 1);
        }
        if (from[i] && str_starts(rest, captured)) {
            size_t end = name.len - rest.len + captured.len;
            to[end] |= !slash || captured.len == 0;
            if (slash && end < name.len && name.ptr[end] == '/') {
                to[end + 1] = true;
            }
        }
    }
}

/* Whether the tokens, with what they have captured, are the name. */
static bool stands(const struct pattern *p, struct str name, const struct pattern_capture *captures)
{
    CLEANUP_FREE bool *from = calloc(name.len + 1, sizeof(*from));
    from[0] = true;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct pattern_token *t = &p->tokens[i];
        bool *to = calloc(name.len + 1, sizeof(*to));
        lead(t, t->kind == PATTERN_TEXT ? t->text : captures[t->capture].text, name, from, to);
        free(from);
        from = to;
    }
    return from[name.len];
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
    FUZZ_CHECK(stands(p, name, captures));
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
