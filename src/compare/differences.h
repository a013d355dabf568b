/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of tensors that have to be read, by several threads. */
#ifndef CKPTFS_COMPARE_DIFFERENCES_H
#define CKPTFS_COMPARE_DIFFERENCES_H

#include <stdint.h>

#include "compare/difference.h"
#include "compare/pairs.h"

enum { DIFFERENCE_WHY_MOST = 400 };

/* What came of one pair. Strings are not taken as numbers: there are `count`, `unequal` and
 * `first`, which count elements. */
struct pair_difference {
    struct difference difference;
    bool unreadable_b; /* which side could not be read, where rc is not 0 */
    errint rc;         /* 0; else one side could not be read, all of it, and `why` says why */
    char why[DIFFERENCE_WHY_MOST];
};

struct differences {
    const struct view *a; /* borrow; the data files of what is read are open */
    const struct view *b;
    const struct pair *const *pairs; /* those that are read; one dtype and shape, and elements */
    uint32_t count;
    bool values; /* all is read, and numbers are looked at; else up to the first difference */
    struct tolerance tolerance;
    void *context;

    /* Takes what came of pair i: in order, from one thread at a time. */
    void (*take)(void *context, uint32_t i, const struct pair_difference *d);

    /* How many of the bytes of both sides are done; as `take`. */
    void (*progress)(void *context, uint64_t done, uint64_t bytes);
};

/* differences_run: with as many threads as there are processors. -ENOMEM. */
MUST_CHECK errint differences_run(const struct differences *d);

#endif
