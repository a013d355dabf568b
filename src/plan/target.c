/* SPDX-License-Identifier: Apache-2.0 */
/* Targets as rules make them: a whole tensor, a part of one, and as what type. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/cast.h"
#include "format/dtype.h"
#include "map/split.h"
#include "plan/resolve.h"

errint resolve_too_many(struct resolve *r)
{
    return diag_error(r->diag, DIAG_LIMIT, r->map->path, STR(""), "the map asks for more than %d targets",
                      PLAN_TARGETS_MOST);
}

static errint reserve(struct resolve *r)
{
    if (r->count < r->cap) {
        return 0;
    }
    if (r->cap >= PLAN_TARGETS_MOST) {
        return resolve_too_many(r);
    }
    uint32_t cap = r->cap ? r->cap * 2 : 64;
    struct target *grown = realloc(r->targets, cap * sizeof(*grown));
    if (!grown) {
        return diag_no_memory(r->diag);
    }
    r->targets = grown;
    r->cap = cap;
    return 0;
}

static errint append(struct resolve *r, struct str name, const struct tensor *source, const struct form *form,
                     uint32_t rule)
{
    errint rc = reserve(r);
    if (rc < 0) {
        return rc;
    }
    r->targets[r->count++] = (struct target){
        .name_ptr = name.ptr, .name_len = (uint32_t)name.len, .source = source, .form = form, .rule = rule};
    return 0;
}

/* A form of all of the source's shape, without its pieces. */
static struct form *new_form(struct resolve *r, const struct tensor *source, struct as as)
{
    struct form *form = ARENA_NEW(r->arena, struct form);
    if (form) {
        *form = (struct form){
            .shape = tensor_shape(source),
            .dtype = (uint8_t)as.dtype,
            .cast_mode = as.mode,
            .full = tensor_shape(source),
            .part = -1,
        };
    }
    if (form && as.dtype == DTYPE_STRING) {
        form->strings = ARENA_NEW(r->arena, struct strings_file);
        form = form->strings ? form : NULL;
    }
    return form;
}

/* What the form's box, which begins at `start` in the source, takes from each of the source's stored slices. */
static errint cut_slices(struct resolve *r, struct form *form, const struct tensor *source,
                         const struct slices *slices, const int64_t *start)
{
    struct piece *pieces = ARENA_ARRAY(r->arena, struct piece, slices->count);
    if (!pieces) {
        return -ENOMEM;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < slices->count; i++) {
        errint rc;
        count += piece_of_slice(source, &slices->slices[i], start, form->shape.dims, r->arena, &pieces[count],
                                &rc);
        if (rc < 0) {
            return rc;
        }
    }
    unsigned rank = source->rank;
    qsort_r(pieces, count, sizeof(*pieces), piece_order, &rank);
    form->pieces = pieces;
    form->piece_count = count;
    return 0;
}

/* The form's pieces, if it has elements: its box begins at `start` in the source. */
static errint set_pieces(struct resolve *r, struct form *form, const struct tensor *source,
                         const int64_t *start)
{
    uint64_t elements;
    errint rc = shape_elements(form->shape, &elements);
    if (rc < 0 || elements == 0) {
        return rc;
    }
    const struct slices *slices = tensor_slices(r->catalog, source);
    if (slices) {
        rc = cut_slices(r, form, source, slices, start);
    } else {
        struct piece *piece = ARENA_NEW(r->arena, struct piece);
        rc = piece ? piece_slice(source, start, form->shape.dims, r->arena, piece) : -ENOMEM;
        form->pieces = piece;
        form->piece_count = rc == 0;
    }
    for (uint32_t i = 0; rc == 0 && i < form->piece_count; i++) {
        ((struct piece *)(uintptr_t)form->pieces)[i].cast_mode = (uint8_t)form->cast_mode;
    }
    return rc;
}

errint resolve_add(struct resolve *r, struct str name, const struct tensor *source, struct as as,
                   uint32_t rule)
{
    if (as.dtype == source->dtype && !source->sliced && as.dtype != DTYPE_STRING) {
        return append(r, name, source, NULL, rule);
    }
    static const int64_t origin[SHAPE_RANK_MOST];
    struct form *form = new_form(r, source, as);
    if (!form || set_pieces(r, form, source, origin) < 0) {
        return diag_no_memory(r->diag);
    }
    form->variable = name;
    return append(r, name, source, form, rule);
}

/* The form of one part: its box within the source, cut on one axis. */
static struct form *part_form(struct resolve *r, const struct tensor *source,
                              const struct partition *partition, int64_t part, struct as as)
{
    unsigned axis;
    int64_t parts = partition_axis(partition, &axis);
    struct form *form = new_form(r, source, as);
    int64_t *start = ARENA_ARRAY(r->arena, int64_t, source->rank);
    int64_t *dims = ARENA_ARRAY(r->arena, int64_t, source->rank);
    if (!form || !start || !dims) {
        return NULL;
    }
    memcpy(dims, source->dims, source->rank * sizeof(*dims));
    split_part(source->dims[axis], parts, part, &start[axis], &dims[axis]);
    form->shape.dims = dims;
    form->slice_start = start;
    form->part = part;
    form->partition = *partition;
    return set_pieces(r, form, source, start) < 0 ? NULL : form;
}

