/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern: what the source of a rule says of names, and what of them it captures.
 *
 *     *        one or more bytes within a component
 *     **       zero or more whole components; it stands alone between slashes
 *     {a,b}    one of several texts; blanks count, one may be empty or hold '/'
 *     {i}      a decimal number, which it names i; all of a run of digits
 *     %XX      the byte itself
 *
 * The first three are captures, numbered from 1, left to right. A final '/' is that of a scope and
 * stands for all below it, which is captured without a number. Where a name can be matched in
 * several ways, what stands further left takes as little as it can, an alternative before the
 * later ones.
 *
 *     layer_{i}/ ** /{kernel,bias}    layer_12/attention/self/kernel: i is 12, 1 is
 *                                     "attention/self", 2 is "kernel" (blanks are for this comment)
 *
 * The time of a match is at most the product of the lengths of pattern and name: what has failed at
 * a place of the name is not tried there again. */
#ifndef CKPTFS_MAP_PATTERN_H
#define CKPTFS_MAP_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"

enum {
    PATTERN_TOKENS_MOST = 128,  /* captures, numbers and texts between them */
    PATTERN_CAPTURES_MOST = 32, /* captures and numbers together */
    PATTERN_CHOICES_MOST = 256, /* texts in braces */
};

enum pattern_token_kind {
    PATTERN_TEXT,       /* these bytes */
    PATTERN_STAR,       /* `*` */
    PATTERN_COMPONENTS, /* `**` */
    PATTERN_CHOICE,     /* `{a,b}` */
    PATTERN_NUMBER,     /* `{i}` */
};

struct pattern_token {
    enum pattern_token_kind kind;
    struct str text;           /* PATTERN_TEXT: decoded; PATTERN_NUMBER: its name */
    const struct str *choices; /* PATTERN_CHOICE: decoded, in the order written */
    uint32_t choice_count;
    uint32_t capture; /* index into what pattern_match gives; not for PATTERN_TEXT */
    bool
        slash_before; /* PATTERN_COMPONENTS: with the '/' before it, which goes where it is empty */
    bool slash_after; /* PATTERN_COMPONENTS: with the '/' after it */
    bool some;        /* PATTERN_COMPONENTS: one component at least */
};

struct pattern {
    const struct pattern_token *tokens;
    uint32_t count;
    uint32_t capture_count;    /* captures and numbers */
    const uint32_t *by_number; /* token of capture N + 1, of those that have no name */
    uint32_t unnamed_count;
    bool is_scope;     /* its last token is what stands below a scope: a capture without a number */
    struct str prefix; /* how every name begins that matches; may be empty */
    struct str suffix; /* how each of them ends; may be empty */
    bool repeats;      /* a number's name is given twice */
};

/* What a name has at a capture. */
struct pattern_capture {
    struct str text; /* of the name: borrowed from it */
    uint32_t choice; /* PATTERN_CHOICE: which of the texts */
};

/* pattern_is: whether `text`, not decoded, has a wildcard. */
bool pattern_is(struct str text);

/* What is wrong with the text of a pattern, for a message of the caller's. */
struct pattern_fault {
    const char *why; /* "a '{' has no '}'" */
    struct str at;   /* the part of the text that is meant */
    bool limit;      /* it is too large, not wrong */
};

/* pattern_parse: the pattern that `text` is; all of it is allocated in `a`, and texts without %XX
 * are borrowed from `text`. -EINVAL or -EOVERFLOW, and *fault says why; -ENOMEM. */
MUST_CHECK errint pattern_parse(struct str text, struct arena *a, struct pattern *out,
                                struct pattern_fault *fault);

/* A token fails from each byte of [from, end). */
struct pattern_failure {
    size_t from;
    size_t end;
};

/* What a match works with: one thread's, kept from match to match. All zero at first. */
struct pattern_scratch {
    uint64_t *failed; /* owns: a bit for each token and place in the name */
    size_t words;
    struct pattern_failure runs[PATTERN_TOKENS_MOST]; /* the last of each `*` and number */
};

void pattern_scratch_fini(struct pattern_scratch *s);

/* pattern_match: whether all of `name` matches: 1 and captures[0 .. capture_count), 0 and nothing
 * in particular, -ENOMEM, or -E2BIG: a number is named twice, and to find out whether they are
 * equal in some way would take too long. */
MUST_CHECK int pattern_match(const struct pattern *p, struct str name, struct pattern_scratch *s,
                             struct pattern_capture *captures);

/* pattern_number: the digits of a captured number without leading zeros. */
struct str pattern_number(struct str digits);

/* pattern_number_order: which of two captured numbers is larger: below 0, 0 or above 0, as of
 * strcmp. */
int pattern_number_order(struct str a, struct str b);

/* pattern_token_of: the first token that names the number `name`, or NULL. */
const struct pattern_token *pattern_token_of(const struct pattern *p, struct str name);

#endif
