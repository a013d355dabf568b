/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of one tensor and one: equal by checksum, or by fingerprint in some order. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "propose/name_likeness.h"
#include "propose/single.h"

enum {
    CHOICES_MOST = 1 << 14, /* pairs of names that are compared for one content */
};

/* A tensor and what it is found by. */
struct keyed {
    uint64_t key;
    uint32_t tensor;
    bool wanted; /* of `to` */
};

struct keyed_list {
    struct keyed *list; /* owns */
    size_t count;
    size_t cap;
};

static void keyed_list_fini(struct keyed_list *l)
{
    free(l->list);
}

struct singles {
    struct matching *matching;
    struct single *list; /* owns */
    size_t count;
    size_t cap;
};

static void singles_fini(struct singles *s)
{
    free(s->list);
}

static errint add_keyed(struct keyed_list *l, struct keyed k)
{
    if (!grow(&l->list, &l->cap, l->count, sizeof(*l->list))) {
        return -ENOMEM;
    }
    l->list[l->count++] = k;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a;
    const struct keyed *y = b;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    if (x->wanted != y->wanted) {
        return x->wanted ? 1 : -1;
    }
    return (x->tensor > y->tensor) - (x->tensor < y->tensor);
}

/* ---- which source of several ----------------------------------------------------------------- */

/* Tensors with one key: first those of `from`, then those that are wanted. */
struct equals {
    const struct keyed *from;
    const struct keyed *to;
    uint32_t from_count;
    uint32_t to_count;
};

static int likeness(const struct matching *m, uint32_t source, uint32_t target)
{
    return name_likeness(matching_name(m, PROPOSAL_FROM, source),
                         matching_name(m, PROPOSAL_TO, target));
}

/* The source whose name is nearest, of those that are not taken; or of all, where all are. */
static uint32_t nearest_source(const struct matching *m, const struct equals *e, uint32_t target,
                               const bool *taken)
{
    uint32_t best = UINT32_MAX;
    int best_points = 0;
    for (uint32_t i = 0; i < e->from_count; i++) {
        int points = taken && taken[i] ? INT32_MIN : likeness(m, e->from[i].tensor, target);
        if (best == UINT32_MAX || points > best_points) {
            best = i;
            best_points = points;
        }
    }
    return best;
}

static void add_source(struct single *s, uint32_t tensor)
{
    for (uint32_t i = 0; i < s->source_count; i++) {
        if (s->sources[i] == tensor) {
            return;
        }
    }
    if (s->source_count < SINGLE_SOURCES_MOST) {
        s->sources[s->source_count++] = tensor;
    }
}

/* The target and the source, none of them taken, whose names are nearest. False: there are none. */
static bool nearest_pair(const struct matching *m, const struct equals *e, const bool *taken,
                         const uint32_t *chosen, uint32_t pair[2])
{
    int best = INT32_MIN;
    bool found = false;
    for (uint32_t t = 0; t < e->to_count; t++) {
        for (uint32_t i = 0; chosen[t] == UINT32_MAX && i < e->from_count; i++) {
            int points = taken[i] ? INT32_MIN : likeness(m, e->from[i].tensor, e->to[t].tensor);
            if (!taken[i] && (!found || points > best)) {
                found = true;
                best = points;
                pair[0] = t;
                pair[1] = i;
            }
        }
    }
    return found;
}

/* For each target, the number of its source among e->from. */
static errint choose(const struct matching *m, const struct equals *e, uint32_t *chosen)
{
    CLEANUP_FREE bool *taken = calloc((size_t)e->from_count + 1, sizeof(*taken));
    uint32_t pair[2];
    if (!taken) {
        return -ENOMEM;
    }
    bool many = (uint64_t)e->from_count * e->to_count * e->to_count > CHOICES_MOST;
    for (uint32_t t = 0; t < e->to_count; t++) {
        chosen[t] = many ? t % e->from_count : UINT32_MAX;
    }
    while (!many && nearest_pair(m, e, taken, chosen, pair)) {
        chosen[pair[0]] = pair[1];
        taken[pair[1]] = true;
    }
    for (uint32_t t = 0; t < e->to_count; t++) {
        if (chosen[t] == UINT32_MAX) {
            chosen[t] = nearest_source(m, e, e->to[t].tensor, NULL);
        }
    }
    return 0;
}