struct str resolve_part_name(struct resolve *r, struct str variable, int64_t part)
{
    char suffix[32];
    size_t len = (size_t)snprintf(suffix, sizeof(suffix), "/part_%" PRId64, part);
    char *name = arena_bytes(r->arena, variable.len + len);
    if (!name) {
        return (struct str){NULL, 0};
    }
    memcpy(name, variable.ptr, variable.len);
    memcpy(name + variable.len, suffix, len);
    return str_of(name, variable.len + len);
}

errint resolve_add_part(struct resolve *r, struct str variable, const struct tensor *source,
                        const struct partition *partition, int64_t part, struct as as, uint32_t rule)
{
    struct form *form = part_form(r, source, partition, part, as);
    struct str name = resolve_part_name(r, variable, part);
    if (!form || !name.ptr) {
        return diag_no_memory(r->diag);
    }
    form->variable = str_head(name, variable.len);
    return append(r, name, source, form, rule);
}

errint resolve_add_into_part(struct resolve *r, const struct variable *v, int64_t part,
                             const struct tensor *source, struct as as, uint32_t rule)
{
    static const int64_t origin[SHAPE_RANK_MOST];
    unsigned axis;
    int64_t parts = partition_axis(&v->partition, &axis);
    struct form *form = new_form(r, source, as);
    struct str name = resolve_part_name(r, v->name, part);
    int64_t *start = ARENA_ARRAY(r->arena, int64_t, source->rank);
    if (!form || !name.ptr || !start || set_pieces(r, form, source, origin) < 0) {
        return diag_no_memory(r->diag);
    }
    int64_t len;
    split_part(v->shape.dims[axis], parts, part, &start[axis], &len);
    form->variable = str_head(name, v->name.len);
    form->full = v->shape;
    form->slice_start = start;
    form->part = part;
    form->into_part = true;
    return append(r, name, source, form, rule);
}

/* ---- as what type ------------------------------------------------------------------------------ */

/* The conversion itself, if it can be. */
static bool plan_cast(struct resolve *r, const struct tensor *t, struct as as, const char *where,
                      struct str variable)
{
    const char *refusal = t->dtype == as.dtype ? NULL : cast_refusal(t->dtype, as.dtype, as.mode);
    if (refusal) {
        diag_error(r->diag, DIAG_DTYPE_MISMATCH, where, variable, "'%s' cannot be cast from %s to %s: %s",
                   diag_visible(r->diag, variable), dtype_name(t->dtype), dtype_name(as.dtype), refusal);
        return false;
    }
    uint64_t bytes;
    if (shape_bytes(tensor_shape(t), as.dtype, &bytes) < 0) {
        diag_error(r->diag, DIAG_LIMIT, where, variable, "'%s' as %s would have more than 2^63-1 bytes",
                   diag_visible(r->diag, variable), dtype_name(as.dtype));
        return false;
    }
    return true;
}

/* What may be done about a declared dtype that is not the tensor's. */
static const char *remedy(struct resolve *r, const struct tensor *t, enum dtype declared, bool cast)
{
    if (cast) {
        return arena_printf(r->arena, "cast it to %s", dtype_name(declared));
    }
    if (cast_refusal(t->dtype, declared, CAST_WRAP) && cast_refusal(t->dtype, declared, CAST_SATURATE)) {
        return "no cast is possible: `dtype = source` in [view], or declare what is there";
    }
    return arena_printf(
        r->arena,
        "say `| cast %s` in the rule, `dtype = cast` or `dtype = source` in [view], or declare "
        "what is there",
        dtype_name(declared));
}

bool resolve_cast(struct resolve *r, const struct rule *rule, const struct tensor *t, enum dtype declared,
                  struct str variable, const char *where, struct as *out)
{
    const char *place = resolve_place(r, rule->line);
    *out = (struct as){rule->cast ? rule->cast : t->dtype, rule->cast ? rule->cast_mode : CAST_CHECKED};
    if (declared != DTYPE_INVALID && declared != out->dtype && r->map->view.dtype != VIEW_DTYPE_SOURCE) {
        if (rule->cast || r->map->view.dtype == VIEW_DTYPE_STRICT) {
            const char *remedies = remedy(r, t, declared, rule->cast);
            diag_error(
                r->diag, DIAG_DTYPE_MISMATCH, place, variable,
                rule->cast ? "variable '%s' is declared %s (%s), but the rule casts tensor '%s' to %s; %s"
                           : "variable '%s' is declared %s (%s), tensor '%s' is %s; %s",
                diag_visible(r->diag, variable), dtype_name(declared), where,
                diag_visible(r->diag, tensor_name(t)), dtype_name(out->dtype), remedies ? remedies : "");
            return false;
        }
        *out = (struct as){declared, CAST_CHECKED};
    }
    return plan_cast(r, t, *out, place, variable);
}
