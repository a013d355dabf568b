/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of one tensor and several: joined, or split. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "map/expand.h"
#include "propose/matching.h"
#include "propose/part_sums.h"
#include "propose/parting.h"

/* A whole, and the sets of parts that it may have. */
struct job {
    const struct sum_item *whole;
    const struct sum_set *sets;
    uint32_t set_count;
    uint32_t *order; /* of what was proved: indices into the parts; in scratch */
    uint32_t count;
    const char *operations; /* NULL: nothing was proved */
};

struct jobs {
    struct matching *matching;
    bool joins;
    struct sum_item *parts; /* in scratch */
    uint32_t part_count;
    struct sum_item *wholes; /* in scratch */
    uint32_t whole_count;
    struct job *list; /* in scratch */
    uint32_t count;
};

static enum proposal_end end_of_parts(const struct jobs *j)
{
    return j->joins ? PROPOSAL_FROM : PROPOSAL_TO;
}

static enum proposal_end end_of_wholes(const struct jobs *j)
{
    return j->joins ? PROPOSAL_TO : PROPOSAL_FROM;
}

static struct matching_tensor *tensor_of(const struct jobs *j, enum proposal_end end,
                                         const struct sum_item *item)
{
    return &j->matching->sides[end].tensors[item->tensor];
}

/* ---- what there is --------------------------------------------------------------------------- */

/* Whether the tensor may be a part, or a whole: those of `to` have no pair yet, and a whole is no
 * constant. */
static bool is_usable(const struct matching_tensor *t, enum proposal_end end, bool whole,
                      unsigned k)
{
    return t->rc == 0 && t->summed >> k & 1 && !(end == PROPOSAL_TO && t->paired) &&
           !(whole && t->constant);
}

static struct sum_item *find_items(struct matching *m, enum proposal_end end, bool whole,
                                   unsigned k, uint32_t *count)
{
    const struct matching_side *s = &m->sides[end];
    struct sum_item *list = ARENA_ARRAY(&m->scratch, struct sum_item, (size_t)s->count + 1);
    *count = 0;
    for (uint32_t i = 0; list && i < s->count; i++) {
        const struct matching_tensor *t = &s->tensors[i];
        if (is_usable(t, end, whole, k)) {
            list[(*count)++] = (struct sum_item){t->sums[k], t->elements, matching_name(m, end, i),
                                                 i, t->constant};
        }
    }
    return list;
}

static int by_whole(const void *a, const void *b)
{
    const struct sum_set *x = a;
    const struct sum_set *y = b;
    return (x->whole > y->whole) - (x->whole < y->whole);
}

static errint add_jobs(struct jobs *j, struct sum_sets *sets)
{
    struct arena *a = &j->matching->scratch;
    j->list = ARENA_ARRAY(a, struct job, sets->count + 1);
    if (!j->list) {
        return -ENOMEM;
    }
    if (sets->count) {
        qsort(sets->list, sets->count, sizeof(*sets->list), by_whole);
    }
    for (size_t i = 0, end; i < sets->count; i = end) {
        uint32_t most = 0;
        for (end = i; end < sets->count && sets->list[end].whole == sets->list[i].whole; end++) {
            most = sets->list[end].count > most ? sets->list[end].count : most;
        }
        uint32_t *order = ARENA_ARRAY(a, uint32_t, most);
        if (!order) {
            return -ENOMEM;
        }
        j->list[j->count++] = (struct job){.whole = &j->wholes[sets->list[i].whole],
                                           .sets = &sets->list[i],
                                           .set_count = (uint32_t)(end - i),
                                           .order = order};
    }
    return 0;
}

/* ---- proofs ---------------------------------------------------------------------------------- */

/* Whether a map can say it: many parts by their numbers alone, in the order of these. */
static bool can_be_said(const struct parting *p)
{
    for (uint32_t i = 0; p->count > EXPAND_SOURCES_MOST && i < p->count; i++) {
        if (p->order[i] != i) {
            return false;
        }
    }
    return true;
}

