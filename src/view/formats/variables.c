/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/variables.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lower_bound.h"

static bool is_part(const struct target *t)
{
    return t->form && t->form->part >= 0;
}

/* ---- whether parts make up the whole --------------------------------------------------------- */

/* The axis that the parts are cut on; 0 if none of them is cut. */
static unsigned cut_axis(const struct target *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct target_form *f = parts[i].form;
        for (unsigned axis = 0; axis < f->full.rank; axis++) {
            if (f->shape.dims[axis] != f->full.dims[axis]) {
                return axis;
            }
        }
    }
    return 0;
}

/* Parts are the ranges of one axis, one after the other, of elements of one type. */
static bool make_up(const struct target *parts, uint32_t count)
{
    const struct target_form *first = parts[0].form;
    unsigned cut = cut_axis(parts, count);
    int64_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct target_form *f = parts[i].form;
        if (!shape_eq(f->full, first->full) || f->dtype != first->dtype) {
            return false;
        }
        for (unsigned axis = 0; axis < f->full.rank; axis++) {
            if (f->slice_start[axis] != (axis == cut ? end : 0) ||
                (axis != cut && f->shape.dims[axis] != f->full.dims[axis])) {
                return false;
            }
        }
        end += f->full.rank ? f->shape.dims[cut] : 0;
    }
    return first->full.rank ? end == first->full.dims[cut] : count == 1;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Where the element at the target's origin would be, were the piece to reach that far. */
static uint64_t origin_of(const struct piece *p, unsigned rank)
{
    uint64_t off = p->off;
    for (unsigned axis = 0; axis < rank; axis++) {
        off -= (uint64_t)(p->start[axis] * p->stride[axis]);
    }
    return off;
}

/* Whether two pieces of one target go on in each other: elements of both lie where the same strides
 * lead. */
static bool go_on(const struct piece *a, const struct piece *b, unsigned rank)
{
    return !a->more && !b->more && a->source == b->source && a->slice == b->slice &&
           a->shard == b->shard && a->dtype == b->dtype && a->cast_mode == b->cast_mode &&
           (rank == 0 || memcmp(a->stride, b->stride, rank * sizeof(*a->stride)) == 0) &&
           origin_of(a, rank) == origin_of(b, rank);
}

/* One piece for all, if they go on in each other: they tile the shape. */
static void merge_pieces(struct target_form *form, struct piece *pieces, const int64_t *zeros)
{
    for (uint32_t i = 1; i < form->piece_count; i++) {
        if (!go_on(&pieces[0], &pieces[i], form->shape.rank)) {
            return;
        }
    }
    if (form->piece_count > 1) {
        pieces[0].off = origin_of(&pieces[0], form->shape.rank);
        pieces[0].start = zeros;
        pieces[0].len = form->shape.dims;
        form->piece_count = 1;
    }
}

/* The part's pieces, moved to where it stands in the whole. */
static errint add_pieces(struct arena *a, const struct target_form *part, struct piece *to)
{
    unsigned rank = part->full.rank;
    for (uint32_t i = 0; i < part->piece_count; i++) {
        int64_t *start = ARENA_ARRAY(a, int64_t, rank);
        if (!start) {
            return -ENOMEM;
        }
        for (unsigned axis = 0; axis < rank; axis++) {
            start[axis] = part->pieces[i].start[axis] + part->slice_start[axis];
        }
        to[i] = part->pieces[i];
        to[i].start = start;
    }
    return 0;
}

static bool is_all_of(const struct target_form *form, const struct tensor *t)
{
    return t && !form->strings && !t->sliced && form->dtype == t->dtype &&
           shape_eq(form->shape, tensor_shape(t)) &&
           (form->piece_count == 0 ||
            (form->piece_count == 1 && !form->pieces[0].more && form->pieces[0].off == t->off &&
             form->pieces[0].shard == t->shard));
}

static bool one_source(const struct target *parts, uint32_t count)
{
    uint32_t i = 1;
    while (i < count && parts[i].source == parts[0].source) {
        i++;
    }
    return i == count;
}

