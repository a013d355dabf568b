/* SPDX-License-Identifier: Apache-2.0 */
/* That one tensor is another, in some arrangement, and maybe of another type. */
#ifndef CKPTFS_PROPOSE_SINGLE_H
#define CKPTFS_PROPOSE_SINGLE_H

#include "propose/matching.h"
#include "propose/proof.h"

enum {
    SINGLE_SOURCES_MOST = 8, /* of equal ones, that are tried */
    SINGLE_FORMS_MOST = 6,
};

/* What is to be proved: that one tensor of `to` is one of some of `from`, the likeliest first. */
struct single {
    uint32_t target;
    uint32_t sources[SINGLE_SOURCES_MOST];
    uint32_t source_count;
    bool guessed;           /* by a sample: what no shape suggests is not looked for */
    uint32_t equals;        /* how many of `from` have that content */
    uint32_t proved;        /* which of `sources`; source_count: none */
    const char *operations; /* of it */
    const char *forms[SINGLE_FORMS_MOST]; /* that, and others that do the same */
    uint32_t form_count;
    const char *also; /* other operations, which do something else, but make the same; or NULL */
};

/* single_sampled: whether a sample of the target fits the source, in some arrangement, of which
 * there are at most SINGLE_GUESSES_MOST. Errors are those of render_read. */
enum { SINGLE_GUESSES_MOST = 48 };
MUST_CHECK errint single_sampled(struct prover *p, const struct matching_tensor *source,
                                 const struct matching_tensor *target,
                                 const struct proof_sample *sample, bool *fits);

/* single_prove: looks for the operations, and notes them in *s, where there are some. What cannot
 * be read is noted at its tensor. -ENOMEM. */
MUST_CHECK errint single_prove(struct matching *m, struct prover *p, struct single *s);

/* singles_pair: adds a pair to the proposal for each that was proved, in the order of the targets;
 * the list is sorted so. -ENOMEM. */
MUST_CHECK errint singles_pair(struct matching *m, struct single *list, size_t count);

#endif
