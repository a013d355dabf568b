/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/names.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "map/optimizer_names.h"
#include "propose/axes_guess.h"
#include "propose/name_terms.h"

enum { CANDIDATES_MOST = 16 }; /* of a target at once */

/* Less than this is no likeness, unless nothing else has that shape. */
static const double alike_least = 1.2;
/* Names that are nearer to each other than this leave a choice. */
static const double choice_most = 0.05;

struct candidate {
    double alike;
    uint32_t from;
    uint32_t to;
};

/* A variable that has no pair, by what its shape must have. */
struct waiting {
    uint64_t lengths; /* a sum of the axes that are longer than 1, whatever their order */
    uint32_t variable;
};

struct naming {
    struct proposal *p;
    struct name_words words;
    struct waiting *from; /* sorted */
    struct waiting *to;
    uint32_t from_count;
    uint32_t to_count;
    struct candidate *candidates; /* CANDIDATES_MOST for each of `to` */
    size_t candidate_count;
};

static int by_length(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The lengths of axes, longer than 1, sorted; how many there are. */
static unsigned sorted_lengths(struct shape s, int64_t *out)
{
    unsigned count = 0;
    for (unsigned i = 0; s.rank != SHAPE_RANK_UNKNOWN && i < s.rank; i++) {
        if (s.dims[i] != 1) {
            out[count++] = s.dims[i];
        }
    }
    qsort(out, count, sizeof(*out), by_length);
    return count;
}

static uint64_t lengths_key(struct shape s)
{
    int64_t lengths[SHAPE_RANK_MOST];
    unsigned count = sorted_lengths(s, lengths);
    uint64_t key = count;
    for (unsigned i = 0; i < count; i++) {
        key = (key ^ (uint64_t)lengths[i]) * UINT64_C(0x9E3779B97F4A7C15);
        key ^= key >> 29;
    }
    return key;
}

static bool can_be(const struct proposal_variable *a, const struct proposal_variable *b)
{
    int64_t left[SHAPE_RANK_MOST];
    int64_t right[SHAPE_RANK_MOST];
    unsigned count = sorted_lengths(a->shape, left);
    bool kinds = dtype_kind(a->dtype) == dtype_kind(b->dtype);
    if (!kinds || sorted_lengths(b->shape, right) != count) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (left[i] != right[i]) {
            return false;
        }
    }
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct waiting *x = a;
    const struct waiting *y = b;
    int order = (x->lengths > y->lengths) - (x->lengths < y->lengths);
    return order ? order : (x->variable > y->variable) - (x->variable < y->variable);
}

static bool is_known(struct shape s)
{
    bool known = s.rank != SHAPE_RANK_UNKNOWN;
    for (unsigned i = 0; known && i < s.rank; i++) {
        known = s.dims[i] != SHAPE_DIM_UNKNOWN;
    }
    return known;
}

/* Those of a side that have no pair. */
static uint32_t gather(const struct proposal_side *s, bool slots, struct waiting *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct proposal_variable *v = &s->variables[i];
        if (!v->pairs && is_known(v->shape) && (slots || !optimizer_owns(v->name))) {
            out[count++] = (struct waiting){lengths_key(v->shape), i};
        }
    }
    qsort(out, count, sizeof(*out), by_key);
    return count;
}

/* Keeps the nearest CANDIDATES_MOST of one target. */
static void add_candidate(struct naming *n, size_t first, struct candidate c)
{
    size_t at = n->candidate_count;
    if (at - first == CANDIDATES_MOST) {
        at = first;
        for (size_t i = first + 1; i < n->candidate_count; i++) {
            at = n->candidates[i].alike < n->candidates[at].alike ? i : at;
        }
        if (n->candidates[at].alike >= c.alike) {
            return;
        }
    } else {
        n->candidate_count++;
    }
    n->candidates[at] = c;
}

static void find_candidates(struct naming *n)
{
    uint32_t first = 0;
    n->candidate_count = 0;
    for (uint32_t t = 0; t < n->to_count; t++) {
        size_t begun = n->candidate_count;
        while (first < n->from_count && n->from[first].lengths < n->to[t].lengths) {
            first++;
        }
        for (uint32_t f = first; f < n->from_count && n->from[f].lengths == n->to[t].lengths; f++) {
            const struct candidate c = {
                name_words_alike(&n->words, n->from[f].variable, n->to[t].variable),
                n->from[f].variable, n->to[t].variable};
            if (can_be(&n->p->from.variables[c.from], &n->p->to.variables[c.to])) {
                add_candidate(n, begun, c);
            }
        }
    }
}

