/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/axis_sums.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "propose/digits.h"
#include "propose/fingerprint.h"
#include "render/value_read.h"

enum {
    LOT = PROVER_BLOCK / 16, /* elements that are read at once */
    BLOCKS_MOST = 16,        /* of an axis, in another order */
    INDICES_MOST = 32,       /* of an axis, in any order */
};

/* ---- sums ------------------------------------------------------------------------------------ */

struct walk {
    struct axis_sums *sums;
    unsigned rank;
    int64_t index[AXIS_SUMS_RANK_MOST]; /* of the next element */
};

static void add_to_axes(struct walk *w, unsigned axes, uint64_t sum)
{
    for (unsigned k = 0; k < axes; k++) {
        if (w->sums->of[k]) {
            w->sums->of[k][w->index[k]] += sum;
        }
    }
}

/* Goes to the first index of the last axis, and on in those before it. */
static void next_row(struct walk *w)
{
    w->index[w->rank - 1] = 0;
    for (unsigned k = w->rank - 1; k-- > 0;) {
        if (++w->index[k] < w->sums->shape.dims[k]) {
            return;
        }
        w->index[k] = 0;
    }
}

/* The elements that come next, by their fingerprints: rows, or parts of rows, of the last axis. */
static void add_lot(struct walk *w, const uint64_t *each, size_t count)
{
    unsigned last = w->rank - 1;
    for (size_t i = 0; i < count;) {
        size_t left = (size_t)(w->sums->shape.dims[last] - w->index[last]);
        size_t run = left < count - i ? left : count - i;
        uint64_t *row = w->sums->of[last] ? w->sums->of[last] + w->index[last] : NULL;
        uint64_t sum = 0;
        for (size_t k = 0; k < run; k++) {
            sum += each[i + k];
        }
        for (size_t k = 0; row && k < run; k++) {
            row[k] += each[i + k];
        }
        add_to_axes(w, last, sum);
        w->index[last] += (int64_t)run;
        i += run;
        if (run == left) {
            next_row(w);
        }
    }
}

errint axis_sums_find(struct prover *p, enum proposal_end end, const struct value *v,
                      struct axis_sums *out, bool *found)
{
    unsigned width = dtype_bytes(v->dtype);
    uint64_t elements;
    struct walk w = {.sums = out, .rank = v->shape.rank};
    *out = (struct axis_sums){.shape = v->shape};
    *found = v->shape.rank > 0 && v->shape.rank <= AXIS_SUMS_RANK_MOST;
    for (unsigned k = 0; *found && k < v->shape.rank; k++) {
        *found = v->shape.dims[k] <= AXIS_SUMS_MOST;
        if (*found && v->shape.dims[k] > 1) {
            out->of[k] = ARENA_ARRAY(&p->arena, uint64_t, (size_t)v->shape.dims[k]);
            if (!out->of[k]) {
                return -ENOMEM;
            }
        }
    }
    errint rc = shape_elements(v->shape, &elements);
    uint64_t *each = ARENA_ARRAY(&p->arena, uint64_t, LOT);
    if (!*found || rc < 0 || !each) {
        return *found && !each ? -ENOMEM : rc;
    }
    for (uint64_t at = 0; rc == 0 && at < elements; at += LOT) {
        size_t count = elements - at < LOT ? (size_t)(elements - at) : LOT;
        rc = value_read(&p->readers[end], v, at * width, count * width, p->blocks[end]);
        if (rc == 0) {
            fingerprint_each(p->blocks[end], width, count, each);
            add_lot(&w, each, count);
        }
    }
    return rc;
}

/* ---- one axis -------------------------------------------------------------------------------- */

/* A slice, for sorting. */
struct slice_sum {
    uint64_t sum;
    int64_t index;
};

