/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/parting.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "propose/matching.h"
#include "propose/places.h"
#include "propose/rearrangement.h"

/* One guess: on which axis, and whether the parts lack it. */
struct guess {
    struct prover *prover;
    struct parting *p;
    unsigned axis;
    bool lacks;
    const char *text; /* what each part becomes, or becomes of its place */
    int64_t *lengths; /* of each part on the axis */
    bool *placed;     /* of each part */
};

/* The shape of `length` indices of the axis of the whole. */
static struct shape place_shape(const struct guess *g, int64_t length, int64_t *dims)
{
    struct shape whole = g->p->whole->shape;
    unsigned rank = 0;
    for (unsigned k = 0; k < whole.rank; k++) {
        if (k != g->axis) {
            dims[rank++] = whole.dims[k];
        } else if (!g->lacks) {
            dims[rank++] = length;
        }
    }
    return (struct shape){dims, (uint8_t)rank};
}

/* That part of the whole, in p->making. */
static errint make_place(const struct guess *g, int64_t at, int64_t length, struct value *out)
{
    struct value_range ranges[SHAPE_RANK_MOST];
    struct shape whole = g->p->whole->shape;
    struct arena *making = &g->prover->making;
    int64_t *dims = ARENA_ARRAY(making, int64_t, SHAPE_RANK_MOST);
    struct value cut;
    if (!dims) {
        return -ENOMEM;
    }
    for (unsigned k = 0; k < whole.rank; k++) {
        ranges[k] = (struct value_range){0, whole.dims[k], 1};
    }
    ranges[g->axis] = (struct value_range){at, length, 1};
    errint rc = value_slice(g->p->whole, ranges, making, &cut);
    return rc < 0 ? rc : value_reshape(&cut, place_shape(g, length, dims), making, out);
}

/* Whether the part seems to stand at that index of the axis. */
static errint stands_at(const struct guess *g, uint32_t part, int64_t at, bool *fits)
{
    struct prover *prover = g->prover;
    struct proof_sample sample;
    struct value place;
    struct op_result made;
    CLEANUP_BUF struct buf text = {0};
    proof_forget(prover);
    errint rc = make_place(g, at, g->lengths[part], &place);
    const struct value *from = g->p->joins ? g->p->parts[part] : &place;
    const struct value *to = g->p->joins ? &place : g->p->parts[part];
    *fits = false;
    buf_text(&text, g->text);
    matching_print_cast(from->dtype, to->dtype, &text);
    if (rc == 0) {
        rc = buf_check(&text);
    }
    if (rc == 0) {
        rc = proof_sample(prover, PROPOSAL_TO, to, &sample);
    }
    if (rc < 0) {
        return rc == -E2BIG || rc == -ELOOP ? 0 : rc;
    }
    rc = proof_make(prover, from, 1, text.len ? text.data : "", &made, fits);
    if (rc == 0 && *fits) {
        rc = proof_fits(prover, PROPOSAL_FROM, made.values, &sample, fits);
    }
    op_result_fini(&made);
    return rc;
}

/* Places the parts one after the other from place `done`, where the axis has index `at`. */
static errint place_rest(const struct guess *g, uint32_t done, int64_t at, bool *all)
{
    *all = true;
    while (*all && done < g->p->count) {
        *all = false;
        for (uint32_t i = 0; i < g->p->count && !*all; i++) {
            errint rc = g->placed[i] ? 0 : stands_at(g, i, at, all);
            if (rc < 0) {
                return rc;
            }
            if (*all) {
                g->placed[i] = true;
                g->p->order[done++] = i;
                at += g->lengths[i];
            }
        }
    }
    return 0;
}

/* ---- in words, and proved -------------------------------------------------------------------- */

static void print_pipe(struct buf *b)
{
    if (b->len) {
        buf_text(b, " | ");
    }
}

static void print_split(const struct guess *g, struct buf *b)
{
    const struct parting *p = g->p;
    bool even = true;
    for (uint32_t i = 1; i < p->count; i++) {
        even = even && g->lengths[i] == g->lengths[0];
    }
    if (g->lacks) {
        buf_printf(b, "unstack %u", g->axis);
        return;
    }
    buf_printf(b, "split %u", g->axis);
    if (even) {
        buf_printf(b, " %u", p->count);
    }
    for (uint32_t i = 0; i < p->count && !even; i++) {
        buf_printf(b, "%c%" PRId64, i ? ',' : ' ', g->lengths[p->order[i]]);
    }
}

