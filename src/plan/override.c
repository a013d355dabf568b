/* SPDX-License-Identifier: Apache-2.0 */
/* Targets that a later rule makes as well. */
#include "base/grow.h"
#include "plan/resolve.h"

errint resolve_override(struct resolve *r, struct str name, uint32_t rule, uint32_t by)
{
    const struct override *last = r->override_count ? &r->overrides[r->override_count - 1] : NULL;
    if (last && last->rule == rule && last->by == by && str_eq(last->name, name)) {
        return 0;
    }
    if (!grow(&r->overrides, &r->override_cap, r->override_count, sizeof(*r->overrides))) {
        return diag_no_memory(r->diag);
    }
    r->overrides[r->override_count++] = (struct override){name, rule, by};
    return 0;
}
