/* SPDX-License-Identifier: Apache-2.0 */
/* As what type targets show their tensors. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "plan/resolve.h"
#include "tensor/cast.h"
#include "tensor/dtype.h"

/* The conversion itself, if it can be. */
static bool plan_cast(struct resolve *r, const struct tensor *t, struct conversion as,
                      struct position at, struct str variable)
{
    const char *refusal = t->dtype == as.dtype ? NULL : cast_refusal(t->dtype, as.dtype, as.mode);
    if (refusal) {
        diag_error_at(r->diag, DIAG_DTYPE_MISMATCH, at, variable,
                      "'%s' cannot be cast from %s to %s: %s", diag_visible(r->diag, variable),
                      dtype_name(t->dtype), dtype_name(as.dtype), refusal);
        return false;
    }
    uint64_t bytes;
    if (shape_bytes(tensor_shape(t), as.dtype, &bytes) < 0) {
        diag_error_at(r->diag, DIAG_LIMIT, at, variable,
                      "'%s' as %s would have more than 2^63-1 bytes",
                      diag_visible(r->diag, variable), dtype_name(as.dtype));
        return false;
    }
    return true;
}

/* What may be done about a declared dtype that is not the tensor's. */
static const char *dtype_remedy(struct resolve *r, const struct tensor *t, enum dtype declared,
                                bool cast)
{
    if (cast) {
        return arena_printf(r->arena, "cast it to %s", dtype_name(declared));
    }
    if (cast_refusal(t->dtype, declared, CAST_WRAP) &&
        cast_refusal(t->dtype, declared, CAST_SATURATE)) {
        return "no cast is possible: `dtype = source` in [view], or declare what is there";
    }
    return arena_printf(
        r->arena,
        "say `| cast %s` in the rule, `dtype = cast` or `dtype = source` in [view], or declare "
        "what is there",
        dtype_name(declared));
}

bool resolve_cast(struct resolve *r, const struct rule *rule, const struct tensor *t,
                  const struct variable *declared, struct str name, struct conversion *out)
{
    bool cast = rule_casts(rule, t->dtype);
    *out = (struct conversion){cast ? rule->cast : t->dtype, cast ? rule->cast_mode : CAST_CHECKED};
    if (declared && declared->dtype != out->dtype && r->map->view.dtype != VIEW_DTYPE_SOURCE) {
        if (cast || r->map->view.dtype == VIEW_DTYPE_STRICT) {
            const char *remedies = dtype_remedy(r, t, declared->dtype, cast);
            diag_error_at(
                r->diag, DIAG_DTYPE_MISMATCH, rule->at, name,
                cast ? "variable '%s' is declared %s (%s), but the rule casts tensor '%s' to %s; %s"
                     : "variable '%s' is declared %s (%s), tensor '%s' is %s; %s",
                diag_visible(r->diag, name), dtype_name(declared->dtype),
                diag_place(r->diag, *declared->at), diag_visible(r->diag, tensor_name(t)),
                dtype_name(out->dtype), remedies ? remedies : "");
            return false;
        }
        *out = (struct conversion){declared->dtype, CAST_CHECKED};
    }
    return plan_cast(r, t, *out, rule->at, name);
}

/* ---- casts of scopes ------------------------------------------------------------------------- */

bool resolve_will_cast(const struct rule *rule, const struct tensor *t)
{
    return rule->source_is_scope && rule->cast != t->dtype &&
           rule_casts(rule, (enum dtype)t->dtype);
}

/* Most maps cast nothing, and then a million targets need not be gone over for it. */
static bool casts_anything(const struct map *m)
{
    for (uint32_t i = 0; i < m->rule_count; i++) {
        if (rule_cast(&m->rules[i]).dtype) {
            return true;
        }
    }
    return false;
}

errint resolve_cast_scopes(struct resolve *r)
{
    errint rc = 0;
    uint32_t count = casts_anything(r->map) ? r->count : 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        struct target *t = &r->targets[i];
        const struct rule *rule = &r->map->rules[t->rule];
        struct conversion as;
        if (!t->form && resolve_will_cast(rule, t->source) &&
            resolve_cast(r, rule, t->source, NULL, target_name(t), &as)) {
            rc = resolve_shape_target(r, t, as);
        }
    }
    return rc;
}

/* ---- what the plan cannot know --------------------------------------------------------------- */

/* The plan reads no data, so whether an integer is too large is not known. A declared type is the
 * model's own. */
static void warn_rounded(struct resolve *r, const struct target *t)
{
    const struct rule *rule = &r->map->rules[t->rule];
    unsigned to = target_dtype(t);
    uint64_t held = rule->cast ? cast_integers_held(t->source->dtype, to) : 0;
    if (held) {
        struct str name = tensor_name(t->source);
        diag_warn_at(r->diag, DIAG_INTEGERS_ROUNDED, rule->at, name,
                     "tensor '%s' is %s, of which %s holds each number up to %" PRIu64
                     ": larger ones are rounded, or overflow",
                     diag_visible(r->diag, name), dtype_name(t->source->dtype), dtype_name(to),
                     held);
    }
}

/* Parts of one variable are made by one rule from one tensor, as a rule. */
static bool is_next_part(const struct target *t, const struct target *before)
{
    return t->form && t->form->part > 0 && before->rule == t->rule && before->source == t->source;
}

/* A scope's cast that changes nothing was meant for something. */
static void warn_unused_casts(struct resolve *r, const bool *casts, const bool *leaves)
{
    for (uint32_t i = 0; i < r->map->rule_count; i++) {
        const struct rule *rule = &r->map->rules[i];
        if (leaves[i] && !casts[i]) {
            diag_warn_at(
                r->diag, DIAG_CAST_UNUSED, rule->at, rule->source,
                "the cast of '%s' to %s takes none of its tensors: it is for %s%s",
                diag_visible(r->diag, rule->source), dtype_name(rule_cast(rule).dtype),
                rule_cast_words(rule),
                rule_cast(rule).all ? "" : "; say `all` after the dtype to cast every numeric one");
        }
    }
}

errint resolve_warn_casts(struct resolve *r)
{
    if (!casts_anything(r->map)) {
        return 0;
    }
    CLEANUP_FREE bool *casts = calloc((size_t)r->map->rule_count + 1, sizeof(*casts)); /* by rule */
    CLEANUP_FREE bool *leaves = calloc((size_t)r->map->rule_count + 1, sizeof(*leaves));
    if (!casts || !leaves) {
        return diag_no_memory(r->diag);
    }
    for (uint32_t i = 0; i < r->count; i++) {
        const struct target *t = &r->targets[i];
        if (target_is_left(r->map, t)) {
            leaves[t->rule] = true;
        } else {
            casts[t->rule] = true;
        }
        if (i == 0 || !is_next_part(t, t - 1)) {
            warn_rounded(r, t);
        }
    }
    warn_unused_casts(r, casts, leaves);
    return 0;
}
