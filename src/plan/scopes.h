/* SPDX-License-Identifier: Apache-2.0 */
/* The scopes of a list of names, for suggestions. */
#ifndef CKPTFS_PLAN_SCOPES_H
#define CKPTFS_PLAN_SCOPES_H

#include <stddef.h>

#include "plan/nearest_name.h"

enum { SCOPES_MOST = 1 << 20 };

struct scopes {
    struct str
        *items; /* owns; each without its final '/', borrowed from a name, in which that follows */
    size_t count;
    size_t cap;
};

/* scopes_find: the first SCOPES_MOST scopes of the names, which are sorted bytewise; each once.
 * Fewer when memory is short or the budget is spent. To be given to scopes_fini. */
void scopes_find(struct nearest_list names, struct nearest_budget *budget, struct scopes *out);
void scopes_fini(struct scopes *s);

/* scopes_nearest: adds scopes near `scope`, which ends in '/', to d's newest entry, but never
 * `except`. */
void scopes_nearest(const struct scopes *s, struct str scope, struct str except, struct diag *d,
                    struct nearest_budget *budget);

/* scopes_alike: the scope, with its final '/', that differs from `scope` in Unicode composition
 * alone; ptr is NULL if there is none. */
struct str scopes_alike(const struct scopes *s, struct str scope, struct nearest_budget *budget);

#endif