static errint make_whole(struct arena *a, const struct target *parts, uint32_t count,
                         struct view_variable *out)
{
    uint32_t pieces = 0;
    for (uint32_t i = 0; i < count; i++) {
        pieces += parts[i].form->piece_count;
    }
    struct target *whole = ARENA_NEW(a, struct target);
    struct target_form *form = ARENA_NEW(a, struct target_form);
    struct piece *all = ARENA_ARRAY(a, struct piece, pieces);
    int64_t *zeros = ARENA_ARRAY(a, int64_t, parts->form->full.rank);
    if (!whole || !form || !all || !zeros) {
        return -ENOMEM;
    }
    *form = *parts->form;
    form->shape = form->full;
    form->slice_start = NULL;
    form->part = -1;
    form->pieces = all;
    form->piece_count = 0;
    if (form->strings) {
        form->strings = ARENA_NEW(a, struct strings_file); /* the whole has a file of its own */
        if (!form->strings) {
            return -ENOMEM;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        errint rc = add_pieces(a, parts[i].form, all + form->piece_count);
        if (rc < 0) {
            return rc;
        }
        form->piece_count += parts[i].form->piece_count;
    }
    unsigned rank = form->shape.rank;
    qsort_r(all, form->piece_count, sizeof(*all), piece_order,
            &rank); /* parts need not be one after the other: slices cut other axes */
    if (one_source(parts, count)) {
        merge_pieces(form, all, zeros);
    }
    if (target_index_pieces(form, a) < 0) {
        return -ENOMEM;
    }
    *whole = (struct target){
        .name_ptr = form->variable.ptr,
        .name_len = (uint32_t)form->variable.len,
        .source = parts->source,
        .form = is_all_of(form, parts->source) ? NULL : form,
        .rule = parts->rule,
    };
    out->whole = whole;
    return 0;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* The end of the run of targets that are parts of the variable of number `first`. */
static uint32_t parts_end(const struct plan *p, uint32_t first)
{
    uint32_t end = first + 1;
    while (end < p->count && is_part(&p->targets[end]) &&
           str_eq(target_variable(&p->targets[end]), target_variable(&p->targets[first]))) {
        end++;
    }
    return end;
}

errint variables_build(const struct plan *p, struct view_variables *out, struct diag *d)
{
    *out = (struct view_variables){.plan = p};
    arena_init(&out->arena);
    for (uint32_t i = 0; i < p->count; i = is_part(&p->targets[i]) ? parts_end(p, i) : i + 1) {
        out->count++;
        out->partitioned_count += is_part(&p->targets[i]);
    }
    struct view_variable *all =
        ARENA_ARRAY(&out->arena, struct view_variable, out->partitioned_count);
    if (!all) {
        out->partitioned_count = 0; /* none to be taken away again */
        return diag_no_memory(d);
    }
    out->partitioned = all;
    uint32_t made = 0;
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < p->count;) {
        if (!is_part(&p->targets[i])) {
            i++;
            continue;
        }
        uint32_t end = parts_end(p, i);
        struct view_variable *l = &all[made++];
        *l = (struct view_variable){.parts = &p->targets[i], .part_count = end - i};
        if (make_up(l->parts, l->part_count)) {
            rc = make_whole(&out->arena, l->parts, l->part_count, l);
        }
        i = end;
    }
    return rc < 0 ? diag_no_memory(d) : 0;
}

void variables_fini(struct view_variables *l)
{
    for (uint32_t i = 0; i < l->partitioned_count; i++) {
        const struct target *whole = l->partitioned[i].whole;
        if (whole && whole->form && whole->form->strings) {
            free(whole->form->strings->starts);
        }
    }
    arena_fini(&l->arena);
    *l = (struct view_variables){0};
}

bool variable_next(struct variable_cursor *at, struct view_variable *out)
{
    const struct plan *p = at->of->plan;
    if (!p || at->target == p->count) {
        return false;
    }
    const struct target *t = &p->targets[at->target];
    if (is_part(t)) {
        *out = at->of->partitioned[at->partitioned++];
        at->target += out->part_count;
    } else {
        *out = (struct view_variable){.whole = t};
        at->target++;
    }
    return true;
}

const struct view_variable *variable_of_part(const struct view_variables *l, const struct target *t)
{
    const struct view_variable *all = l->partitioned;
    uint32_t at = LOWER_BOUND(i, 0, l->partitioned_count, all[i].parts + all[i].part_count <= t);
    return at < l->partitioned_count && all[at].parts <= t ? &all[at] : NULL;
}
