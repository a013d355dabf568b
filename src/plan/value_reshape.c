/* SPDX-License-Identifier: Apache-2.0 */
/* A reshape in two steps. The axes of both shapes are taken together, from the left, in the
 * smallest groups of as many elements:
 *
 *     [4, 6, 5] to [24, 5]      {4, 6} to {24}; {5} to {5}
 *     [6, 5]    to [2, 3, 5]    {6} to {2, 3}; {5} to {5}
 *
 * In a group the box of a piece is a number of runs of consecutive elements, which is known where
 * its strides are those of one array; and a run is, in the other axes, a head, a middle and a tail
 * for each of them. What is no such thing (a transposed axis within a group) is read from a
 * computed tensor. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "plan/value_build.h"

enum {
    RUNS_MOST = 256,    /* of one piece in one group; what has more is computed */
    PIECES_EACH = 1024, /* that one piece becomes */
};

/* Axes [from, end) of the old shape and of the new one. */
struct group {
    unsigned old_from, old_end;
    unsigned new_from, new_end;
};

/* A box in the new axes of a group. */
struct part {
    int64_t start[SHAPE_RANK_MOST];
    int64_t len[SHAPE_RANK_MOST];
    int64_t stride[SHAPE_RANK_MOST];
    const int64_t *offsets; /* of the group's only axis that has more than one index; NULL */
    unsigned offsets_axis;
    int64_t off;
};

struct parts {
    struct part *parts; /* owns */
    size_t count;
    size_t cap;
};

struct reshape {
    const struct value *value;
    struct shape shape;
    struct group groups[2 * SHAPE_RANK_MOST + 1];
    unsigned group_count;
    struct parts *parts; /* per group */
    struct value_build build;
};

/* Consecutive elements of the group: [at, at + count), `stride` bytes apart. */
struct run {
    int64_t at;
    int64_t count;
    int64_t off;
    int64_t stride;
};

/* Both have as many elements, none of them none. */
static void find_groups(struct reshape *r)
{
    unsigned old = 0;
    unsigned new = 0;
    while (old < r->value->shape.rank || new < r->shape.rank) {
        struct group g = {.old_from = old, .new_from = new};
        int64_t have = 1;
        int64_t want = 1;
        do {
            bool take_old = new == r->shape.rank ||
                            (old < r->value->shape.rank && (have < want || old == g.old_from));
            if (take_old) {
                have *= r->value->shape.dims[old++];
            } else {
                want *= r->shape.dims[new ++];
            }
        } while (have != want || (old == g.old_from && old < r->value->shape.rank) ||
                 (new == g.new_from &&new < r->shape.rank));
        g.old_end = old;
        g.new_end = new;
        r->groups[r->group_count++] = g;
    }
}

static struct part *add_part(struct parts *parts)
{
    if (parts->count == PIECES_EACH ||
        !grow(&parts->parts, &parts->cap, parts->count, sizeof(*parts->parts))) {
        return NULL;
    }
    return &parts->parts[parts->count++];
}

/* Elements behind axis k of the new shape, within the group. */
static int64_t inner(const struct reshape *r, const struct group *g, unsigned k)
{
    int64_t count = 1;
    for (unsigned axis = k + 1; axis < g->new_end; axis++) {
        count *= r->shape.dims[axis];
    }
    return count;
}

/* A run that is whole rows of axis k, or a part of the last axis; indices on the axes before are
 * `fixed`. */
static errint add_rows(struct reshape *r, const struct group *g, struct parts *parts, unsigned k,
                       const int64_t *fixed, struct run run)
{
    struct part *part = add_part(parts);
    if (!part) {
        return parts->count == PIECES_EACH ? -E2BIG : -ENOMEM;
    }
    *part = (struct part){.off = run.off};
    for (unsigned axis = g->new_from; axis < g->new_end; axis++) {
        int64_t each = inner(r, g, axis);
        part->start[axis] = axis < k ? fixed[axis] : 0;
        part->len[axis] = axis < k ? 1 : r->shape.dims[axis];
        part->stride[axis] = run.stride * each;
    }
    if (k < g->new_end) {
        int64_t each = inner(r, g, k);
        part->start[k] = run.at / each;
        part->len[k] = run.count / each;
    }
    return 0;
}

