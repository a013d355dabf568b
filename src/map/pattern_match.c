/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>

#include "base/checked.h"
#include "map/pattern.h"

enum {
    STEPS_FREE = 64, /* and as many for each byte of the name: then failures are remembered */
    STEPS_A_BYTE = 4,
    STEPS_REPEATED = 64, /* for each byte and token, where failures cannot be remembered */
};

struct match {
    const struct pattern *pattern;
    struct pattern_capture *captures;
    struct str name;
    struct pattern_scratch *scratch;
    uint64_t steps;
    bool remembering;
    errint rc; /* why it was given up */
};

void pattern_scratch_fini(struct pattern_scratch *s)
{
    free(s->failed);
    *s = (struct pattern_scratch){0};
}

struct str pattern_number(struct str digits)
{
    while (digits.len > 1 && digits.ptr[0] == '0') {
        digits = str_from_pos(digits, 1);
    }
    return digits;
}

int pattern_number_order(struct str a, struct str b)
{
    a = pattern_number(a);
    b = pattern_number(b);
    return a.len != b.len ? (a.len > b.len) - (a.len < b.len) : str_cmp(a, b);
}

/* Makes room to remember where tokens have failed. */
static errint begin_remembering(struct match *m)
{
    struct pattern_scratch *s = m->scratch;
    size_t words = (m->pattern->count * (m->name.len + 1) + 63) / 64;
    if (words > s->words) {
        uint64_t *bits = realloc(s->failed, words * sizeof(*bits));
        if (!bits) {
            return -ENOMEM;
        }
        s->failed = bits;
        s->words = words;
    }
    memset(s->failed, 0, words * sizeof(*s->failed));
    memset(s->runs, 0, sizeof(s->runs));
    m->remembering = true;
    return 0;
}

/* Counts a step; false: no more of them. */
static bool may_go_on(struct match *m)
{
    uint64_t free_steps = STEPS_FREE + STEPS_A_BYTE * (uint64_t)m->name.len;
    if (m->rc < 0) {
        return false;
    }
    if (++m->steps <= free_steps || m->remembering) {
        return true;
    }
    if (!m->pattern->repeats) {
        m->rc = begin_remembering(m);
    } else if (m->steps > STEPS_REPEATED * (uint64_t)m->pattern->count * (m->name.len + 1)) {
        m->rc = -E2BIG;
    }
    return m->rc == 0;
}

static size_t failed_index(const struct match *m, uint32_t token, size_t at)
{
    return token * (m->name.len + 1) + at;
}

static bool has_failed(const struct match *m, uint32_t token, size_t at)
{
    size_t i = failed_index(m, token, at);
    return m->remembering && m->scratch->failed[i / 64] >> (i % 64) & 1;
}

static bool remember_failure(struct match *m, uint32_t token, size_t at)
{
    size_t i = failed_index(m, token, at);
    if (m->remembering) {
        m->scratch->failed[i / 64] |= UINT64_C(1) << (i % 64);
    }
    return false;
}

static bool match_from(struct match *m, uint32_t token, size_t at);

/* Whether the capture may be bytes [at, end) and all after it matches from `next` on. */
static bool try_capture(struct match *m, uint32_t token, size_t at, size_t end, size_t next)
{
    const struct pattern_token *t = &m->pattern->tokens[token];
    m->captures[t->capture].text = str_of(m->name.ptr + at, end - at);
    return match_from(m, token + 1, next);
}

/* Where a `*` or a number has failed, it fails from all later bytes of the component or the digits
 * too: it ends in no other places. Else long ones took the square of their length. */
static bool has_failed_before(const struct match *m, uint32_t token, size_t at)
{
    const struct pattern_failure *f = &m->scratch->runs[token];
    return m->remembering && at >= f->from && at < f->end;
}

static bool remember_run(struct match *m, uint32_t token, size_t from, size_t end)
{
    if (m->remembering) {
        m->scratch->runs[token] = (struct pattern_failure){from, end};
    }
    return false;
}

