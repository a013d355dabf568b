/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of variables whose names and shapes speak for each other. */
#ifndef CKPTFS_PROPOSE_NAMES_H
#define CKPTFS_PROPOSE_NAMES_H

#include "propose/proposal.h"

/* propose_names: adds to p likely pairs, one to one, of variables of `to` that have no pair and of
 * variables of `from` that have none and are no optimizer's. They have as many elements, by
 * lengths of axes that are the same but for their order and for ones. What names and shapes leave
 * open is said by `why`. -ENOMEM. */
MUST_CHECK errint propose_names(struct proposal *p);

#endif