static void print_guess(const struct guess *g, struct buf *b)
{
    b->len = 0;
    if (!g->p->joins) {
        print_split(g, b);
    }
    if (g->text[0]) {
        print_pipe(b);
        buf_text(b, g->text);
    }
    if (g->p->joins) {
        print_pipe(b);
        buf_printf(b, "%s %u", g->lacks ? "stack" : "concat", g->axis);
    }
}

/* The values that the operations take, or that they have to make, in the order that was found. */
static struct value *in_order(const struct guess *g)
{
    struct value *values = ARENA_ARRAY(&g->prover->making, struct value, g->p->count);
    for (uint32_t i = 0; values && i < g->p->count; i++) {
        values[i] = *g->p->parts[g->p->order[i]];
    }
    return values;
}

/* Whether p->operations do, of the parts in the order that was found. */
static errint prove_operations(const struct guess *g)
{
    struct parting *p = g->p;
    struct op_result made = {0};
    struct proof_outcome outcome = {.equal = true};
    bool fits;
    enum dtype of_parts = p->parts[0]->dtype;
    enum dtype of_whole = p->whole->dtype;
    proof_forget(g->prover);
    matching_print_cast(p->joins ? of_parts : of_whole, p->joins ? of_whole : of_parts,
                        &p->operations);
    const struct value *parts = in_order(g);
    errint rc = parts ? buf_check(&p->operations) : -ENOMEM;
    if (rc == 0) {
        rc = proof_make(g->prover, p->joins ? parts : p->whole, p->joins ? p->count : 1,
                        p->operations.data, &made, &fits);
        fits = rc == 0 && fits && made.count == (p->joins ? 1 : p->count);
        const struct value *wanted = p->joins ? p->whole : parts;
        for (uint32_t i = 0; fits && rc == 0 && outcome.equal && i < made.count; i++) {
            rc = proof_compare(g->prover, &made.values[i], &wanted[i], &outcome);
        }
        p->proved = rc == 0 && fits && outcome.equal;
    }
    op_result_fini(&made);
    return rc;
}

/* ---- guesses --------------------------------------------------------------------------------- */

/* The lengths of the parts on the axis, if each can be some of its indices. */
static bool find_lengths(const struct guess *g)
{
    uint64_t all;
    int64_t dim = g->p->whole->shape.dims[g->axis];
    if (shape_elements(g->p->whole->shape, &all) < 0) {
        return false;
    }
    uint64_t each = all / (uint64_t)dim;
    for (uint32_t i = 0; i < g->p->count; i++) {
        uint64_t elements;
        if (shape_elements(g->p->parts[i]->shape, &elements) < 0 || elements % each) {
            return false;
        }
        g->lengths[i] = (int64_t)(elements / each);
        if (g->lacks && g->lengths[i] != 1) {
            return false;
        }
    }
    return true;
}

/* With the first place for that part: every way in which it may become it. */
static errint try_first(struct guess *g, uint32_t part)
{
    int64_t dims[SHAPE_RANK_MOST];
    struct rearrangements all;
    struct shape place = place_shape(g, g->lengths[part], dims);
    struct shape own = g->p->parts[part]->shape;
    errint rc = rearrangements_find(g->p->joins ? own : place, g->p->joins ? place : own,
                                    &g->prover->arena, &all);
    for (size_t i = 0; rc == 0 && !g->p->proved && i < all.count; i++) {
        bool fits;
        g->text = all.texts[i];
        rc = stands_at(g, part, 0, &fits);
        if (rc < 0 || !fits) {
            continue;
        }
        memset(g->placed, 0, g->p->count * sizeof(*g->placed));
        g->placed[part] = true;
        g->p->order[0] = part;
        rc = place_rest(g, 1, g->lengths[part], &fits);
        if (rc == 0 && fits) {
            print_guess(g, &g->p->operations);
            rc = prove_operations(g);
        }
    }
    return rc;
}

static errint try_axis(struct guess *g)
{
    errint rc = 0;
    if (!find_lengths(g)) {
        return 0;
    }
    for (uint32_t i = 0; rc == 0 && !g->p->proved && i < g->p->count; i++) {
        rc = try_first(g, i);
    }
    return rc;
}

static errint try_axes(struct guess *g, bool lacks)
{
    errint rc = 0;
    g->lacks = lacks;
    for (g->axis = 0; rc == 0 && !g->p->proved && g->axis < g->p->whole->shape.rank; g->axis++) {
        rc = try_axis(g);
    }
    return rc;
}

/* ---- by where elements are ------------------------------------------------------------------- */