static bool match_star(struct match *m, uint32_t token, size_t at)
{
    size_t end = at;
    if (has_failed_before(m, token, at)) {
        return false;
    }
    while (end < m->name.len && m->name.ptr[end] != '/') {
        end++;
        if (try_capture(m, token, at, end, end)) {
            return true;
        }
    }
    return remember_run(m, token, at, end);
}

/* `**` before a '/', which is its own: components that each end in one. */
static bool match_leading_components(struct match *m, uint32_t token, size_t at)
{
    if (try_capture(m, token, at, at, at)) {
        return true;
    }
    for (size_t end = at; end < m->name.len; end++) {
        if (m->name.ptr[end] == '/' && try_capture(m, token, at, end, end + 1)) {
            return true;
        }
    }
    return false;
}

/* `**` at the end: all that is left. */
static bool match_last_components(struct match *m, uint32_t token, size_t at)
{
    const struct pattern_token *t = &m->pattern->tokens[token];
    size_t from = at;
    if (t->slash_before && at < m->name.len) {
        if (m->name.ptr[at] != '/') {
            return false;
        }
        from++;
    }
    return (from < m->name.len || !t->some) &&
           try_capture(m, token, from, m->name.len, m->name.len);
}

static bool match_choice(struct match *m, uint32_t token, size_t at)
{
    const struct pattern_token *t = &m->pattern->tokens[token];
    for (uint32_t i = 0; i < t->choice_count; i++) {
        size_t end = at + t->choices[i].len;
        m->captures[t->capture].choice = i;
        if (str_starts(str_from_pos(m->name, at), t->choices[i]) &&
            try_capture(m, token, at, end, end)) {
            m->captures[t->capture].choice = i;
            return true;
        }
    }
    return false;
}

/* Whether the number is that of each earlier token with its name. */
static bool agrees(const struct match *m, uint32_t token, struct str digits)
{
    const struct pattern_token *tokens = m->pattern->tokens;
    for (uint32_t i = 0; m->pattern->repeats && i < token; i++) {
        if (tokens[i].kind == PATTERN_NUMBER && str_eq(tokens[i].text, tokens[token].text) &&
            !str_eq(pattern_number(m->captures[tokens[i].capture].text), pattern_number(digits))) {
            return false;
        }
    }
    return true;
}

static bool match_number(struct match *m, uint32_t token, size_t at)
{
    size_t end = at;
    if (has_failed_before(m, token, at)) {
        return false;
    }
    while (end < m->name.len && isdigit((unsigned char)m->name.ptr[end])) {
        end++;
    }
    m->steps += end - at;
    if (end == at || !agrees(m, token, str_of(m->name.ptr + at, end - at))) {
        return false;
    }
    return try_capture(m, token, at, end, end) || remember_run(m, token, at, end);
}

static bool match_token(struct match *m, uint32_t token, size_t at)
{
    const struct pattern_token *t = &m->pattern->tokens[token];
    switch (t->kind) {
    case PATTERN_TEXT:
        return str_starts(str_from_pos(m->name, at), t->text) &&
               match_from(m, token + 1, at + t->text.len);
    case PATTERN_STAR:
        return match_star(m, token, at);
    case PATTERN_COMPONENTS:
        return t->slash_after ? match_leading_components(m, token, at)
                              : match_last_components(m, token, at);
    case PATTERN_CHOICE:
        return match_choice(m, token, at);
    case PATTERN_NUMBER:
        return match_number(m, token, at);
    }
    return false;
}

/* Whether the bytes of the name from `at` on match all tokens from `token` on. */
static bool match_from(struct match *m, uint32_t token, size_t at)
{
    if (token == m->pattern->count) {
        return at == m->name.len;
    }
    if (!may_go_on(m) || has_failed(m, token, at)) {
        return false;
    }
    return match_token(m, token, at) || remember_failure(m, token, at);
}

int pattern_match(const struct pattern *p, struct str name, struct pattern_scratch *s,
                  struct pattern_capture *captures)
{
    struct match m = {.pattern = p, .captures = captures, .name = name, .scratch = s};
    if (!str_starts(name, p->prefix) || !str_ends(name, p->suffix)) {
        return 0;
    }
    bool matched = match_from(&m, 0, 0);
    return m.rc < 0 ? m.rc : matched;
}
