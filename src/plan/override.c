/* SPDX-License-Identifier: Apache-2.0 */
/* Targets that another rule makes as well, or the same one again. */
#include "base/grow.h"
#include "plan/resolve.h"

void resolve_complain_twice(struct resolve *r, struct str target, uint32_t rule,
                            const struct tensor *one, const struct tensor *other)
{
    struct diag *d = r->diag;
    if (rule_is_exact(&r->map->rules[rule]) || (one && one == other)) {
        diag_error_at(d, DIAG_NAME_COLLISION, r->map->rules[rule].at, target,
                      "the target '%s' is given twice", diag_visible(d, target));
        return;
    }
    diag_error_at(d, DIAG_NAME_COLLISION, r->map->rules[rule].at, target,
                  "two matches of the rule give '%s': '%s' and '%s'", diag_visible(d, target),
                  one ? diag_visible(d, tensor_name(one)) : "~",
                  other ? diag_visible(d, tensor_name(other)) : "~");
}

errint resolve_override(struct resolve *r, struct str name, uint32_t rule, uint32_t by)
{
    if (rule == by) {
        return 0; /* an error, which was said */
    }
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
