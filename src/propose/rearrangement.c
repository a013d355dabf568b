/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/rearrangement.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- elements in their order ----------------------------------------------------------------- */

/* The shape without its axes of length 1. */
static struct shape squeezed(struct shape s, int64_t *dims)
{
    uint8_t rank = 0;
    for (unsigned k = 0; k < s.rank; k++) {
        if (s.dims[k] != 1) {
            dims[rank++] = s.dims[k];
        }
    }
    return (struct shape){dims, rank};
}

/* The axis of length 1 that the longer shape has and the other lacks, which is all that differs;
 * -1: it is not so. */
static int lone_axis(struct shape longer, struct shape shorter)
{
    if (longer.rank != shorter.rank + 1) {
        return -1;
    }
    unsigned axis = 0;
    while (axis < shorter.rank && longer.dims[axis] == shorter.dims[axis]) {
        axis++;
    }
    bool same = longer.dims[axis] == 1;
    for (unsigned k = axis; same && k < shorter.rank; k++) {
        same = longer.dims[k + 1] == shorter.dims[k];
    }
    return same ? (int)axis : -1;
}

/* One dimension need not be said: the first one that differs, which says more of another model's
 * tensors than any number. */
static void print_reshape(struct shape from, struct shape to, struct buf *b)
{
    unsigned open = 0;
    while (open + 1u < to.rank && open < from.rank && from.dims[open] == to.dims[open]) {
        open++;
    }
    buf_text(b, "reshape ");
    for (unsigned k = 0; k < to.rank; k++) {
        buf_printf(b, "%s%" PRId64, k ? "," : "", k == open ? (int64_t)-1 : to.dims[k]);
    }
}

void rearrangement_reshape(struct shape from, struct shape to, struct buf *b)
{
    int64_t dims[SHAPE_RANK_MOST];
    if (shape_eq(from, to)) {
        return;
    }
    int fewer = lone_axis(from, to);
    int more = lone_axis(to, from);
    if (shape_eq(squeezed(from, dims), to)) {
        buf_text(b, "squeeze");
    } else if (fewer >= 0) {
        buf_printf(b, "squeeze %d", fewer);
    } else if (more >= 0) {
        buf_printf(b, "expand %d", more);
    } else {
        print_reshape(from, to, b);
    }
}

/* ---- axes in another order ------------------------------------------------------------------- */

struct search {
    struct rearrangements *out;
    struct shape from;
    struct shape to;
};

static errint add_text(struct rearrangements *out, const struct buf *text)
{
    if (buf_check(text) < 0 ||
        !arena_grow(out->arena, &out->texts, &out->cap, out->count, sizeof(*out->texts))) {
        return -ENOMEM;
    }
    const char *copy = arena_cstr(out->arena, buf_view(text));
    out->texts[out->count] = copy;
    out->count += copy != NULL;
    return copy ? 0 : -ENOMEM;
}

static bool is_reversed(const uint8_t *axes, unsigned rank)
{
    for (unsigned k = 0; k < rank; k++) {
        if (axes[k] != rank - 1 - k) {
            return false;
        }
    }
    return true;
}

void rearrangement_transpose(const uint8_t *axes, unsigned rank, struct buf *b)
{
    buf_text(b, "transpose");
    for (unsigned k = 0; k < rank && !is_reversed(axes, rank); k++) {
        buf_printf(b, "%c%u", k ? ',' : ' ', axes[k]);
    }
}

/* Adds `|` between two operations. */
static void print_pipe(struct buf *b)
{
    if (b->len) {
        buf_text(b, " | ");
    }
}

