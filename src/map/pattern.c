/* SPDX-License-Identifier: Apache-2.0 */
#include "map/pattern.h"

#include "base/buf.h"
#include "base/escape.h"
#include "map/token.h"

struct parsing {
    struct str text;
    size_t at; /* what is read next */
    struct arena *arena;
    struct pattern_token *tokens; /* PATTERN_TOKENS_MOST */
    struct pattern *out;
    struct pattern_fault *fault;
};

static errint refuse(struct parsing *p, const char *why, size_t from, size_t end)
{
    *p->fault = (struct pattern_fault){why, str_of(p->text.ptr + from, end - from), false};
    return -EINVAL;
}

static errint exceed(struct parsing *p, const char *why)
{
    *p->fault = (struct pattern_fault){why, p->text, true};
    return -EOVERFLOW;
}

bool pattern_is(struct str text)
{
    return str_find(text, '*') >= 0 || str_find(text, '{') >= 0 || str_find(text, '}') >= 0;
}

static errint add_token(struct parsing *p, struct pattern_token token)
{
    if (p->out->count == PATTERN_TOKENS_MOST) {
        return exceed(p, "the pattern has too many wildcards");
    }
    if (token.kind != PATTERN_TEXT) {
        if (p->out->capture_count == PATTERN_CAPTURES_MOST) {
            return exceed(p, "the pattern has more than 32 wildcards");
        }
        token.capture = p->out->capture_count++;
        p->out->unnamed_count += token.kind != PATTERN_NUMBER && !token.some;
    }
    p->tokens[p->out->count++] = token;
    return 0;
}

/* The bytes that map text stands for. A lone '%' is an empty component; one beside a wildcard is
 * itself. */
static errint decode(struct parsing *p, struct str text, bool joined_before, bool joined_after,
                     struct str *out)
{
    CLEANUP_BUF struct buf escaped = {0};
    size_t slash = (size_t)str_rfind(text, '/') + 1;
    bool first =
        joined_before && text.len && text.ptr[0] == '%' && (text.len == 1 || text.ptr[1] == '/');
    bool last = joined_after && text.len - slash == 1 && text.ptr[slash] == '%';
    buf_text(&escaped, first ? "%25" : "");
    buf_str(&escaped, str_from_pos(text, first));
    if (last && !(first && text.len == 1)) {
        buf_text(&escaped, "25");
    }
    if (escaped.failed) {
        return -ENOMEM;
    }
    *out = unescape_name(p->arena, buf_view(&escaped));
    return out->ptr ? 0 : -ENOMEM;
}

static errint add_text(struct parsing *p, size_t from, size_t end)
{
    struct pattern_token token = {.kind = PATTERN_TEXT};
    if (end == from || str_eq(p->text, STR("/"))) { /* the root is a scope without a name */
        return 0;
    }
    bool begins = from == 0 || p->text.ptr[from - 1] == '/';
    errint rc =
        decode(p, str_of(p->text.ptr + from, end - from), !begins, end < p->text.len, &token.text);
    return rc < 0 ? rc : add_token(p, token);
}

/* `*` or `**` */
static errint parse_stars(struct parsing *p, size_t text_from)
{
    size_t from = p->at;
    while (p->at < p->text.len && p->text.ptr[p->at] == '*') {
        p->at++;
    }
    bool at_end = p->at == p->text.len;
    bool begins = from == 0 || p->text.ptr[from - 1] == '/';
    bool ends = at_end || p->text.ptr[p->at] == '/';
    struct pattern_token token = {.kind = PATTERN_STAR};
    if (p->at - from > 2) {
        return refuse(p, "'***' is no wildcard: expected '*' or '**'", from, p->at);
    }
    if (p->at - from == 2) {
        if (!begins || !ends) {
            return refuse(p, "'**' stands for whole components: expected a '/' beside it", from,
                          p->at);
        }
        token.kind = PATTERN_COMPONENTS;
        token.slash_after = !at_end;
        token.slash_before = at_end && from > text_from;
    }
    errint rc = add_text(p, text_from, from - token.slash_before);
    p->at += token.slash_after;
    return rc < 0 ? rc : add_token(p, token);
}

