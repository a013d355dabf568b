/* SPDX-License-Identifier: Apache-2.0 */
/* That one tensor is another, in some arrangement, and maybe of another type. */
#ifndef CKPTFS_PROPOSE_SINGLE_H
#define CKPTFS_PROPOSE_SINGLE_H

#include "propose/matching.h"

enum {
    SINGLE_SOURCES_MOST = 8, /* of equal ones, that are tried */
    SINGLE_FORMS_MOST = 6,
};

/* What is to be proved: that one tensor of `to` is one of some of `from`, the likeliest first. */
struct single {
    uint32_t target;
    uint32_t sources[SINGLE_SOURCES_MOST];
    uint32_t source_count;
    uint32_t equals;                      /* how many of `from` have that content */
    uint32_t proved;                      /* which of `sources`; source_count: none */
    const char *operations;               /* of it */
    const char *forms[SINGLE_FORMS_MOST]; /* that, and others that do the same */
    uint32_t form_count;
    const char *also; /* other operations, which do something else, but make the same; or NULL */
};

/* single_prove: looks for the operations, and notes them in *s, where there are some. What cannot
 * be read is noted at its tensor. -ENOMEM. */
MUST_CHECK errint single_prove(struct matching *m, struct prover *p, struct single *s);

#endif
