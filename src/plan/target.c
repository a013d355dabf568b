/* SPDX-License-Identifier: Apache-2.0 */
/* Targets as rules make them: a whole tensor, a part of one, and as what type. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "map/split.h"
#include "plan/resolve.h"
#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "tensor/dtype.h"

uint64_t target_bytes(const struct target *t)
{
    if (!t->form) {
        return t->source->bytes;
    }
    uint64_t bytes;
    return shape_bytes(t->form->shape, t->form->dtype, &bytes) < 0 ? 0 : bytes;
}

static errint check_asked(struct resolve *r, uint64_t asked, const char *what, struct position at)
{
    if (asked <= r->most) {
        return 0;
    }
    r->count = 0;
    r->override_count = 0;
    return diag_error_at(r->diag, DIAG_LIMIT, at, STR(""),
                         "the rules up to this one ask for %" PRIu64 " %s, the limit is %" PRIu64
                         ": %d for each %s and %d more",
                         asked, what, r->most, RESOLVE_TARGETS_EACH,
                         r->graph->count > catalog_all(r->catalog) ? "variable of the graph"
                                                                   : "tensor of the checkpoint",
                         RESOLVE_TARGETS_MORE);
}

errint resolve_ask(struct resolve *r, uint64_t targets, uint64_t parts, struct position at)
{
    r->asked_targets += targets;
    r->asked_parts += parts;
    errint rc = check_asked(r, r->asked_targets, "targets", at);
    return rc < 0 ? rc : check_asked(r, r->asked_parts, "parts", at);
}

errint resolve_ask_sources(struct resolve *r, uint64_t sources, struct position at)
{
    r->asked_sources += sources;
    return check_asked(r, r->asked_sources, "sources", at);
}

static errint append_target(struct resolve *r, struct str name, const struct tensor *source,
                            const struct target_form *form, uint32_t rule)
{
    if (name.len > CATALOG_NAME_MOST) { /* a scope of the map's stands before a tensor's name */
        return diag_error_at(r->diag, DIAG_LIMIT, r->map->rules[rule].at, str_head(name, 200),
                             "the name of the target has %zu bytes, the limit is %d", name.len,
                             CATALOG_NAME_MOST);
    }
    if (!grow(&r->targets, &r->cap, r->count, sizeof(*r->targets))) {
        return diag_no_memory(r->diag);
    }
    r->targets[r->count++] = (struct target){.name_ptr = name.ptr,
                                             .name_len = (uint32_t)name.len,
                                             .source = source,
                                             .form = form,
                                             .rule = rule};
    return 0;
}