static errint add_equals(struct singles *s, const struct equals *e)
{
    CLEANUP_FREE uint32_t *chosen = calloc((size_t)e->to_count + 1, sizeof(*chosen));
    errint rc = chosen ? choose(s->matching, e, chosen) : -ENOMEM;
    for (uint32_t t = 0; rc == 0 && t < e->to_count; t++) {
        if (!grow(&s->list, &s->cap, s->count, sizeof(*s->list))) {
            return -ENOMEM;
        }
        struct single *one = &s->list[s->count++];
        *one = (struct single){.target = e->to[t].tensor, .equals = e->from_count};
        add_source(one, e->from[chosen[t]].tensor);
        for (uint32_t i = 0; i < e->from_count && one->source_count < SINGLE_SOURCES_MOST; i++) {
            add_source(one, e->from[i].tensor);
        }
        one->proved = one->source_count;
    }
    return rc;
}

/* One element is found by its value alone, which has to be one of its own: none that is frequent,
 * and of one variable on each side. */
static bool says_little(const struct matching *m, const struct equals *e)
{
    return m->sides[PROPOSAL_TO].tensors[e->to[0].tensor].elements == 1 &&
           (e->from_count > 1 || e->to_count > 1);
}

static errint add_all(struct singles *s, struct keyed_list *l)
{
    errint rc = 0;
    if (l->count) {
        qsort(l->list, l->count, sizeof(*l->list), by_key);
    }
    for (size_t i = 0, end; rc == 0 && i < l->count; i = end) {
        size_t middle = i;
        while (middle < l->count && l->list[middle].key == l->list[i].key &&
               !l->list[middle].wanted) {
            middle++;
        }
        for (end = middle; end < l->count && l->list[end].key == l->list[i].key; end++) {
        }
        const struct equals e = {&l->list[i], &l->list[middle], (uint32_t)(middle - i),
                                 (uint32_t)(end - middle)};
        if (e.from_count && e.to_count && !says_little(s->matching, &e)) {
            rc = add_equals(s, &e);
        }
    }
    return rc;
}

/* ---- proofs ---------------------------------------------------------------------------------- */

static errint prove(void *context, struct prover *p, uint64_t i)
{
    const struct singles *s = context;
    return single_prove(s->matching, p, &s->list[i]);
}

static errint prove_all(struct singles *s)
{
    errint rc = provers_run(&s->matching->crew, s->count, prove, s);
    return rc < 0 ? rc : singles_pair(s->matching, s->list, s->count);
}

/* ---- by checksum, by fingerprint ------------------------------------------------------------- */

/* The checksum over all of a tensor, if there is one, with its length. */
static bool checksum_of(const struct matching_side *s, const struct matching_tensor *t,
                        uint64_t *key)
{
    const struct tensor *stored = s->side->variables[t->variable].tensor;
    *key = (uint64_t)stored->crc32c << 32 ^ t->bytes ^ (uint64_t)stored->dtype << 56;
    return !stored->sliced && !stored->no_crc && t->elements > 1;
}

errint matching_pair_equal(struct matching *m)
{
    CLEANUP(keyed_list_fini) struct keyed_list l = {0};
    CLEANUP(singles_fini) struct singles s = {.matching = m};
    errint rc = 0;
    for (unsigned end = 0; end < 2; end++) {
        for (uint32_t i = 0; rc == 0 && i < m->sides[end].count; i++) {
            uint64_t key;
            if (checksum_of(&m->sides[end], &m->sides[end].tensors[i], &key)) {
                rc = add_keyed(&l, (struct keyed){key, i, end == PROPOSAL_TO});
            }
        }
    }
    if (rc == 0) {
        rc = add_all(&s, &l);
    }
    return rc < 0 ? rc : prove_all(&s);
}

static errint add_as(struct matching *m, unsigned k, struct keyed_list *l)
{
    errint rc = 0;
    for (unsigned end = 0; end < 2; end++) {
        for (uint32_t i = 0; rc == 0 && i < m->sides[end].count; i++) {
            const struct matching_tensor *t = &m->sides[end].tensors[i];
            bool wanted = end == PROPOSAL_TO;
            if (t->rc == 0 && t->summed >> k & 1 && (!wanted || matching_is_open(t))) {
                uint64_t key = t->sums[k] ^ t->elements * 0x9e3779b97f4a7c15;
                rc = add_keyed(l, (struct keyed){key, i, wanted});
            }
        }
    }
    return rc;
}

errint matching_pair_singles(struct matching *m)
{
    CLEANUP(singles_fini) struct singles s = {.matching = m};
    errint rc = 0;
    for (unsigned k = 0; rc == 0 && k < m->dtype_count; k++) {
        CLEANUP(keyed_list_fini) struct keyed_list l = {0};
        rc = add_as(m, k, &l);
        if (rc == 0) {
            rc = add_all(&s, &l);
        }
    }
    return rc < 0 ? rc : prove_all(&s);
}
