/* SPDX-License-Identifier: Apache-2.0 */
/* The existing names that a misspelt one may have meant. */
#ifndef CKPTFS_PLAN_SUGGEST_H
#define CKPTFS_PLAN_SUGGEST_H

#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"
#include "format/catalog.h"

/* Candidate number i, or an empty run to skip it. */
typedef struct str (*suggest_name)(const void *context, uint32_t i);

/* Work that one run may spend on suggestions; shared by all calls, so thousands of errors over a million names stay quick. */
struct suggest_budget {
    uint64_t left; /* byte comparisons */
};

/* suggest_nearest: adds to d's newest entry up to DIAG_NEAREST of the `count` names that are nearest to `name` by edit distance, the nearest
 * first, none farther than a third of its length; if there is none, those that end in the same path components. Stops when the budget is
 * spent. */
void suggest_nearest(struct diag *d, struct str name, suggest_name at, const void *context, uint32_t count,
                     struct suggest_budget *budget);

/* suggest_tensors: likewise among the names of c's tensors, keys and friendly ones. */
void suggest_tensors(struct diag *d, struct str name, const struct catalog *c, struct suggest_budget *budget);

#endif
