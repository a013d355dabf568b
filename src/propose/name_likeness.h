/* SPDX-License-Identifier: Apache-2.0 */
/* How near two names of different models are, where contents leave a choice. */
#ifndef CKPTFS_PROPOSE_NAME_LIKENESS_H
#define CKPTFS_PROPOSE_NAME_LIKENESS_H

#include "base/str.h"

/* name_likeness: larger is nearer; only the order of numbers has a meaning. Numbers in the names,
 * such as those of layers, count most, then words that both have. */
int name_likeness(struct str a, struct str b);

#endif