static errint parse_choices(struct parsing *p, struct str inside, struct pattern_token *token)
{
    uint32_t count = 1;
    for (size_t i = 0; i < inside.len; i++) {
        count += inside.ptr[i] == ',';
    }
    if (count > PATTERN_CHOICES_MOST) {
        return exceed(p, "braces have more than 256 texts");
    }
    struct str *choices = ARENA_ARRAY(p->arena, struct str, count);
    if (!choices) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        long comma = str_find(inside, ',');
        struct str text = comma < 0 ? inside : str_head(inside, (size_t)comma);
        errint rc = decode(p, text, true, true, &choices[i]);
        if (rc < 0) {
            return rc;
        }
        inside = str_from_pos(inside, text.len + 1);
    }
    *token =
        (struct pattern_token){.kind = PATTERN_CHOICE, .choices = choices, .choice_count = count};
    return 0;
}

/* `{i}` or `{a,b}` */
static errint parse_braces(struct parsing *p)
{
    size_t from = p->at;
    struct str inside = token_braces(str_from_pos(p->text, from));
    if (!inside.ptr) {
        return refuse(p, "a '{' has no '}'", from, p->text.len);
    }
    p->at = from + inside.len + 2;
    if (str_find(inside, '{') >= 0 || str_find(inside, '*') >= 0) {
        return refuse(p, "braces within braces, or a wildcard in them, are no pattern", from,
                      p->at);
    }
    struct pattern_token token = {.kind = PATTERN_NUMBER, .text = inside};
    if (str_find(inside, ',') >= 0) {
        errint rc = parse_choices(p, inside, &token);
        return rc < 0 ? rc : add_token(p, token);
    }
    if (!token_is_identifier(inside)) {
        return refuse(p, "expected a name such as {i}, or texts such as {a,b}, in braces", from,
                      p->at);
    }
    return add_token(p, token);
}

static errint parse_tokens(struct parsing *p)
{
    size_t text_from = 0;
    errint rc = 0;
    while (rc == 0 && p->at < p->text.len) {
        char c = p->text.ptr[p->at];
        if (c == '*') {
            rc = parse_stars(p, text_from);
            text_from = p->at;
        } else if (c == '{') {
            rc = add_text(p, text_from, p->at);
            if (rc == 0) {
                rc = parse_braces(p);
            }
            text_from = p->at;
        } else if (c == '}') {
            return refuse(p, "a '}' has no '{'", p->at, p->at + 1);
        } else {
            p->at++;
        }
    }
    return rc < 0 ? rc : add_text(p, text_from, p->text.len);
}

/* What a scope stands for: all below it. */
static errint add_scope(struct parsing *p)
{
    if (p->text.len == 0 || p->text.ptr[p->text.len - 1] != '/') {
        return 0;
    }
    p->out->is_scope = true;
    return add_token(p, (struct pattern_token){.kind = PATTERN_COMPONENTS, .some = true});
}

/* What follows from the tokens. */
static errint finish(struct parsing *p)
{
    struct pattern *out = p->out;
    struct pattern_token *tokens = ARENA_ARRAY(p->arena, struct pattern_token, out->count);
    uint32_t *by_number = ARENA_ARRAY(p->arena, uint32_t, out->unnamed_count + 1);
    if (!tokens || !by_number) {
        return -ENOMEM;
    }
    uint32_t number = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        const struct pattern_token *t = &p->tokens[i];
        tokens[i] = *t;
        if (t->kind != PATTERN_TEXT && t->kind != PATTERN_NUMBER && !t->some) {
            by_number[number++] = i;
        }
        for (uint32_t k = 0; k < i; k++) {
            out->repeats |= t->kind == PATTERN_NUMBER && tokens[k].kind == PATTERN_NUMBER &&
                            str_eq(t->text, tokens[k].text);
        }
    }
    out->tokens = tokens;
    out->by_number = by_number;
    const struct pattern_token *last = &tokens[out->count ? out->count - 1 : 0];
    out->prefix = out->count && tokens[0].kind == PATTERN_TEXT ? tokens[0].text : STR("");
    out->suffix = out->count && last->kind == PATTERN_TEXT ? last->text : STR("");
    return 0;
}

errint pattern_parse(struct str text, struct arena *a, struct pattern *out,
                     struct pattern_fault *fault)
{
    struct pattern_token tokens[PATTERN_TOKENS_MOST];
    struct parsing p = {.text = text, .arena = a, .tokens = tokens, .out = out, .fault = fault};
    *out = (struct pattern){0};
    errint rc = str_eq(text, STR("/")) ? 0 : parse_tokens(&p); /* of the root no text stays */
    if (rc < 0) {
        return rc;
    }
    rc = add_scope(&p);
    return rc < 0 ? rc : finish(&p);
}

const struct pattern_token *pattern_token_of(const struct pattern *p, struct str name)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->tokens[i].kind == PATTERN_NUMBER && str_eq(p->tokens[i].text, name)) {
            return &p->tokens[i];
        }
    }
    return NULL;
}
