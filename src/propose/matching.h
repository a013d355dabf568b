/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of both sides while pairs are looked for by content, and their fingerprints. Private
 * to src/propose. */
#ifndef CKPTFS_PROPOSE_MATCHING_H
#define CKPTFS_PROPOSE_MATCHING_H

#include <pthread.h>
#include <stdatomic.h>

#include "plan/value.h"
#include "propose/content.h"
#include "propose/prover.h"

struct matching_tensor {
    uint32_t variable; /* index into the side's variables */
    struct value value;
    uint64_t elements; /* more than 0 */
    uint64_t bytes;
    _Atomic uint64_t *sums; /* fingerprints as matching.dtypes[k] ...; in scratch */
    unsigned summed;        /* ... of those bits k */
    bool constant;          /* all elements are the same */
    bool paired;
    atomic_int rc; /* why it cannot be read; 0 */
};

struct matching_side {
    struct proposal_side *side;
    struct matching_tensor *tensors; /* in scratch */
    uint32_t count;
};

struct matching {
    struct proposal *proposal;
    const struct content_request *request;
    struct diag *diag;
    struct prover_crew crew;
    struct arena scratch;           /* of the thread that called */
    struct matching_side sides[2];  /* by enum proposal_end */
    enum dtype dtypes[DTYPE_COUNT]; /* of what is wanted */
    unsigned dtype_count;
    pthread_mutex_t lock; /* over the proposal's arena, and progress */
    _Atomic uint64_t done;
    uint64_t bytes; /* that will be read, as far as it is known */
};

/* matching_init: the tensors that can be compared: numbers, with elements. To be given to
 * matching_fini in any case. -ENOMEM. */
MUST_CHECK errint matching_init(struct matching *m, struct proposal *p,
                                const struct content_request *r, struct diag *d);
void matching_fini(struct matching *m);

/* matching_sum: reads what has no fingerprints yet and may have a use for them; with `paired`, also
 * what has a pair and may have another; *any is whether there was something. Constants are known
 * afterwards. -ENOMEM. */
MUST_CHECK errint matching_sum(struct matching *m, bool paired, bool *any);

/* matching_casts: whether elements of one type may become those of another and still be recognised.
 * matching_print_cast: adds the operation that makes them so to b, behind what is there: " | cast
 * bfloat16"; nothing for equal types. */
bool matching_casts(enum dtype from, enum dtype to);
void matching_print_cast(enum dtype from, enum dtype to, struct buf *b);

/* matching_as: the value as that type, by that cast. -ENOMEM, as value_cast. */
MUST_CHECK errint matching_as(const struct value *v, enum dtype dtype, struct arena *a,
                              struct value *out);

/* matching_read: tells that so many bytes were read. Any thread. */
void matching_read(struct matching *m, uint64_t bytes);

/* matching_keep: a copy of the text that lasts as long as the proposal; NULL: no memory. Any
 * thread. */
const char *matching_keep(struct matching *m, struct str text);

/* matching_failed: notes that a tensor could not be read. Returns 0, or rc if that is -ENOMEM. */
MUST_CHECK errint matching_failed(struct matching_tensor *t, errint rc);

/* matching_name: of a tensor of that end. */
struct str matching_name(const struct matching *m, enum proposal_end end, uint32_t tensor);

/* matching_is_open: whether a tensor of `to` still wants a pair, and can prove one. */
static inline bool matching_is_open(const struct matching_tensor *t)
{
    return !t->paired && !t->constant && t->rc == 0;
}

/* matching_pair_equal: pairs of one tensor and one whose checksums are equal.
 * matching_pair_sampled: of which a sample fits no other. matching_pair_singles: whose fingerprints
 * are equal. matching_pair_parts: of one tensor and several, by their fingerprints. All are proved.
 * -ENOMEM. */
MUST_CHECK errint matching_pair_equal(struct matching *m);
MUST_CHECK errint matching_pair_sampled(struct matching *m);
MUST_CHECK errint matching_pair_singles(struct matching *m);
MUST_CHECK errint matching_pair_parts(struct matching *m);

#endif
