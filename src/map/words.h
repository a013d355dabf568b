/* SPDX-License-Identifier: Apache-2.0 */
/* The recurring parts of a message about a line of the map. */
#ifndef CKPTFS_MAP_WORDS_H
#define CKPTFS_MAP_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"

enum {
    WORDS_WHERE_BYTES = 4096 + 16, /* a path and a number */
    WORDS_LINE_ASSIGN = 1 << 29, /* plus N: the Nth -a or assign= of the command line, where a line
                                    number is expected */
    WORDS_LINE_DEFINE = 1 << 30, /* likewise define= */
};

/* words_where: "map.ini:3", "assign:1" or "define:1", in buf. Returns buf. */
const char *words_where(const char *path, uint32_t line, char buf[static WORDS_WHERE_BYTES]);

/* words_shown: s fit for a message, a long one cut with "..."; for %s. Costs nothing once d keeps
 * no more. */
const char *words_shown(struct diag *d, struct str s);

/* words_nearest: adds to d's newest entry those of the known words that `word` may have meant, the
 * nearest first. */
void words_nearest(struct diag *d, struct str word, const char *const *known, size_t count);

/* words_nearest_dtype: likewise of the dtypes that a variable may have. */
void words_nearest_dtype(struct diag *d, struct str word);

/* words_number: the value of decimal digits, -1 if `digits` is anything else or exceeds int64. */
int64_t words_number(struct str digits);

/* words_without_output: the `x` of `x:0`, TensorFlow's name of an output, which people copy for the
 * variable; ptr is NULL if text is no such name. */
struct str words_without_output(struct str text);

/* words_next: the first word of `text` up to a blank, and the trimmed text after it; both may be
 * empty. */
struct str words_next(struct str text, struct str *rest);

/* words_cut: the text up to the first `separator`, trimmed; *rest is what follows, or has ptr NULL
 * if there was no separator. Walks a list: while (rest.ptr) word = words_cut(rest, ',', &rest). */
struct str words_cut(struct str text, char separator, struct str *rest);

#endif
