/* SPDX-License-Identifier: Apache-2.0 */
/* The existing names that a misspelt one may have meant. */
#ifndef CKPTFS_PLAN_NEAREST_NAME_H
#define CKPTFS_PLAN_NEAREST_NAME_H

#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"
#include "source/catalog.h"

/* Candidate number i, or an empty run to skip it. */
typedef struct str (*nearest_name_at)(const void *context, uint32_t i);

/* Work that one run may spend on suggestions; shared by all calls, so thousands of errors over a
 * million names stay quick. */
struct nearest_budget {
    uint64_t left; /* byte comparisons */
};

/* Names to choose from. */
struct nearest_list {
    nearest_name_at at;
    const void *context;
    uint32_t count;
};

/* nearest_list_of: the names of c's tensors: those that they are `known` by alone, or keys and
 * friendly ones. */
struct nearest_list nearest_list_of(const struct catalog *c, bool known);

/* nearest_names: up to DIAG_NEAREST names of the list that are nearest to `name` by edit
 * distance, the nearest first, none farther than a third of its length, and never itself; if there
 * is none, those that end in the same path components. Returns how many. Stops when the budget is
 * spent. */
unsigned nearest_names(struct str name, struct nearest_list list, struct nearest_budget *budget,
                       struct str out[DIAG_NEAREST]);

/* nearest_alike: the first name of the list that differs from `name` in Unicode composition alone,
 * so that both look the same; ptr is NULL if there is none. */
struct str nearest_alike(struct str name, struct nearest_list list, struct nearest_budget *budget);

/* nearest_in_map: adds a name, or a scope, to d's newest entry, as a map has it; `plain`: in
 * ASCII. */
void nearest_in_map(struct diag *d, struct str name, bool is_scope, bool plain);

#endif