/* Whether all parts have one shape. */
static bool are_alike(const struct parting *p)
{
    bool alike = true;
    for (uint32_t i = 1; i < p->count; i++) {
        alike = alike && shape_eq(p->parts[i]->shape, p->parts[0]->shape);
    }
    return alike && p->parts[0]->shape.rank < SHAPE_RANK_MOST;
}

/* The parts in the order in which their first elements are in the whole. False: that is not
 * known. */
static bool order_parts(struct parting *p, const int64_t *at)
{
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t place = i;
        if (at[i] == DIGITS_UNKNOWN) {
            return false;
        }
        for (; place > 0 && at[p->order[place - 1]] > at[i]; place--) {
            p->order[place] = p->order[place - 1];
        }
        p->order[place] = i;
    }
    return true;
}

/* The shape of all parts stacked. */
static struct shape stacked(const struct parting *p, int64_t *dims)
{
    struct shape part = p->parts[0]->shape;
    dims[0] = p->count;
    for (unsigned k = 0; k < part.rank; k++) {
        dims[k + 1] = part.dims[k];
    }
    return (struct shape){dims, (uint8_t)(part.rank + 1)};
}

/* The operations between the parts, stacked in that order, and the whole. */
static errint print_places(struct guess *g, const struct place_list *whole,
                           const struct value *const *ordered, bool *found)
{
    struct parting *p = g->p;
    int64_t dims[SHAPE_RANK_MOST];
    struct digits digits;
    CLEANUP_BUF struct buf text = {0};
    const struct place_list parts = {!whole->end, ordered, p->count};
    errint rc = places_digits(g->prover, p->joins ? &parts : whole, p->joins ? whole : &parts,
                              &digits, found);
    struct shape all = stacked(p, dims);
    *found = rc == 0 && *found &&
             digits_print(&digits, p->joins ? all : whole->values[0]->shape,
                          p->joins ? whole->values[0]->shape : all, &text);
    p->operations.len = 0;
    if (p->joins) {
        buf_text(&p->operations, "stack 0");
    }
    if (text.len) {
        print_pipe(&p->operations);
        buf_str(&p->operations, buf_view(&text));
    }
    if (!p->joins) {
        print_pipe(&p->operations);
        buf_text(&p->operations, "unstack 0");
    }
    return rc;
}

/* Parts of one shape in any arrangement, of which no axis of the whole need be left. */
static errint try_places(struct guess *g)
{
    struct parting *p = g->p;
    struct arena *a = &g->prover->arena;
    enum dtype dtype = p->joins ? p->whole->dtype : p->parts[0]->dtype;
    const struct value **ordered = ARENA_ARRAY(a, const struct value *, p->count);
    struct value *cast = ARENA_ARRAY(a, struct value, (size_t)p->count + 1);
    int64_t *at = ARENA_ARRAY(a, int64_t, p->count);
    if (!ordered || !cast || !at) {
        return -ENOMEM;
    }
    const struct value *whole = &cast[p->count];
    errint rc = matching_as(p->whole, dtype, a, &cast[p->count]);
    for (uint32_t i = 0; rc == 0 && i < p->count; i++) {
        rc = matching_as(p->parts[i], dtype, a, &cast[i]);
        at[i] = DIGITS_UNKNOWN;
        ordered[i] = &cast[i];
    }
    const struct place_list wholes = {p->joins ? PROPOSAL_TO : PROPOSAL_FROM, &whole, 1};
    const struct place_list parts = {!wholes.end, ordered, p->count};
    if (rc == 0) {
        rc = places_of_firsts(g->prover, &parts, &wholes, at);
    }
    if (rc < 0 || !order_parts(p, at)) {
        return rc;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        ordered[i] = &cast[p->order[i]];
    }
    bool found = false;
    rc = print_places(g, &wholes, ordered, &found);
    return rc < 0 || !found ? rc : prove_operations(g);
}

errint parting_prove(struct prover *prover, struct parting *p)
{
    CLEANUP_FREE int64_t *lengths = calloc(p->count, sizeof(*lengths));
    CLEANUP_FREE bool *placed = calloc(p->count, sizeof(*placed));
    struct guess g = {.prover = prover, .p = p, .lengths = lengths, .placed = placed};
    if (!lengths || !placed) {
        return -ENOMEM;
    }
    p->proved = false;
    bool lacks = p->parts[0]->shape.rank < p->whole->shape.rank;
    errint rc = try_axes(&g, lacks);
    if (rc == 0 && !p->proved) {
        rc = try_axes(&g, !lacks);
    }
    return rc < 0 || p->proved || !are_alike(p) ? rc : try_places(&g);
}