/* The first `count` elements of the run. */
static struct run cut(struct run *run, int64_t count)
{
    struct run head = {run->at, count, run->off, run->stride};
    run->at += count;
    run->off += count * run->stride;
    run->count -= count;
    return head;
}

/* A run within one index of the axes before k. */
static errint add_run(struct reshape *r, const struct group *g, struct parts *parts, unsigned k,
                      int64_t *fixed, struct run run)
{
    errint rc = 0;
    if (k + 1 >= g->new_end) {
        return add_rows(r, g, parts, k, fixed, run);
    }
    int64_t each = inner(r, g, k);
    while (rc == 0 && run.count) {
        int64_t before = run.at % each;
        if (before == 0 && run.count >= each) {
            rc = add_rows(r, g, parts, k, fixed, cut(&run, run.count / each * each));
            continue;
        }
        int64_t count = each - before < run.count ? each - before : run.count;
        fixed[k] = run.at / each;
        struct run part = cut(&run, count);
        part.at = before;
        rc = add_run(r, g, parts, k + 1, fixed, part);
    }
    return rc;
}

/* Whether the box's elements on the axes from `first` on, all of which but `first` are full, are
 * *stride bytes apart, in order. */
static bool is_linear(const struct reshape *r, const struct group *g, const struct piece *p,
                      unsigned first, int64_t *stride)
{
    int64_t passed = 1; /* elements of the group that one step on the axis passes */
    bool found = false;
    *stride = 0;
    for (unsigned axis = g->old_end; axis-- > first;) {
        if (p->len[axis] > 1 && !found) {
            *stride = p->stride[axis];
            found = true;
        } else if (p->len[axis] > 1 && p->stride[axis] != *stride * passed) {
            return false;
        }
        passed *= r->value->shape.dims[axis];
    }
    return true;
}

/* The only axis of the group, on both sides, that has more than one index: an old one that is a
 * list goes over to the new one. */
static bool move_list(struct reshape *r, const struct group *g, const struct piece *p,
                      struct parts *parts, errint *rc)
{
    unsigned old = g->old_end;
    unsigned new = g->new_end;
    unsigned old_long = 0;
    unsigned new_long = 0;
    for (unsigned axis = g->old_from; axis < g->old_end; axis++) {
        if (p->more->offsets[axis] && r->value->shape.dims[axis] == 1) {
            return false;
        }
        if (r->value->shape.dims[axis] > 1) {
            old = axis;
            old_long++;
        }
    }
    for (unsigned axis = g->new_from; axis < g->new_end; axis++) {
        if (r->shape.dims[axis] > 1) {
            new = axis;
            new_long++;
        }
    }
    if (old_long != 1 || new_long != 1) {
        return false;
    }
    struct part *part = add_part(parts);
    *rc = part ? 0 : -ENOMEM;
    if (part) {
        *part = (struct part){.offsets = p->more->offsets[old], .offsets_axis = new};
        for (unsigned axis = g->new_from; axis < g->new_end; axis++) {
            part->len[axis] = 1;
        }
        part->start[new] = p->start[old];
        part->len[new] = p->len[old];
        part->stride[new] = p->stride[old];
    }
    return true;
}

static bool has_list(const struct group *g, const struct piece *p)
{
    for (unsigned axis = g->old_from; axis < g->old_end; axis++) {
        if (p->more && p->more->offsets && p->more->offsets[axis]) {
            return true;
        }
    }
    return false;
}

