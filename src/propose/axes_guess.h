/* SPDX-License-Identifier: Apache-2.0 */
/* By which operations likely pairs become one another: what shapes leave open, such as whether a
 * square matrix is transposed, is as it is with others whose names end likewise. */
#ifndef CKPTFS_PROPOSE_AXES_GUESS_H
#define CKPTFS_PROPOSE_AXES_GUESS_H

#include "propose/name_terms.h"

/* axes_guess: sets the operations of the pairs of p from number `first` on, which are one to one,
 * and `why` where there was a choice. -ENOMEM. */
MUST_CHECK errint axes_guess(struct proposal *p, size_t first, const struct name_words *words);

#endif
