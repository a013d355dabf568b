/* SPDX-License-Identifier: Apache-2.0 */
#include "map/template.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/escape.h"
#include "map/token.h"

struct parsing {
    struct str text;
    size_t at;
    struct arena *arena;
    struct template_token *tokens; /* TEMPLATE_TOKENS_MOST */
    struct template *out;
    struct pattern_fault *fault;
    bool in_order;  /* a capture was taken by `*` */
    bool by_number; /* one by its number */
};

static errint refuse(struct parsing *p, const char *why, size_t from, size_t end)
{
    *p->fault = (struct pattern_fault){why, str_of(p->text.ptr + from, end - from), false};
    return -EINVAL;
}

static errint add_token(struct parsing *p, struct template_token token)
{
    if (p->out->count == TEMPLATE_TOKENS_MOST) {
        *p->fault = (struct pattern_fault){"the target has too many wildcards", p->text, true};
        return -EOVERFLOW;
    }
    if (token.kind == TEMPLATE_CAPTURE && token.capture >= p->out->captures) {
        p->out->captures = token.capture + 1;
    }
    p->tokens[p->out->count++] = token;
    return 0;
}

static errint add_text(struct parsing *p, size_t from, size_t end)
{
    struct template_token token = {.kind = TEMPLATE_TEXT};
    if (end == from || str_eq(p->text, STR("/"))) { /* the root is a scope without a name */
        return 0;
    }
    token.text = unescape_name(p->arena, str_of(p->text.ptr + from, end - from));
    return token.text.ptr ? add_token(p, token) : -ENOMEM;
}

static errint add_capture(struct parsing *p, struct template_token token, bool numbered,
                          size_t from)
{
    p->by_number |= numbered;
    p->in_order |= !numbered;
    if (p->by_number && p->in_order) {
        return refuse(p, "captures are taken in order ('*') or by number ('{1}'), not both", from,
                      p->at);
    }
    return add_token(p, token);
}

static errint parse_stars(struct parsing *p)
{
    size_t from = p->at;
    while (p->at < p->text.len && p->text.ptr[p->at] == '*') {
        p->at++;
    }
    if (p->at - from > 2) {
        return refuse(p, "'***' is no wildcard: expected '*' or '**'", from, p->at);
    }
    return add_capture(
        p, (struct template_token){.kind = TEMPLATE_CAPTURE, .capture = p->out->captures}, false,
        from);
}

/* `i`, `i+1`, `i-1` */
static errint parse_named(struct parsing *p, struct str inside, size_t from)
{
    struct template_token token = {.kind = TEMPLATE_NUMBER, .text = inside};
    size_t len = 0;
    while (len < inside.len &&
           (isalnum((unsigned char)inside.ptr[len]) || inside.ptr[len] == '_')) {
        len++;
    }
    token.text = str_head(inside, len);
    if (len < inside.len) {
        struct str digits = str_from_pos(inside, len + 1);
        token.shift = token_number(digits);
        bool minus = inside.ptr[len] == '-';
        if ((!minus && inside.ptr[len] != '+') || token.shift < 0 || len == 0) {
            return refuse(p, "expected {1}, {**.}, {1.}, or a number's name such as {i}, {i+1}",
                          from, p->at);
        }
        token.shift = minus ? -token.shift : token.shift;
    }
    return add_token(p, token);
}

static errint parse_braces(struct parsing *p)
{
    size_t from = p->at;
    struct str inside = token_braces(str_from_pos(p->text, from));
    if (!inside.ptr) {
        return refuse(p, "a '{' has no '}'", from, p->text.len);
    }
    p->at = from + inside.len + 2;
    if (str_find(inside, ',') >= 0) {
        return refuse(p, "a target takes what was captured by '*' or by number, such as {1}", from,
                      p->at);
    }
    bool dots = str_ends(inside, STR("."));
    struct str what = str_head(inside, inside.len - dots);
    int64_t number = token_number(what);
    struct template_token token = {.kind = TEMPLATE_CAPTURE, .dots = dots};
    if (str_eq(what, STR("**")) || str_eq(what, STR("*"))) {
        token.capture = p->out->captures;
        return add_capture(p, token, false, from);
    }
    if (number > 0 && number <= PATTERN_CAPTURES_MOST) {
        token.capture = (uint32_t)number - 1;
        return add_capture(p, token, true, from);
    }
    if (inside.len == 0 || number >= 0 || dots || isdigit((unsigned char)inside.ptr[0])) {
        return refuse(p, "expected {1}, {**.}, {1.}, or a number's name such as {i}, {i+1}", from,
                      p->at);
    }
    return parse_named(p, inside, from);
}