/* The parts that the piece has in the group; -E2BIG: there is no good way. */
static errint find_parts(struct reshape *r, const struct group *g, const struct piece *p,
                         struct parts *parts)
{
    errint rc = 0;
    parts->count = 0;
    if (has_list(g, p)) {
        return move_list(r, g, p, parts, &rc) ? rc : -E2BIG;
    }
    /* From the last axis that is not full on, the box is one run for each index of those before. */
    unsigned last = g->old_from;
    int64_t runs = 1;
    for (unsigned axis = g->old_from; axis < g->old_end; axis++) {
        last = p->len[axis] != r->value->shape.dims[axis] ? axis : last;
    }
    for (unsigned axis = g->old_from; axis < last; axis++) {
        if (__builtin_mul_overflow(runs, p->len[axis], &runs) || runs > RUNS_MOST) {
            return -E2BIG;
        }
    }
    struct run run = {.count = 1};
    if (!is_linear(r, g, p, last, &run.stride)) {
        return -E2BIG;
    }
    int64_t pitch[SHAPE_RANK_MOST]; /* elements of the group per step on an old axis */
    int64_t passed = 1;
    for (unsigned axis = g->old_end; axis-- > g->old_from;) {
        pitch[axis] = passed;
        passed *= r->value->shape.dims[axis];
        run.count *= axis >= last ? p->len[axis] : 1;
    }
    for (int64_t n = 0; rc == 0 && n < runs; n++) {
        int64_t fixed[SHAPE_RANK_MOST] = {0};
        int64_t left = n;
        struct run one = run;
        for (unsigned axis = g->old_end; axis-- > g->old_from;) {
            int64_t index = 0;
            if (axis < last) {
                index = left % p->len[axis];
                left /= p->len[axis];
            }
            one.at += (p->start[axis] + index) * pitch[axis];
            one.off += index * p->stride[axis];
        }
        rc = add_run(r, g, parts, g->new_from, fixed, one);
    }
    return rc;
}

/* One of the parts of each group together are a piece. */
static errint add_piece(struct reshape *r, const struct piece *p, const size_t *chosen)
{
    struct value_box box;
    if (!value_build_add(&r->build, p, &box)) {
        return r->build.rc;
    }
    for (unsigned i = 0; i < r->group_count; i++) {
        const struct part *part = &r->parts[i].parts[chosen[i]];
        box.piece->off += (uint64_t)part->off;
        for (unsigned axis = r->groups[i].new_from; axis < r->groups[i].new_end; axis++) {
            box.start[axis] = part->start[axis];
            box.len[axis] = part->len[axis];
            box.stride[axis] = part->stride[axis];
            if (part->offsets && axis == part->offsets_axis) {
                box.offsets[axis] = part->offsets;
            }
        }
    }
    return 0;
}

static errint reshape_piece(struct reshape *r, const struct piece *p)
{
    size_t chosen[2 * SHAPE_RANK_MOST + 1] = {0};
    uint64_t pieces = 1;
    for (unsigned i = 0; i < r->group_count; i++) {
        errint rc = find_parts(r, &r->groups[i], p, &r->parts[i]);
        if (rc < 0) {
            return rc;
        }
        pieces *= r->parts[i].count;
        if (pieces > PIECES_EACH) {
            return -E2BIG;
        }
    }
    for (uint64_t n = 0; n < pieces; n++) {
        uint64_t left = n;
        for (unsigned i = 0; i < r->group_count; i++) {
            chosen[i] = left % r->parts[i].count;
            left /= r->parts[i].count;
        }
        errint rc = add_piece(r, p, chosen);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static void reshape_fini(struct reshape *r)
{
    for (unsigned i = 0; r->parts && i < r->group_count; i++) {
        free(r->parts[i].parts);
    }
    free(r->parts);
    value_build_fini(&r->build);
}

static errint reshape_pieces(struct reshape *r, struct value *out)
{
    find_groups(r);
    r->parts = calloc(r->group_count + 1, sizeof(*r->parts));
    if (!r->parts) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < r->value->count; i++) {
        errint rc = reshape_piece(r, &r->value->pieces[i]);
        if (rc < 0) {
            return rc;
        }
    }
    return value_built(&r->build, out);
}

errint value_reshape(const struct value *v, struct shape shape, struct arena *a, struct value *out)
{
    struct reshape r = {.value = v, .shape = shape, .build = value_build(a, shape, v->dtype)};
    if (v->count == 0) {
        return value_built(&r.build, out);
    }
    errint rc = reshape_pieces(&r, out);
    reshape_fini(&r);
    if (rc != -E2BIG) {
        return rc;
    }
    return value_recompute(v, shape, a, out);
}
