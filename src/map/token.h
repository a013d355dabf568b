/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the map cut into words and numbers. */
#ifndef CKPTFS_MAP_TOKEN_H
#define CKPTFS_MAP_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* token_number: the value of decimal digits, -1 if `digits` is anything else or exceeds int64. */
int64_t token_number(struct str digits);

/* token_without_output: the `x` of `x:0`, TensorFlow's name of an output, which people copy for the
 * variable; ptr is NULL if text is no such name. */
struct str token_without_output(struct str text);

/* token_next: the first word of `text` up to a blank, and the trimmed text after it; both may be
 * empty. */
struct str token_next(struct str text, struct str *rest);

/* token_cut: the text up to the first `separator`, trimmed; *rest is what follows, or has ptr NULL
 * if there was no separator. Walks a list: while (rest.ptr) word = token_cut(rest, ',', &rest). */
struct str token_cut(struct str text, char separator, struct str *rest);

/* token_cut_name: as token_cut at the first comma that is not within braces. */
struct str token_cut_name(struct str text, struct str *rest);

/* token_braces: what stands between the '{' that `text` begins with and the next '}'; ptr is NULL:
 * there is none. */
struct str token_braces(struct str text);

/* token_is_identifier: whether it is letters, digits and '_', and begins with no digit. */
bool token_is_identifier(struct str text);

#endif
