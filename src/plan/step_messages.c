/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of steps that nobody gives, or nobody takes. */
#include "plan/resolve.h"

/* Whether a rule before number `index` gives that step, had nothing been wrong with it. */
static bool is_given(const struct resolve *r, uint32_t index, struct str text)
{
    for (uint32_t i = 0; i < index; i++) {
        const struct expression *e = r->map->rules[i].expression;
        for (uint32_t k = 0; e && k < e->target_count; k++) {
            if (e->targets[k].is_step && str_eq(e->targets[k].text, text)) {
                return true;
            }
        }
    }
    return false;
}

void resolve_complain_no_step(struct resolve *r, uint32_t index, struct str text)
{
    if (!resolve_is_seen(r) || !is_given(r, index, text)) {
        diag_error_at(r->diag, DIAG_TENSOR_NOT_FOUND, r->map->rules[index].at, text,
                      "no rule before this one gives '%s'", diag_visible(r->diag, text));
    }
}

void resolve_warn_steps(struct resolve *r)
{
    for (size_t i = 0; i < r->steps.count; i++) {
        const struct step *s = &r->steps.list[i];
        if (!s->used) {
            diag_warn_at(r->diag, DIAG_STEP_UNUSED, r->map->rules[s->rule].at, s->name,
                         "no rule uses the step '~%s'", diag_visible(r->diag, s->name));
        }
    }
}
