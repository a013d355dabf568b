/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of one tensor and one of which a sample fits no other: what is found so needs no
 * fingerprint, and so no reading but that of the proof. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/lower_bound.h"
#include "propose/single.h"

enum {
    ELEMENTS_LEAST = 64, /* of fewer, a sample says little, and a fingerprint costs nothing */
    SOURCES_MOST = 128,  /* of as many elements; of more, fingerprints are cheaper */
};

struct sampling {
    struct matching *matching;
    uint32_t *sources;   /* owns: tensors of `from`, by their number of elements */
    struct single *list; /* owns: one for each tensor of `to` */
};

static void sampling_fini(struct sampling *s)
{
    free(s->sources);
    free(s->list);
}

static const struct matching_tensor *source_at(const struct sampling *s, uint32_t i)
{
    return &s->matching->sides[PROPOSAL_FROM].tensors[s->sources[i]];
}

static int by_elements(const void *a, const void *b, void *tensors)
{
    const struct matching_tensor *x =
        (const struct matching_tensor *)tensors + *(const uint32_t *)a;
    const struct matching_tensor *y =
        (const struct matching_tensor *)tensors + *(const uint32_t *)b;
    return (x->elements > y->elements) - (x->elements < y->elements);
}

/* Whether the elements of the sample are all the same: then it may be a constant. */
static bool is_one_element(const struct proof_sample *sample)
{
    for (unsigned i = 1; i < sample->count; i++) {
        if (memcmp(sample->elements[i], sample->elements[0], sizeof(sample->elements[0])) != 0) {
            return false;
        }
    }
    return true;
}

/* The sources of as many elements: [*first, end). */
static uint32_t same_count(const struct sampling *s, uint64_t elements, uint32_t *first)
{
    uint32_t count = s->matching->sides[PROPOSAL_FROM].count;
    *first = LOWER_BOUND(i, 0, count, source_at(s, i)->elements < elements);
    return LOWER_BOUND(i, *first, count, source_at(s, i)->elements <= elements);
}

/* The only source that the sample fits, as the single's. */
static errint find_source(const struct sampling *s, struct prover *p, struct single *one,
                          const struct proof_sample *sample)
{
    const struct matching_tensor *target = &s->matching->sides[PROPOSAL_TO].tensors[one->target];
    uint32_t first;
    uint32_t end = same_count(s, target->elements, &first);
    for (uint32_t i = first; end - first <= SOURCES_MOST && i < end; i++) {
        const struct matching_tensor *source = source_at(s, i);
        bool fits = false;
        errint rc = matching_casts(source->value.dtype, target->value.dtype)
                        ? single_sampled(p, source, target, sample, &fits)
                        : 0;
        if (rc < 0) {
            return rc;
        }
        if (fits && one->source_count) {
            one->source_count = 0;
            return 0;
        }
        if (fits) {
            one->sources[one->source_count++] = s->sources[i];
        }
    }
    return 0;
}

static errint sample_and_prove(void *context, struct prover *p, uint64_t i)
{
    struct sampling *s = context;
    struct single *one = &s->list[i];
    struct matching_tensor *target = &s->matching->sides[PROPOSAL_TO].tensors[i];
    struct proof_sample sample;
    *one = (struct single){.target = (uint32_t)i, .equals = 1, .guessed = true};
    if (!matching_is_open(target) || target->elements < ELEMENTS_LEAST) {
        return 0;
    }
    errint rc = proof_sample(p, PROPOSAL_TO, &target->value, &sample);
    if (rc == 0 && !is_one_element(&sample)) {
        rc = find_source(s, p, one, &sample);
    }
    if (rc < 0 || !one->source_count) {
        one->source_count = 0;
        return rc == -ENOMEM ? rc : 0; /* what cannot be read is told by who reads all of it */
    }
    return single_prove(s->matching, p, one);
}

errint matching_pair_sampled(struct matching *m)
{
    CLEANUP(sampling_fini) struct sampling s = {.matching = m};
    uint32_t count = m->sides[PROPOSAL_FROM].count;
    s.sources = calloc((size_t)count + 1, sizeof(*s.sources));
    s.list = calloc((size_t)m->sides[PROPOSAL_TO].count + 1, sizeof(*s.list));
    if (!s.sources || !s.list) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        s.sources[i] = i;
    }
    qsort_r(s.sources, count, sizeof(*s.sources), by_elements, m->sides[PROPOSAL_FROM].tensors);
    errint rc = provers_run(&m->crew, m->sides[PROPOSAL_TO].count, sample_and_prove, &s);
    return rc < 0 ? rc : singles_pair(m, s.list, m->sides[PROPOSAL_TO].count);
}
