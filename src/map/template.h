/* SPDX-License-Identifier: Apache-2.0 */
/* What the target of a rule makes of what its sources have captured (pattern.h).
 *
 *     *, **     the next capture without a name
 *     {1}       that of the number; in one target either by number or in order
 *     {**.}     the next capture, {1.} that of the number, with '.' between its components
 *     {i}       a number by its name, without leading zeros; {i+1} and {i-1} shift it
 *     %XX       the byte itself
 *
 * A final '/' is that of a scope, and takes what the sources' final '/' has captured. Where a
 * capture is empty, the '/' or '.' after it, or else that before it, goes as well. */
#ifndef CKPTFS_MAP_TEMPLATE_H
#define CKPTFS_MAP_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/errint.h"
#include "base/str.h"
#include "map/pattern.h"

enum { TEMPLATE_TOKENS_MOST = 128 };

enum template_token_kind { TEMPLATE_TEXT, TEMPLATE_CAPTURE, TEMPLATE_NUMBER };

struct template_token {
    enum template_token_kind kind;
    struct str text;  /* TEMPLATE_TEXT: decoded; TEMPLATE_NUMBER: its name */
    uint32_t capture; /* TEMPLATE_CAPTURE: which of those without a name, from 0 */
    int64_t shift;    /* TEMPLATE_NUMBER: added to it */
    bool dots;        /* TEMPLATE_CAPTURE: '.' between components */
};

struct template
{
    const struct template_token *tokens;
    uint32_t count;
    uint32_t captures; /* how many without a name it needs: the largest `capture` + 1 */
    bool is_scope;
};

/* What a template is filled with. */
struct template_values {
    const struct str *captures; /* those without a name, in order */
    const struct str *names;    /* of the numbers */
    const struct str *numbers;  /* their digits, as captured */
    uint32_t number_count;
    struct str below; /* what stands below the scope, where both sides are scopes */
};

/* template_parse: the template that `text` is; all of it is allocated in `a`. -EINVAL or
 * -EOVERFLOW, and *fault says why; -ENOMEM. */
MUST_CHECK errint template_parse(struct str text, struct arena *a, struct template *out,
                                 struct pattern_fault *fault);

/* template_has: whether it has the number `name`. */
bool template_has(const struct template *t, struct str name);

/* template_fill: adds the name that the template makes to b. Every number that it has is among the
 * values, and as many captures as it needs. Returns 0; -ERANGE: a shifted number is negative or too
 * large, and *bad is its token. That memory was short is b's. */
MUST_CHECK errint template_fill(const struct template *t, const struct template_values *v,
                                struct buf *b, const struct template_token **bad);

#endif