/* A form of all of the source's shape, without its pieces. */
static struct target_form *new_form(struct resolve *r, const struct tensor *source,
                                    struct conversion as)
{
    struct target_form *form = ARENA_NEW(r->arena, struct target_form);
    if (form) {
        *form = (struct target_form){
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

/* What the form's box, which begins at `start` in the source and is cut along `axis`, takes from
 * each of the source's stored slices. */
static errint cut_slices(struct resolve *r, struct target_form *form, const struct tensor *source,
                         const struct slices *slices, const int64_t *start, unsigned axis)
{
    unsigned rank = source->rank;
    const int64_t *len = form->shape.dims;
    errint rc = slice_order_make(&r->order, slices, rank, axis);
    if (rc < 0) {
        return rc;
    }
    uint32_t first;
    int64_t low = rank ? start[axis] : 0;
    uint32_t near = slice_order_between(&r->order, low, rank ? low + len[axis] : 1, &first);
    const struct stored_slice **list = r->order.slices + first;
    uint32_t touched = 0;
    for (uint32_t i = 0; i < near; i++) {
        touched += piece_touches(list[i], rank, start, len);
    }
    struct piece *pieces = ARENA_ARRAY(r->arena, struct piece, touched);
    if (!pieces) {
        return -ENOMEM;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < near; i++) {
        if (piece_touches(list[i], rank, start, len)) {
            rc = piece_of_slice(source, list[i], start, len, r->arena, &pieces[count++]);
            if (rc < 0) {
                return rc;
            }
        }
    }
    qsort_r(pieces, count, sizeof(*pieces), piece_order, &rank);
    form->pieces = pieces;
    form->piece_count = count;
    return 0;
}

errint target_index_pieces(struct target_form *form, struct arena *a)
{
    if (form->strings) {
        return 0;
    }
    return piece_ends(form->pieces, form->piece_count, form->shape, dtype_bytes(form->dtype), a,
                      &form->ends);
}

/* The form's pieces, if it has elements: its box begins at `start` in the source, and is cut along
 * `axis`. */
static errint set_pieces(struct resolve *r, struct target_form *form, const struct tensor *source,
                         const int64_t *start, unsigned axis)
{
    uint64_t elements;
    errint rc = shape_elements(form->shape, &elements);
    if (rc < 0 || elements == 0) {
        return rc;
    }
    const struct slices *slices = tensor_slices(r->catalog, source);
    if (slices) {
        rc = cut_slices(r, form, source, slices, start, axis);
    } else {
        struct piece *piece = ARENA_NEW(r->arena, struct piece);
        rc = piece ? piece_slice(source, start, form->shape.dims, r->arena, piece) : -ENOMEM;
        form->pieces = piece;
        form->piece_count = rc == 0;
    }
    for (uint32_t i = 0; rc == 0 && i < form->piece_count; i++) {
        ((struct piece *)(uintptr_t)form->pieces)[i].cast_mode = (uint8_t)form->cast_mode;
    }
    return rc < 0 ? rc : target_index_pieces(form, r->arena);
}

errint resolve_shape_target(struct resolve *r, struct target *t, struct conversion as)
{
    static const int64_t origin[SHAPE_RANK_MOST];
    struct target_form *form = new_form(r, t->source, as);
    if (!form || set_pieces(r, form, t->source, origin, 0) < 0) {
        return diag_no_memory(r->diag);
    }
    form->variable = target_name(t);
    t->form = form;
    return 0;
}

errint resolve_add_uncast(struct resolve *r, struct str name, const struct tensor *source,
                          uint32_t rule)
{
    return append_target(r, name, source, NULL, rule);
}

errint resolve_add(struct resolve *r, struct str name, const struct tensor *source,
                   struct conversion as, uint32_t rule)
{
    errint rc = append_target(r, name, source, NULL, rule);
    bool plain = as.dtype == source->dtype && !source->sliced && as.dtype != DTYPE_STRING;
    return rc < 0 || plain ? rc : resolve_shape_target(r, &r->targets[r->count - 1], as);
}

static bool is_stored_whole(const struct value *v, const struct tensor *t)
{
    return t && !t->sliced && v->dtype == t->dtype && v->dtype != DTYPE_STRING &&
           shape_eq(v->shape, tensor_shape(t)) && value_is_dense(v) && v->pieces[0].source == t &&
           v->pieces[0].off == t->off;
}

static struct target_form *value_form(struct resolve *r, struct str variable, const struct value *v)
{
    struct target_form *form = ARENA_NEW(r->arena, struct target_form);
    if (!form) {
        return NULL;
    }
    *form = (struct target_form){
        .shape = v->shape,
        .dtype = (uint8_t)v->dtype,
        .variable = variable,
        .full = v->shape,
        .part = -1,
        .pieces = v->pieces,
        .piece_count = v->count,
        .ends = v->ends,
        .explained = v->explained,
    };
    if (v->dtype == DTYPE_STRING) {
        form->strings = ARENA_NEW(r->arena, struct strings_file);
        form = form->strings ? form : NULL;
    }
    return form;
}

errint resolve_add_value(struct resolve *r, struct str name, const struct value *v,
                         const struct tensor *first, uint32_t rule)
{
    if (is_stored_whole(v, first)) {
        return append_target(r, name, first, NULL, rule);
    }
    struct target_form *form = value_form(r, name, v);
    return form ? append_target(r, name, first, form, rule) : diag_no_memory(r->diag);
}

errint resolve_add_value_part(struct resolve *r, struct str variable, const struct value *v,
                              const struct value_part *part, const struct tensor *first,
                              uint32_t rule)
{
    struct str name = resolve_part_name(r, variable, part->number);
    struct target_form *form = value_form(r, variable, v);
    int64_t *start = ARENA_ARRAY(r->arena, int64_t, (size_t)part->full.rank + 1);
    unsigned axis;
    int64_t parts = partition_axis(&part->partition, &axis);
    int64_t len;
    if (!name.ptr || !form || !start) {
        return diag_no_memory(r->diag);
    }
    split_part(part->full.dims[axis], parts, part->number, &start[axis], &len);
    form->variable = str_head(name, variable.len);
    form->full = part->full;
    form->slice_start = start;
    form->part = part->number;
    form->partition = part->partition;
    return append_target(r, name, first, form, rule);
}

/* The form of one part: its box within the source, cut on one axis. */
static struct target_form *part_form(struct resolve *r, const struct tensor *source,
                                     struct resolve_part part, struct conversion as)
{
    unsigned axis;
    int64_t parts = partition_axis(&part.cut, &axis);
    struct target_form *form = new_form(r, source, as);
    int64_t *start = ARENA_ARRAY(r->arena, int64_t, source->rank);
    int64_t *dims = ARENA_ARRAY(r->arena, int64_t, source->rank);
    if (!form || !start || !dims) {
        return NULL;
    }
    memcpy(dims, source->dims, source->rank * sizeof(*dims));
    split_part(source->dims[axis], parts, part.number, &start[axis], &dims[axis]);
    form->shape.dims = dims;
    form->slice_start = start;
    form->part = part.number;
    form->partition = part.cut;
    return set_pieces(r, form, source, start, axis) < 0 ? NULL : form;
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
                        struct resolve_part part, struct conversion as, uint32_t rule)
{
    struct target_form *form = part_form(r, source, part, as);
    struct str name = resolve_part_name(r, variable, part.number);
    if (!form || !name.ptr) {
        return diag_no_memory(r->diag);
    }
    form->variable = str_head(name, variable.len);
    return append_target(r, name, source, form, rule);
}

errint resolve_add_into_part(struct resolve *r, const struct variable *v, int64_t part,
                             const struct tensor *source, struct conversion as, uint32_t rule)
{
    static const int64_t origin[SHAPE_RANK_MOST];
    unsigned axis;
    struct partition cut = variable_partition(v);
    int64_t parts = partition_axis(&cut, &axis);
    struct target_form *form = new_form(r, source, as);
    struct str name = resolve_part_name(r, v->name, part);
    int64_t *start = ARENA_ARRAY(r->arena, int64_t, source->rank);
    if (!form || !name.ptr || !start || set_pieces(r, form, source, origin, 0) < 0) {
        return diag_no_memory(r->diag);
    }
    int64_t len;
    split_part(v->shape.dims[axis], parts, part, &start[axis], &len);
    form->variable = str_head(name, v->name.len);
    form->full = v->shape;
    form->slice_start = start;
    form->part = part;
    form->into_part = true;
    return append_target(r, name, source, form, rule);
}
