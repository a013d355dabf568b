/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/object_pairs.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/grow.h"

enum { STEPS_PER_PAIR = 4, TABLE_LEAST = 1 << 10 };

struct walk {
    const struct object_tree *a;
    const struct object_tree *b;
    struct object_pairs *out;
    size_t cap;
    uint32_t *first; /* owns; by node of a: its first pair and its last, or OBJECT_NONE */
    uint32_t *last;
    uint32_t *table; /* owns; all pairs by their hash: their numbers, or OBJECT_NONE */
    size_t mask;
    uint64_t steps; /* that may still be done: links compared, and pairs in the table */
};

static void walk_fini(struct walk *w)
{
    free(w->first);
    free(w->last);
    free(w->table);
}

uint32_t object_pairs_most(const struct object_tree *a)
{
    return (uint32_t)(2 * (a->edges.count + a->slots.count)) + OBJECT_PAIRS_MORE;
}

void object_pairs_fini(struct object_pairs *p)
{
    free(p->items);
}

static bool spend_step(struct walk *w)
{
    return w->steps && w->steps--;
}

/* ---- the set of pairs ------------------------------------------------------------------------ */

/* The finalizer of SplitMix64. Files that were made to collide run out of steps. */
static uint64_t hash_of(uint32_t a, uint32_t b)
{
    uint64_t h = (uint64_t)a << 32 | b;
    h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
    return h ^ h >> 31;
}

/* The place of a pair in the table, or the empty one where it would be. */
static errint find_place(struct walk *w, uint32_t a, uint32_t b, uint32_t **out)
{
    size_t at = hash_of(a, b) & w->mask;
    for (; w->table[at] != OBJECT_NONE; at = (at + 1) & w->mask) {
        const struct object_pair *pair = &w->out->items[w->table[at]];
        if (pair->a == a && pair->b == b) {
            break;
        }
        if (!spend_step(w)) {
            return -EOVERFLOW;
        }
    }
    *out = &w->table[at];
    return 0;
}

static errint make_table(struct walk *w, size_t places)
{
    free(w->table);
    w->table = malloc(places * sizeof(*w->table));
    if (!w->table) {
        return -ENOMEM;
    }
    memset(w->table, 0xff, places * sizeof(*w->table)); /* OBJECT_NONE */
    w->mask = places - 1;
    for (uint32_t i = 0; i < w->out->count; i++) {
        uint32_t *place;
        errint rc = find_place(w, w->out->items[i].a, w->out->items[i].b, &place);
        if (rc < 0) {
            return rc;
        }
        *place = i;
    }
    return 0;
}

/* Adds a pair, unless it is there. */
static errint add_pair(struct walk *w, uint32_t a, uint32_t b)
{
    struct object_pairs *out = w->out;
    uint32_t *place;
    errint rc = out->count > w->mask / 2 ? make_table(w, 2 * (w->mask + 1)) : 0;
    if (rc < 0) {
        return rc;
    }
    rc = find_place(w, a, b, &place);
    if (rc < 0 || *place != OBJECT_NONE) {
        return rc;
    }
    if (out->count == object_pairs_most(w->a)) {
        return -EOVERFLOW;
    }
    if (!grow(&out->items, &w->cap, out->count, sizeof(*out->items))) {
        return -ENOMEM;
    }
    *place = out->count;
    if (w->first[a] == OBJECT_NONE) {
        w->first[a] = out->count;
    } else {
        out->items[w->last[a]].next = out->count;
    }
    w->last[a] = out->count;
    out->items[out->count++] = (struct object_pair){a, b, OBJECT_NONE};
    return 0;
}

/* ---- walking --------------------------------------------------------------------------------- */

static errint pair_children(struct walk *w, uint32_t a, uint32_t b)
{
    const struct object_links *edges = &w->a->edges;
    for (size_t i = object_tree_first_edge(w->a, a); i < edges->count && edges->items[i].from == a;
         i++) {
        if (!spend_step(w)) {
            return -EOVERFLOW;
        }
        uint32_t to = object_links_follow(&w->b->edges, b, 0, &edges->items[i]);
        errint rc = to == OBJECT_NONE ? 0 : add_pair(w, edges->items[i].to, to);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* Of all that its optimizer and its variable are. */
static errint pair_slot(struct walk *w, const struct object_link *slot)
{
    const struct object_pairs *out = w->out;
    for (uint32_t i = w->first[slot->from]; i != OBJECT_NONE; i = out->items[i].next) {
        for (uint32_t k = w->first[slot->variable]; k != OBJECT_NONE; k = out->items[k].next) {
            if (!spend_step(w)) {
                return -EOVERFLOW;
            }
            uint32_t to = object_links_follow(&w->b->slots, out->items[i].b, out->items[k].b, slot);
            errint rc = to == OBJECT_NONE ? 0 : add_pair(w, slot->to, to);
            if (rc < 0) {
                return rc;
            }
        }
    }
    return 0;
}

static errint walk_pairs(struct walk *w)
{
    errint rc = add_pair(w, 0, 0);
    for (uint32_t i = 0; rc == 0 && i < w->out->count; i++) {
        rc = pair_children(w, w->out->items[i].a, w->out->items[i].b);
    }
    for (size_t i = 0; rc == 0 && i < w->a->slots.count; i++) {
        rc = pair_slot(w, &w->a->slots.items[i]);
    }
    return rc;
}

errint object_pairs_find(const struct object_tree *a, const struct object_tree *b,
                         struct object_pairs *out)
{
    *out = (struct object_pairs){0};
    if (!a->nodes || !b->nodes) {
        return 0;
    }
    size_t bytes = a->nodes * sizeof(uint32_t);
    CLEANUP(walk_fini)
    struct walk w = {
        .a = a,
        .b = b,
        .out = out,
        .first = malloc(bytes),
        .last = malloc(bytes),
        .steps = (uint64_t)STEPS_PER_PAIR * object_pairs_most(a),
    };
    if (!w.first || !w.last) {
        return -ENOMEM;
    }
    memset(w.first, 0xff, bytes); /* OBJECT_NONE */
    errint rc = make_table(&w, TABLE_LEAST);
    return rc < 0 ? rc : walk_pairs(&w);
}