static int by_alike(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->alike != y->alike) {
        return x->alike < y->alike ? 1 : -1;
    }
    int order = (x->to > y->to) - (x->to < y->to);
    return order ? order : (x->from > y->from) - (x->from < y->from);
}

static errint add_pair(struct naming *n, const struct candidate *c, const char *why)
{
    uint32_t *numbers = arena_calloc(&n->p->arena, 2, sizeof(*numbers));
    if (!numbers) {
        return -ENOMEM;
    }
    numbers[0] = c->from;
    numbers[1] = c->to;
    const struct proposal_pair pair = {&numbers[0], 1, &numbers[1], 1, "", PROPOSAL_LIKELY, why};
    return proposal_add(n->p, &pair);
}

/* Whether another pair of either variable, both free, is as near. */
static bool has_choice(const struct naming *n, size_t at)
{
    const struct candidate *c = &n->candidates[at];
    for (size_t i = at + 1; i < n->candidate_count; i++) {
        const struct candidate *other = &n->candidates[i];
        if (other->alike < c->alike - choice_most) {
            return false;
        }
        if ((other->to == c->to && !n->p->from.variables[other->from].pairs) ||
            (other->from == c->from && !n->p->to.variables[other->to].pairs)) {
            return true;
        }
    }
    return false;
}

static const char *why_not_sure(const struct naming *n, size_t at)
{
    const struct candidate *c = &n->candidates[at];
    if (has_choice(n, at)) {
        return "another name is as near";
    }
    bool same = name_words_numbered(&n->words, c->from, c->to);
    return same ? NULL : "the numbers in its name are others";
}

/* Pairs the nearest, then the nearest of what is left. */
static errint pair_nearest(struct naming *n, bool *any)
{
    *any = false;
    if (n->candidate_count) {
        qsort(n->candidates, n->candidate_count, sizeof(*n->candidates), by_alike);
    }
    for (size_t i = 0; i < n->candidate_count; i++) {
        const struct candidate *c = &n->candidates[i];
        if (c->alike < alike_least || n->p->from.variables[c->from].pairs ||
            n->p->to.variables[c->to].pairs) {
            continue;
        }
        errint rc = add_pair(n, c, why_not_sure(n, i));
        if (rc < 0) {
            return rc;
        }
        *any = true;
    }
    return 0;
}

static void gather_all(struct naming *n)
{
    n->from_count = gather(&n->p->from, false, n->from);
    n->to_count = gather(&n->p->to, true, n->to);
}

/* Of a shape that one variable of either side is left with. */
static errint pair_only_ones(struct naming *n)
{
    uint32_t f = 0;
    errint rc = 0;
    gather_all(n);
    for (uint32_t t = 0; rc == 0 && t < n->to_count; t++) {
        uint64_t key = n->to[t].lengths;
        while (f < n->from_count && n->from[f].lengths < key) {
            f++;
        }
        bool only = f < n->from_count && n->from[f].lengths == key &&
                    (f + 1 == n->from_count || n->from[f + 1].lengths != key) &&
                    (t == 0 || n->to[t - 1].lengths != key) &&
                    (t + 1 == n->to_count || n->to[t + 1].lengths != key);
        if (only && can_be(&n->p->from.variables[n->from[f].variable],
                           &n->p->to.variables[n->to[t].variable])) {
            const struct candidate c = {0, n->from[f].variable, n->to[t].variable};
            rc = add_pair(n, &c, "by its shape alone, which no other has");
        }
    }
    return rc;
}

static errint pair_all(struct naming *n)
{
    size_t first = n->p->pair_count;
    bool any = true;
    errint rc = 0;
    while (rc == 0 && any) {
        gather_all(n);
        find_candidates(n);
        rc = pair_nearest(n, &any);
    }
    if (rc == 0) {
        rc = pair_only_ones(n);
    }
    return rc < 0 ? rc : axes_guess(n->p, first, &n->words);
}

errint propose_names(struct proposal *p)
{
    struct arena arena;
    struct naming n = {.p = p};
    CLEANUP_FREE struct waiting *from = calloc((size_t)p->from.count + 1, sizeof(*from));
    CLEANUP_FREE struct waiting *to = calloc((size_t)p->to.count + 1, sizeof(*to));
    CLEANUP_FREE struct candidate *candidates =
        calloc((size_t)p->to.count * CANDIDATES_MOST + 1, sizeof(*candidates));
    if (!from || !to || !candidates) {
        return -ENOMEM;
    }
    n.from = from;
    n.to = to;
    n.candidates = candidates;
    arena_init(&arena);
    errint rc = name_words_find(p, &arena, &n.words);
    if (rc == 0) {
        rc = pair_all(&n);
    }
    name_words_fini(&n.words);
    arena_fini(&arena);
    return rc;
}