/* The source's axes in that order, then as the target's. */
static errint add_transposed(struct search *s, const uint8_t *axes)
{
    int64_t dims[SHAPE_RANK_MOST];
    CLEANUP_BUF struct buf text = {0};
    for (unsigned k = 0; k < s->from.rank; k++) {
        dims[k] = s->from.dims[axes[k]];
    }
    rearrangement_transpose(axes, s->from.rank, &text);
    const struct shape made = {dims, s->from.rank};
    if (!shape_eq(made, s->to)) {
        print_pipe(&text);
        rearrangement_reshape(made, s->to, &text);
    }
    return add_text(s->out, &text);
}

/* To the target's axes in the order before that, then so. */
static errint add_before_transpose(struct search *s, const uint8_t *axes)
{
    int64_t dims[SHAPE_RANK_MOST];
    CLEANUP_BUF struct buf text = {0};
    for (unsigned k = 0; k < s->to.rank; k++) {
        dims[axes[k]] = s->to.dims[k];
    }
    const struct shape before = {dims, s->to.rank};
    if (shape_eq(before, s->from)) {
        return 0; /* the transpose alone is there already */
    }
    rearrangement_reshape(s->from, before, &text);
    print_pipe(&text);
    rearrangement_transpose(axes, s->to.rank, &text);
    return add_text(s->out, &text);
}

/* Whether the order leaves the axes that are longer than 1 as they are: then the elements, too. */
static bool keeps_order(const uint8_t *axes, struct shape of)
{
    int last = -1;
    for (unsigned k = 0; k < of.rank; k++) {
        if (of.dims[axes[k]] != 1) {
            if (axes[k] < last) {
                return false;
            }
            last = axes[k];
        }
    }
    return true;
}

/* The next order of numbers, as a dictionary has them; false after the last. */
static bool next_order(uint8_t *axes, unsigned rank)
{
    unsigned k = rank;
    while (k > 1 && axes[k - 2] >= axes[k - 1]) {
        k--;
    }
    if (k <= 1) {
        return false;
    }
    unsigned j = rank - 1;
    while (axes[j] <= axes[k - 2]) {
        j--;
    }
    uint8_t held = axes[j];
    axes[j] = axes[k - 2];
    axes[k - 2] = held;
    for (unsigned a = k - 1, b = rank - 1; a < b; a++, b--) {
        held = axes[a];
        axes[a] = axes[b];
        axes[b] = held;
    }
    return true;
}

typedef errint add_order(struct search *s, const uint8_t *axes);

static errint add_orders(struct search *s, struct shape of, bool of_source, add_order *add)
{
    uint8_t axes[SHAPE_RANK_MOST];
    for (unsigned k = 0; k < of.rank; k++) {
        axes[k] = (uint8_t)k;
    }
    if (of.rank > REARRANGEMENT_AXES_MOST) {
        for (unsigned k = 0; k < of.rank; k++) {
            axes[k] = (uint8_t)(of.rank - 1 - k);
        }
        return add(s, axes);
    }
    errint rc = 0;
    while (rc == 0 && next_order(axes, of.rank)) {
        rc = keeps_order(axes, of) && !of_source ? 0 : add(s, axes);
    }
    return rc;
}

static int by_length(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    size_t x = strlen(*left);
    size_t y = strlen(*right);
    return x == y ? strcmp(*left, *right) : (x > y) - (x < y);
}

errint rearrangements_find(struct shape from, struct shape to, struct arena *a,
                           struct rearrangements *out)
{
    *out = (struct rearrangements){.arena = a};
    struct search s = {out, from, to};
    CLEANUP_BUF struct buf text = {0};
    uint64_t have;
    uint64_t want;
    if (shape_elements(from, &have) < 0 || shape_elements(to, &want) < 0 || have != want) {
        return 0;
    }
    rearrangement_reshape(from, to, &text);
    errint rc = add_text(out, &text);
    if (rc == 0) {
        rc = add_orders(&s, from, true, add_transposed);
    }
    if (rc == 0) {
        rc = add_orders(&s, to, false, add_before_transpose);
    }
    if (rc == 0) {
        qsort(out->texts, out->count, sizeof(*out->texts), by_length);
    }
    return rc;
}