static errint prove_set(const struct jobs *j, struct job *job, const struct sum_set *set,
                        struct prover *p)
{
    struct matching_tensor *whole = tensor_of(j, end_of_wholes(j), job->whole);
    const struct value **parts = ARENA_ARRAY(&p->arena, const struct value *, set->count);
    if (!parts) {
        return -ENOMEM;
    }
    struct parting parting = {.joins = j->joins,
                              .whole = &whole->value,
                              .parts = parts,
                              .count = set->count,
                              .order = job->order};
    for (uint32_t i = 0; i < set->count; i++) {
        parts[i] = &tensor_of(j, end_of_parts(j), &j->parts[set->parts[i]])->value;
        if (parts[i]->dtype != parts[0]->dtype) {
            return 0;
        }
    }
    errint rc = parting_prove(p, &parting);
    if (rc == 0 && parting.proved && can_be_said(&parting)) {
        for (uint32_t i = 0; i < set->count; i++) {
            job->order[i] = set->parts[job->order[i]];
        }
        job->count = set->count;
        job->operations = matching_keep(j->matching, buf_view(&parting.operations));
        matching_read(j->matching, whole->bytes * 2);
        rc = job->operations ? 0 : -ENOMEM;
    }
    buf_fini(&parting.operations);
    return rc;
}

static errint prove(void *context, struct prover *p, uint64_t i)
{
    const struct jobs *j = context;
    struct job *job = &j->list[i];
    errint rc = 0;
    for (uint32_t k = 0; rc == 0 && k < job->set_count && !job->operations; k++) {
        rc = prove_set(j, job, &job->sets[k], p);
    }
    return rc < 0 ? matching_failed(tensor_of(j, end_of_wholes(j), job->whole), rc) : 0;
}

/* ---- what was proved ------------------------------------------------------------------------- */

/* Whether none of those of `to` has a pair meanwhile. */
static bool is_free(const struct jobs *j, const struct job *job)
{
    bool is = !(j->joins && tensor_of(j, PROPOSAL_TO, job->whole)->paired);
    for (uint32_t i = 0; is && !j->joins && i < job->count; i++) {
        is = !tensor_of(j, PROPOSAL_TO, &j->parts[job->order[i]])->paired;
    }
    return is;
}

/* A part that is constant may be another one that is. */
static const char *doubt_of(const struct jobs *j, const struct job *job)
{
    for (uint32_t i = 0; i < job->count; i++) {
        if (j->parts[job->order[i]].constant) {
            return "all elements of a part are the same: it may be another such part";
        }
    }
    return NULL;
}

static errint add_pair(struct jobs *j, const struct job *job)
{
    struct proposal *p = j->matching->proposal;
    uint32_t *numbers = ARENA_ARRAY(&p->arena, uint32_t, (size_t)job->count + 1);
    struct matching_tensor *whole = tensor_of(j, end_of_wholes(j), job->whole);
    if (!numbers) {
        return -ENOMEM;
    }
    numbers[job->count] = whole->variable;
    whole->paired = true;
    for (uint32_t i = 0; i < job->count; i++) {
        struct matching_tensor *part = tensor_of(j, end_of_parts(j), &j->parts[job->order[i]]);
        part->paired = true;
        numbers[i] = part->variable;
    }
    const char *doubt = doubt_of(j, job);
    const uint32_t *one = numbers + job->count;
    return proposal_add(
        p, &(struct proposal_pair){.sources = j->joins ? numbers : one,
                                   .source_count = j->joins ? job->count : 1,
                                   .targets = j->joins ? one : numbers,
                                   .target_count = j->joins ? 1 : job->count,
                                   .operations = job->operations,
                                   .certainty = doubt ? PROPOSAL_LIKELY : PROPOSAL_PROVED,
                                   .why = doubt});
}

static errint pair_as(struct matching *m, unsigned k, bool joins)
{
    struct jobs j = {.matching = m, .joins = joins};
    struct sum_sets sets;
    j.parts = find_items(m, end_of_parts(&j), false, k, &j.part_count);
    j.wholes = find_items(m, end_of_wholes(&j), true, k, &j.whole_count);
    if (!j.parts || !j.wholes) {
        return -ENOMEM;
    }
    const struct sum_problem problem = {j.parts, j.part_count, j.wholes, j.whole_count};
    errint rc = sums_find(&problem, &m->scratch, &sets);
    if (rc == 0) {
        rc = add_jobs(&j, &sets);
    }
    if (rc == 0) {
        rc = provers_run(&m->crew, j.count, prove, &j);
    }
    for (uint32_t i = 0; rc == 0 && i < j.count; i++) {
        rc = j.list[i].operations && is_free(&j, &j.list[i]) ? add_pair(&j, &j.list[i]) : 0;
    }
    return rc;
}

errint matching_pair_parts(struct matching *m)
{
    errint rc = 0;
    for (unsigned k = 0; rc == 0 && k < 2 * m->dtype_count; k++) {
        rc = pair_as(m, k / 2, k % 2 == 0);
    }
    return rc;
}