static errint parse_tokens(struct parsing *p)
{
    size_t text_from = 0;
    errint rc = 0;
    while (rc == 0 && p->at < p->text.len) {
        char c = p->text.ptr[p->at];
        if (c == '}') {
            return refuse(p, "a '}' has no '{'", p->at, p->at + 1);
        }
        if (c != '*' && c != '{') {
            p->at++;
            continue;
        }
        rc = add_text(p, text_from, p->at);
        if (rc == 0) {
            rc = c == '*' ? parse_stars(p) : parse_braces(p);
        }
        text_from = p->at;
    }
    return rc < 0 ? rc : add_text(p, text_from, p->text.len);
}

errint template_parse(struct str text, struct arena *a, struct template *out,
                      struct pattern_fault *fault)
{
    struct template_token tokens[TEMPLATE_TOKENS_MOST];
    struct parsing p = {.text = text, .arena = a, .tokens = tokens, .out = out, .fault = fault};
    *out = (struct template){.is_scope = text.len && text.ptr[text.len - 1] == '/'};
    errint rc = str_eq(text, STR("/")) ? 0 : parse_tokens(&p); /* of the root no text stays */
    if (rc < 0) {
        return rc;
    }
    struct template_token *kept = ARENA_ARRAY(a, struct template_token, out->count);
    if (!kept) {
        return -ENOMEM;
    }
    if (out->count) {
        memcpy(kept, tokens, out->count * sizeof(*kept));
    }
    out->tokens = kept;
    return 0;
}

bool template_has(const struct template *t, struct str name)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->tokens[i].kind == TEMPLATE_NUMBER && str_eq(t->tokens[i].text, name)) {
            return true;
        }
    }
    return false;
}

static struct str digits_of(const struct template_values *v, struct str name)
{
    for (uint32_t i = 0; i < v->number_count; i++) {
        if (str_eq(v->names[i], name)) {
            return pattern_number(v->numbers[i]);
        }
    }
    return STR("");
}

static errint fill_number(const struct template_token *t, const struct template_values *v,
                          struct buf *b)
{
    struct str digits = digits_of(v, t->text);
    int64_t number = t->shift ? token_number(digits) : 0;
    if (t->shift == 0) {
        buf_str(b, digits);
        return 0;
    }
    if (number < 0 || __builtin_add_overflow(number, t->shift, &number) || number < 0) {
        return -ERANGE;
    }
    buf_printf(b, "%" PRId64, number);
    return 0;
}

static void fill_capture(const struct template_token *t, struct str text, struct buf *b)
{
    size_t from = b->len;
    buf_str(b, text);
    for (size_t i = from; t->dots && i < b->len; i++) {
        b->data[i] = b->data[i] == '/' ? '.' : b->data[i];
    }
}

static bool is_separator(char c)
{
    return c == '/' || c == '.';
}

errint template_fill(const struct template *t, const struct template_values *v, struct buf *b,
                     const struct template_token **bad)
{
    size_t from = b->len;
    bool skip = false; /* the separator after an empty capture goes */
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_token *token = &t->tokens[i];
        struct str text = token->text;
        if (token->kind == TEMPLATE_TEXT) {
            bool first = skip && is_separator(text.ptr[0]);
            buf_str(b, str_from_pos(text, first));
        } else if (token->kind == TEMPLATE_NUMBER) {
            *bad = token;
            errint rc = fill_number(token, v, b);
            if (rc < 0) {
                return rc;
            }
        } else {
            fill_capture(token, v->captures[token->capture], b);
            skip = v->captures[token->capture].len == 0 &&
                   (b->len == from || is_separator(b->data[b->len - 1]));
            if (skip && i + 1 == t->count && b->len > from) {
                b->len--;
                b->data[b->len] = '\0';
            }
            continue;
        }
        skip = false;
    }
    if (t->is_scope) {
        buf_str(b, v->below);
    }
    return 0;
}
