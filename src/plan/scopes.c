/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/scopes.h"

#include <stdlib.h>

#include "base/grow.h"

/* Adds the scopes of a name that the name before it is not in. */
static bool add_scopes(struct scopes *s, struct str name, struct str before)
{
    size_t same = 0;
    while (same < name.len && same < before.len && name.ptr[same] == before.ptr[same]) {
        same++;
    }
    for (size_t i = same; i < name.len && s->count < SCOPES_MOST; i++) {
        if (name.ptr[i] != '/') {
            continue;
        }
        if (!grow(&s->items, &s->cap, s->count, sizeof(*s->items))) {
            return false;
        }
        s->items[s->count++] = str_head(name, i);
    }
    return true;
}

void scopes_find(struct nearest_list names, struct nearest_budget *budget, struct scopes *out)
{
    struct str before = STR("");
    *out = (struct scopes){0};
    for (uint32_t i = 0; i < names.count && out->count < SCOPES_MOST; i++) {
        struct str name = names.at(names.context, i);
        if (name.len > budget->left || !add_scopes(out, name, before)) {
            return;
        }
        budget->left -= name.len;
        before = name;
    }
}

void scopes_fini(struct scopes *s)
{
    free(s->items);
    *s = (struct scopes){0};
}

static struct str scope_at(const void *scopes, uint32_t i)
{
    return ((const struct scopes *)scopes)->items[i];
}

static struct nearest_list list_of(const struct scopes *s)
{
    return (struct nearest_list){scope_at, s, (uint32_t)s->count};
}

static struct str without_slash(struct str scope)
{
    return str_head(scope, scope.len - 1);
}

void scopes_nearest(const struct scopes *s, struct str scope, struct str except, struct diag *d,
                    struct nearest_budget *budget)
{
    struct str nearest[DIAG_NEAREST];
    unsigned count = nearest_names(without_slash(scope), list_of(s), budget, nearest);
    for (unsigned i = 0; i < count; i++) {
        struct str found = str_of(nearest[i].ptr, nearest[i].len + 1);
        if (!str_eq(found, except)) {
            nearest_in_map(d, found, true, false);
        }
    }
}

struct str scopes_alike(const struct scopes *s, struct str scope, struct nearest_budget *budget)
{
    struct str found = nearest_alike(without_slash(scope), list_of(s), budget);
    return found.ptr ? str_of(found.ptr, found.len + 1) : found;
}
