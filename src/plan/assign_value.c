/* SPDX-License-Identifier: Apache-2.0 */
/* Values that rules compute, given to the variables of a graph. A variable takes them as it takes
 * tensors: its shape and dtype have to be those of the value, and a partitioned one is cut as it is
 * declared. */
#include <inttypes.h>
#include <stdlib.h>

#include "map/split.h"
#include "plan/explained.h"
#include "plan/ops/op_type.h"
#include "plan/variable_store.h"
#include "tensor/cast.h"

static errint complain_undeclared(struct store *s, struct str name, uint32_t index)
{
    struct resolve *r = s->r;
    diag_error_at(r->diag, DIAG_VARIABLE_NOT_FOUND, r->map->rules[index].at, name,
                  "'%s' is no declared variable", diag_visible(r->diag, name));
    resolve_nearest_variables(r, name);
    return 0;
}

/* The value stays for as long as the plan. */
static const struct value *keep(struct resolve *r, const struct value *v)
{
    struct value *kept = ARENA_NEW(r->arena, struct value);
    if (kept) {
        *kept = *v;
    }
    return kept;
}

static errint complain_value_shape(struct store *s, const struct variable *v, struct shape want,
                                   const struct value *value, uint32_t index)
{
    struct diag *d = s->r->diag;
    diag_error_at(d, DIAG_SHAPE_MISMATCH, s->r->map->rules[index].at, v->name,
                  "variable '%s' has shape %s (%s), and %s comes out of the rule",
                  diag_visible(d, v->name), shape_text(want).text, diag_place(d, *v->at),
                  shape_text(value->shape).text);
    return 0;
}

errint store_assign_value(struct store *s, struct str name, const struct value *value,
                          const struct tensor *first, uint32_t index)
{
    struct resolve *r = s->r;
    struct found f = store_find(s, name);
    int64_t dims[SHAPE_RANK_MOST];
    if (!f.variable && r->map->view.infer_undeclared) {
        return resolve_add_value(r, name, value, first, index);
    }
    if (!f.variable) {
        return complain_undeclared(s, name, index);
    }
    struct shape want = f.part < 0 ? f.variable->shape : store_part_shape(f.variable, f.part, dims);
    if (!shape_compatible(want, value->shape)) {
        return complain_value_shape(s, f.variable, want, value, index);
    }
    struct slot slot = {
        .source = first, .value = keep(r, value), .rule = index, .whole = f.part >= 0};
    if (!slot.value) {
        return diag_no_memory(r->diag);
    }
    int64_t parts = f.part < 0 ? store_parts(f.variable) : 1;
    errint rc = resolve_ask(r, 0, f.part < 0 && f.variable->cuts ? (uint64_t)parts : 0,
                            r->map->rules[index].at);
    for (int64_t part = 0; rc == 0 && part < parts; part++) {
        rc = store_put(s, f.variable, f.part < 0 ? part : f.part, slot, name);
    }
    return rc;
}

errint store_assign_parts(struct store *s, struct str name, const struct op_result *values,
                          const struct tensor *first, uint32_t index)
{
    struct resolve *r = s->r;
    struct found f = store_find(s, name);
    if (!f.variable) {
        return complain_undeclared(s, name, index);
    }
    struct partition cut = variable_partition(f.variable);
    if (f.part >= 0 || !partition_eq(&cut, &values->partition)) {
        diag_error_at(r->diag, DIAG_PARTS_DIFFER, r->map->rules[index].at, name,
                      "the rule's parts of '%s' differ from its declaration at %s",
                      diag_visible(r->diag, name), diag_place(r->diag, *f.variable->at));
        return 0;
    }
    for (size_t i = 0; i < values->count; i++) {
        struct slot slot = {
            .source = first, .value = keep(r, &values->values[i]), .rule = index, .whole = true};
        if (!slot.value) {
            return diag_no_memory(r->diag);
        }
        errint rc = store_put(s, f.variable, (int64_t)i, slot, name);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- from slots to targets ------------------------------------------------------------------- */

/* The value as the dtype that is declared, if [view] says so; *fits is false where that is an
 * error. */
static errint convert(struct store *s, const struct variable *v, const struct slot *slot,
                      struct value *out, bool *fits)
{
    struct resolve *r = s->r;
    *out = *slot->value;
    *fits = true;
    if (v->dtype == out->dtype || r->map->view.dtype == VIEW_DTYPE_SOURCE) {
        return 0;
    }
    const char *refusal = cast_refusal(out->dtype, v->dtype, CAST_CHECKED);
    if (r->map->view.dtype == VIEW_DTYPE_STRICT || refusal) {
        *fits = false;
        diag_error_at(r->diag, DIAG_DTYPE_MISMATCH, r->map->rules[slot->rule].at, v->name,
                      "variable '%s' is declared %s (%s), and %s comes out of the rule; say "
                      "`| cast %s` there",
                      diag_visible(r->diag, v->name), dtype_name(v->dtype),
                      diag_place(r->diag, *v->at), dtype_name(out->dtype), dtype_name(v->dtype));
        return 0;
    }
    struct value whole = *out;
    errint rc = value_is_cast(out) ? value_recompute(out, out->shape, r->arena, &whole) : 0;
    if (rc == 0) {
        rc = value_cast(&whole, v->dtype, CAST_CHECKED, r->arena, out);
        out->explained = explained_more(slot->value->explained, r->arena, "cast %s (as declared)",
                                        dtype_name(v->dtype));
        rc = slot->value->explained && !out->explained ? -ENOMEM : rc;
    }
    return rc < 0 ? diag_no_memory(r->diag) : 0;
}

errint store_add_value(struct store *s, const struct variable *v, int64_t part,
                       const struct slot *slot)
{
    struct resolve *r = s->r;
    struct value value;
    bool fits;
    errint rc = convert(s, v, slot, &value, &fits);
    if (rc < 0 || !fits) {
        return rc;
    }
    if (!v->cuts) {
        return resolve_add_value(r, v->name, &value, slot->source, slot->rule);
    }
    struct value_part where = {v->shape, variable_partition(v), part};
    if (!slot->whole) {
        struct value_range range = {.step = 1};
        unsigned axis;
        int64_t parts = partition_axis(&where.partition, &axis);
        struct value cut;
        split_part(value.shape.dims[axis], parts, part, &range.start, &range.count);
        rc = value_slice_axis(&value, axis, range, r->arena, &cut);
        if (rc < 0) {
            return diag_no_memory(r->diag);
        }
        where.full = value.shape;
        cut.explained =
            explained_more(value.explained, r->arena,
                           "part %" PRId64 " of %" PRId64 " (as declared)", part + 1, parts);
        if (value.explained && !cut.explained) {
            return diag_no_memory(r->diag);
        }
        value = cut;
    }
    return resolve_add_value_part(r, v->name, &value, &where, slot->source, slot->rule);
}
