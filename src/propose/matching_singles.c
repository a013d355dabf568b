/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of one tensor and one: equal by checksum, or by fingerprint in some order. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "propose/axis_sums.h"
#include "propose/matching.h"
#include "propose/name_likeness.h"
#include "propose/proof.h"
#include "propose/rearrangement.h"
#include "tensor/cast.h"

enum {
    SOURCES_MOST = 8,       /* of equal ones that are tried */
    CHOICES_MOST = 1 << 14, /* pairs of names that are compared for one content */
    TURNED_LEAST = 8,       /* elements of what is flipped: of fewer, it is by chance */
    OTHERS_MOST = 3,        /* other arrangements that are compared */
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

/* What is to be proved: that one tensor of `to` is one of some of `from`, the likeliest first. */
struct single {
    uint32_t target;
    uint32_t sources[SOURCES_MOST];
    uint32_t source_count;
    uint32_t equals;        /* how many of `from` have that content */
    uint32_t proved;        /* which of `sources`; source_count: none */
    const char *operations; /* of it */
    const char *also;       /* other operations that make the same, or NULL */
};

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
    if (s->source_count < SOURCES_MOST) {
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
        for (uint32_t i = 0; i < e->from_count && one->source_count < SOURCES_MOST; i++) {
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

/* Where the elements of a made value come from, if that is one box: to tell arrangements apart that
 * are written differently. */
struct arrangement {
    bool known;
    unsigned rank;
    uint64_t off;
    int64_t strides[REARRANGEMENT_AXES_MOST];
};

static struct arrangement arrangement_of(const struct value *v)
{
    struct arrangement a = {.known = v->count == 1 && !v->pieces[0].more};
    for (unsigned k = 0; a.known && k < v->shape.rank; k++) {
        if (v->shape.dims[k] != 1) {
            a.known = a.rank < ARRAY_LEN(a.strides);
            a.strides[a.known ? a.rank++ : 0] = v->pieces[0].stride[k];
        }
    }
    a.off = a.known ? v->pieces[0].off : 0;
    return a;
}

static bool is_other(const struct arrangement *a, const struct arrangement *b)
{
    return a->known && b->known &&
           (a->rank != b->rank || a->off != b->off ||
            memcmp(a->strides, b->strides, sizeof(a->strides)) != 0);
}

struct trying {
    struct matching *matching;
    struct prover *prover;
    struct single *single;
    const struct matching_tensor *source;
    struct matching_tensor *target;
    const struct proof_sample *sample;
    struct arrangement first; /* that was proved */
    unsigned others;
};

/* Whether these operations make the target of the source. */
static errint try_operations(struct trying *t, const char *text, bool *equal)
{
    struct op_result made;
    struct proof_outcome outcome = {0};
    bool fits;
    proof_forget(t->prover);
    errint rc = proof_make(t->prover, &t->source->value, 1, text, &made, &fits);
    if (rc == 0 && fits) {
        fits = made.count == 1;
        struct arrangement a = fits ? arrangement_of(made.values) : (struct arrangement){0};
        fits = fits && (!t->single->operations || is_other(&t->first, &a));
        t->first = t->single->operations ? t->first : a;
    }
    if (rc == 0 && fits) {
        rc = proof_fits(t->prover, PROPOSAL_FROM, made.values, t->sample, &fits);
    }
    if (rc == 0 && fits) {
        rc = proof_compare(t->prover, made.values, &t->target->value, &outcome);
        t->others += t->single->operations != NULL;
        matching_read(t->matching, t->target->bytes * 2);
    }
    op_result_fini(&made);
    t->target->constant = outcome.equal && outcome.constant && t->target->elements > 1;
    *equal = outcome.equal && !t->target->constant;
    return rc;
}

/* Whether these operations and the cast do: then they are the source's, or, if it has some already,
 * others that make the same. */
static errint try_text(struct trying *t, const char *operations)
{
    CLEANUP_BUF struct buf text = {0};
    struct single *s = t->single;
    bool equal = false;
    buf_text(&text, operations);
    matching_print_cast(t->source->value.dtype, t->target->value.dtype, &text);
    errint rc = buf_check(&text);
    if (rc == 0) {
        rc = try_operations(t, text.len ? text.data : "", &equal);
    }
    if (rc < 0 || !equal) {
        return rc;
    }
    const char *kept = matching_keep(t->matching, buf_view(&text));
    *(s->operations ? &s->also : &s->operations) = kept;
    return kept ? 0 : -ENOMEM;
}

/* By what the slices of both hold: their indices in another order. */
static errint try_axes(struct trying *t)
{
    struct axis_sums sums[2];
    struct op_result cast;
    bool found[2];
    CLEANUP_BUF struct buf text = {0};
    matching_print_cast(t->source->value.dtype, t->target->value.dtype, &text);
    proof_forget(t->prover);
    errint rc =
        proof_make(t->prover, &t->source->value, 1, text.len ? text.data : "", &cast, &found[0]);
    if (rc == 0) {
        rc = axis_sums_find(t->prover, PROPOSAL_FROM, cast.values, &sums[0], &found[0]);
    }
    if (rc == 0 && found[0]) {
        rc = axis_sums_find(t->prover, PROPOSAL_TO, &t->target->value, &sums[1], &found[1]);
    }
    op_result_fini(&cast);
    text.len = 0;
    if (rc < 0 || !found[0] || !found[1] ||
        !axis_sums_guess(t->prover, &sums[0], &sums[1], &text)) {
        return rc;
    }
    rc = buf_check(&text);
    return rc < 0 ? rc : try_text(t, text.len ? text.data : "");
}

/* The shortest operations that do, and whether others do, too. */
static errint try_source(struct trying *t)
{
    struct rearrangements all;
    struct single *s = t->single;
    errint rc = rearrangements_find(t->source->value.shape, t->target->value.shape,
                                    &t->prover->arena, &all);
    for (size_t i = 0; rc == 0 && i < all.count && !s->also; i++) {
        if (t->others == OTHERS_MOST || t->target->constant) {
            return 0;
        }
        rc = try_text(t, all.texts[i]);
    }
    if (rc == 0 && !s->operations && t->target->elements >= TURNED_LEAST) {
        rc = try_axes(t);
    }
    return rc;
}

static errint prove(void *context, struct prover *p, uint64_t i)
{
    struct singles *all = context;
    struct matching *m = all->matching;
    struct single *s = &all->list[i];
    struct matching_tensor *target = &m->sides[PROPOSAL_TO].tensors[s->target];
    struct proof_sample sample;
    errint rc = proof_sample(p, PROPOSAL_TO, &target->value, &sample);
    if (rc < 0) {
        return matching_failed(target, rc);
    }
    for (uint32_t k = 0; k < s->source_count && !s->operations && !target->constant; k++) {
        struct matching_tensor *source = &m->sides[PROPOSAL_FROM].tensors[s->sources[k]];
        struct trying t = {.matching = m,
                           .prover = p,
                           .single = s,
                           .source = source,
                           .target = target,
                           .sample = &sample};
        rc = try_source(&t);
        if (rc < 0 && matching_failed(source, rc) < 0) {
            return rc;
        }
        s->proved = s->operations ? k : s->proved;
    }
    return 0;
}

/* ---- what was proved ------------------------------------------------------------------------- */

static const char *why_of(struct matching *m, const struct single *s)
{
    CLEANUP_BUF struct buf why = {0};
    if (s->equals > 1) {
        buf_printf(&why, "%u variables hold this: the one with the nearest name", s->equals);
    }
    if (s->also) {
        buf_printf(&why, "%s%s'%s' makes the same", why.len ? "; " : "",
                   s->also[0] ? "" : "as it is, ", s->also);
    }
    return why.len ? matching_keep(m, buf_view(&why)) : NULL;
}

static errint add_pair(struct matching *m, const struct single *s)
{
    struct proposal *p = m->proposal;
    uint32_t *numbers = ARENA_ARRAY(&p->arena, uint32_t, 2);
    if (!numbers) {
        return -ENOMEM;
    }
    struct matching_tensor *target = &m->sides[PROPOSAL_TO].tensors[s->target];
    numbers[0] = m->sides[PROPOSAL_FROM].tensors[s->sources[s->proved]].variable;
    numbers[1] = target->variable;
    m->sides[PROPOSAL_FROM].tensors[s->sources[s->proved]].paired = true;
    target->paired = true;
    return proposal_add(p, &(struct proposal_pair){.sources = numbers,
                                                   .source_count = 1,
                                                   .targets = numbers + 1,
                                                   .target_count = 1,
                                                   .operations = s->operations,
                                                   .certainty = PROPOSAL_PROVED,
                                                   .why = why_of(m, s)});
}

static int by_target(const void *a, const void *b)
{
    const struct single *x = a;
    const struct single *y = b;
    return (x->target > y->target) - (x->target < y->target);
}

static errint prove_all(struct singles *s)
{
    errint rc = provers_run(&s->matching->crew, s->count, prove, s);
    if (rc == 0 && s->count) {
        qsort(s->list, s->count, sizeof(*s->list), by_target);
    }
    for (size_t i = 0; rc == 0 && i < s->count; i++) {
        rc = s->list[i].operations ? add_pair(s->matching, &s->list[i]) : 0;
    }
    return rc;
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
