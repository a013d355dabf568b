/* SPDX-License-Identifier: Apache-2.0 */
/* The word of a small set that a misspelt one may have meant: options, commands, values of
 * options. */
#ifndef CKPTFS_BASE_NEAREST_H
#define CKPTFS_BASE_NEAREST_H

#include <stddef.h>

#include "base/str.h"

/* nearest_most: how many insertions, deletions and substitutions a word of `len` bytes may be away
 * from the one that was meant. */
unsigned nearest_most(size_t len);

/* nearest_word: the one of the `count` known words that is nearest to `word` by edit distance, the
 * first of several. A known word that begins with `word` (3 bytes or more) counts as one edit away.
 * NULL if none is within nearest_most. */
const char *nearest_word(struct str word, const char *const *known, size_t count);

#endif