static int by_sum(const void *a, const void *b)
{
    const struct slice_sum *x = a;
    const struct slice_sum *y = b;
    if (x->sum != y->sum) {
        return x->sum < y->sum ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

static struct slice_sum *sorted(struct prover *p, const uint64_t *sums, int64_t length)
{
    struct slice_sum *list = ARENA_ARRAY(&p->arena, struct slice_sum, (size_t)length);
    for (int64_t i = 0; list && i < length; i++) {
        list[i] = (struct slice_sum){sums[i], i};
    }
    if (list) {
        qsort(list, (size_t)length, sizeof(*list), by_sum);
    }
    return list;
}

/* For each index of the axis of `to` the index of the equal slice of `from`, in the arena; NULL:
 * they are not the same axis. */
static int64_t *find_indices(struct prover *p, const uint64_t *from, const uint64_t *to,
                             int64_t length)
{
    struct slice_sum *there = sorted(p, from, length);
    struct slice_sum *here = sorted(p, to, length);
    int64_t *indices = ARENA_ARRAY(&p->arena, int64_t, (size_t)length);
    for (int64_t i = 0; there && here && indices && i < length; i++) {
        if (there[i].sum != here[i].sum) {
            return NULL;
        }
        indices[here[i].index] = there[i].index;
    }
    return there && here ? indices : NULL;
}

static int64_t index_at(const void *context, uint64_t i)
{
    const int64_t *indices = context;
    return indices[i];
}

/* Into how many equal blocks an axis is cut, whose order alone is another; 0: it is not so. */
static int64_t blocks_of(const int64_t *indices, int64_t length)
{
    for (int64_t n = 2; n <= BLOCKS_MOST; n++) {
        int64_t each = length / n;
        bool whole = length % n == 0;
        for (int64_t i = 0; whole && i < length; i++) {
            whole = indices[i] % each == i % each &&
                    indices[i] / each == indices[i / each * each] / each;
        }
        if (whole) {
            return n;
        }
    }
    return 0;
}

/* `take`: of blocks, or of single indices. False: they are too many. */
static bool print_take(const int64_t *indices, int64_t length, unsigned axis, struct buf *b)
{
    int64_t blocks = blocks_of(indices, length);
    int64_t count = blocks ? blocks : length;
    if (count > INDICES_MOST) {
        return false;
    }
    buf_printf(b, "%stake %u", b->len ? " | " : "", axis);
    for (int64_t i = 0; i < count; i++) {
        buf_printf(b, "%c%" PRId64, i ? ',' : ' ',
                   indices[i * (length / count)] / (length / count));
    }
    if (blocks && blocks != length) {
        buf_printf(b, " of %" PRId64, blocks);
    }
    return true;
}

/* ---- all axes -------------------------------------------------------------------------------- */

/* One way to say it; the shortest of all is taken. */
struct way {
    bool takes;  /* indices that are in another order are taken, where that can be said */
    bool merges; /* digits of several axes that go on in each other are one */
};

struct guess {
    struct axis_sums const *from;
    struct axis_sums const *to;
    unsigned axes[AXIS_SUMS_RANK_MOST];          /* of `from`, for each axis of `to` */
    const int64_t *indices[AXIS_SUMS_RANK_MOST]; /* for each axis of `to`; NULL: it has one */
};

/* Elements of `from` from one index of the axis to the next. */
static int64_t stride_of(struct shape s, unsigned axis)
{
    int64_t stride = 1;
    for (unsigned k = axis + 1; k < s.rank; k++) {
        stride *= s.dims[k];
    }
    return stride;
}

/* Whether the indices are what the digits say, for all of them. */
static bool is_affine(const int64_t *indices, int64_t length, const struct digits *d)
{
    for (int64_t i = 0; i < length; i++) {
        if (digits_index(d, (uint64_t)i) != indices[i] - indices[0]) {
            return false;
        }
    }
    return true;
}

/* The digits of an axis of `to`: those of its indices, or one, where these are taken first. */
static bool add_axis(const struct guess *g, unsigned k, struct way way, struct digits *all,
                     struct buf *b)
{
    unsigned axis = g->axes[k];
    int64_t length = g->from->shape.dims[axis];
    int64_t stride = stride_of(g->from->shape, axis);
    const int64_t *indices = g->indices[k];
    struct digits own = {0};
    bool affine =
        digits_find((uint64_t)length, index_at, indices, &own) && is_affine(indices, length, &own);
    bool in_order = affine && own.count == 1 && own.list[0].stride == 1;
    if (!affine || (way.takes && !in_order)) {
        own = (struct digits){.list = {{(uint64_t)length, 1}}, .count = 1};
        if (!print_take(indices, length, axis, b)) {
            return false;
        }
    }
    for (unsigned i = 0; i < own.count; i++) {
        const struct digit d = {own.list[i].base, own.list[i].stride * stride};
        if (!(way.merges ? digits_add : digits_append)(all, d)) {
            return false;
        }
    }
    return true;
}

static bool print_way(const struct guess *g, struct way way, struct buf *b)
{
    struct digits all = {0};
    for (unsigned k = g->to->shape.rank; k-- > 0;) {
        if (g->indices[k] && !add_axis(g, k, way, &all, b)) {
            return false;
        }
    }
    return digits_print(&all, g->from->shape, g->to->shape, b) && !b->failed;
}

/* Which axis of `from` each of `to` is. */
static bool find_axes(struct prover *p, struct guess *g)
{
    bool taken[AXIS_SUMS_RANK_MOST] = {false};
    for (unsigned k = 0; k < g->to->shape.rank; k++) {
        int64_t length = g->to->shape.dims[k];
        for (unsigned a = 0; g->to->of[k] && !g->indices[k] && a < g->from->shape.rank; a++) {
            if (!taken[a] && g->from->of[a] && g->from->shape.dims[a] == length) {
                g->indices[k] = find_indices(p, g->from->of[a], g->to->of[k], length);
                g->axes[k] = a;
                taken[a] = g->indices[k] != NULL;
            }
        }
        if (g->to->of[k] && !g->indices[k]) {
            return false;
        }
    }
    return true;
}

bool axis_sums_guess(struct prover *p, const struct axis_sums *from, const struct axis_sums *to,
                     struct buf *b)
{
    static const struct way ways[] = {{false, false}, {false, true}, {true, false}, {true, true}};
    struct guess g = {.from = from, .to = to};
    bool found = false;
    if (!find_axes(p, &g)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        CLEANUP_BUF struct buf text = {0};
        if (print_way(&g, ways[i], &text) && (!found || text.len < b->len)) {
            b->len = 0;
            buf_str(b, buf_view(&text));
            found = true;
        }
    }
    return found;
}
