/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/axes_guess.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "propose/rearrangement.h"

/* What speaks for an operation, by how names end. UINT32_MAX as `from_last`: whatever it is. */
struct vote {
    uint32_t from_last;
    uint32_t to_last;
    unsigned rank;
    const char *operations;
    double weight;
};

struct guessing {
    struct proposal *p;
    const struct name_words *words;
    struct vote *votes;
    size_t count;
    size_t cap;
};

/* Both ends of a pair, as votes have them. */
static struct vote key_of(const struct guessing *g, const struct proposal_pair *pair)
{
    return (struct vote){.from_last = g->words->from[pair->sources[0]].last,
                         .to_last = g->words->to[pair->targets[0]].last,
                         .rank = g->p->from.variables[pair->sources[0]].shape.rank};
}

static struct vote *find_vote(const struct guessing *g, const struct vote *key)
{
    for (size_t i = 0; i < g->count; i++) {
        struct vote *v = &g->votes[i];
        if (v->from_last == key->from_last && v->to_last == key->to_last && v->rank == key->rank &&
            strcmp(v->operations, key->operations) == 0) {
            return v;
        }
    }
    return NULL;
}

static errint add_vote(struct guessing *g, struct vote vote)
{
    struct vote *known = find_vote(g, &vote);
    if (known) {
        known->weight += vote.weight;
        return 0;
    }
    vote.operations = arena_cstr(&g->p->arena, str_from(vote.operations));
    if (!vote.operations || !grow(&g->votes, &g->cap, g->count, sizeof(*g->votes))) {
        return -ENOMEM;
    }
    g->votes[g->count++] = vote;
    return 0;
}

static bool is_table(struct str name)
{
    for (size_t i = 0; i + 5 <= name.len; i++) {
        if (memcmp(name.ptr + i, "embed", 5) == 0) {
            return true;
        }
    }
    return false;
}

/* Of pairs whose shapes leave no choice, or little. */
static errint vote_for(struct guessing *g, const struct proposal_pair *pair,
                       const struct rearrangements *ways)
{
    struct vote vote = key_of(g, pair);
    errint rc = 0;
    vote.weight = ways->count ? 1.0 / (double)ways->count : 0;
    for (size_t i = 0; rc == 0 && i < ways->count && ways->count < 8; i++) {
        vote.operations = ways->texts[i];
        rc = add_vote(g, vote);
        if (rc == 0 && !is_table(g->p->from.variables[pair->sources[0]].name)) {
            struct vote wide = vote;
            wide.from_last = UINT32_MAX;
            rc = add_vote(g, wide);
        }
    }
    return rc;
}

static double weight_of(const struct guessing *g, struct vote key, const char *operations)
{
    key.operations = operations;
    const struct vote *narrow = find_vote(g, &key);
    key.from_last = UINT32_MAX;
    const struct vote *wide = find_vote(g, &key);
    double usual = strcmp(operations, "transpose 3,2,0,1") == 0 ? 1e-6 : 0;
    return (narrow ? narrow->weight : 0) + (wide ? 1e-3 * wide->weight : 0) + usual;
}

static errint choose(struct guessing *g, struct proposal_pair *pair,
                     const struct rearrangements *ways)
{
    const struct vote key = key_of(g, pair);
    size_t best = 0;
    for (size_t i = 1; i < ways->count; i++) {
        if (weight_of(g, key, ways->texts[i]) > weight_of(g, key, ways->texts[best]) + 1e-9) {
            best = i;
        }
    }
    if (ways->count == 0) {
        return 0;
    }
    pair->operations = arena_cstr(&g->p->arena, str_from(ways->texts[best]));
    if (ways->count > 1 && !pair->why) {
        pair->why = "its shape allows for another order of its axes";
    }
    return pair->operations ? 0 : -ENOMEM;
}

/* Leaves out what also reshapes, where there is something that does not. */
static void keep_plain(struct rearrangements *ways)
{
    size_t kept = 0;
    for (size_t i = 0; i < ways->count; i++) {
        if (!strstr(ways->texts[i], "reshape")) {
            ways->texts[kept++] = ways->texts[i];
        }
    }
    ways->count = kept ? kept : ways->count;
}

static errint each(struct guessing *g, size_t first, bool choosing)
{
    errint rc = 0;
    for (size_t i = first; rc == 0 && i < g->p->pair_count; i++) {
        struct proposal_pair *pair = &g->p->pairs[i];
        struct arena arena;
        struct rearrangements ways;
        arena_init(&arena);
        rc = rearrangements_find(g->p->from.variables[pair->sources[0]].shape,
                                 g->p->to.variables[pair->targets[0]].shape, &arena, &ways);
        keep_plain(&ways);
        if (rc == 0) {
            rc = choosing ? choose(g, pair, &ways) : vote_for(g, pair, &ways);
        }
        arena_fini(&arena);
    }
    return rc;
}

errint axes_guess(struct proposal *p, size_t first, const struct name_words *words)
{
    struct guessing g = {.p = p, .words = words};
    errint rc = each(&g, first, false);
    if (rc == 0) {
        rc = each(&g, first, true);
    }
    free(g.votes);
    return rc;
}
