/* SPDX-License-Identifier: Apache-2.0 */
/* Words that libraries have for the same: `kernel` and `weight`. */
#ifndef CKPTFS_PROPOSE_SYNONYMS_H
#define CKPTFS_PROPOSE_SYNONYMS_H

#include "base/str.h"

/* synonym_of: the word that stands for `word` (lower case) and all that mean the same; `word`
 * itself where there are none. Empty for a word that says nothing, such as `variable`. */
struct str synonym_of(struct str word);

#endif
