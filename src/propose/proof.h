/* SPDX-License-Identifier: Apache-2.0 */
/* Whether operations, as a map says them, make some tensors of others: element by element, and by
 * the code that reads a target of a map. */
#ifndef CKPTFS_PROPOSE_PROOF_H
#define CKPTFS_PROPOSE_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/ops/op_type.h"
#include "plan/value.h"
#include "propose/prover.h"

/* proof_make: what the operations ("transpose | concat 0"; "": none) make of the values, in
 * p->making; *out is the caller's, to be given to op_result_fini. *made is false where they do not
 * take such values. -ENOMEM. proof_forget: nothing of p->making is used any more. */
MUST_CHECK errint proof_make(struct prover *p, const struct value *values, uint32_t count,
                             const char *operations, struct op_result *out, bool *made);

static inline void proof_forget(struct prover *p)
{
    arena_reset(&p->making);
}

/* What a comparison of all elements comes to. */
struct proof_outcome {
    bool equal;    /* dtype, shape and all bits */
    bool constant; /* all elements of what was wanted are the same, as far as it was compared */
};

/* proof_compare: what was made of `from` with what is wanted of `to`. Errors are those of
 * render_read. */
MUST_CHECK errint proof_compare(struct prover *p, const struct value *made,
                                const struct value *wanted, struct proof_outcome *out);

/* Some elements of what is wanted, so that few of many guesses have to be compared. */
enum { PROOF_SAMPLES = 16 };
struct proof_sample {
    struct shape shape;
    enum dtype dtype;
    unsigned count;
    uint64_t offs[PROOF_SAMPLES]; /* bytes */
    uint8_t elements[PROOF_SAMPLES][16];
};

/* proof_sample: of a value of that end. It borrows the shape. Errors are those of render_read. */
MUST_CHECK errint proof_sample(struct prover *p, enum proposal_end end, const struct value *v,
                               struct proof_sample *out);

/* proof_fits: *fits is whether the value, of that end, has shape, dtype and elements of the
 * sample. -ERANGE of a read is no failure: then it does not. */
MUST_CHECK errint proof_fits(struct prover *p, enum proposal_end end, const struct value *v,
                             const struct proof_sample *sample, bool *fits);

#endif
