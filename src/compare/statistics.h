/* SPDX-License-Identifier: Apache-2.0 */
/* What numbers the tensors of a view have (compare/moments.h), read once, by several threads. */
#ifndef CKPTFS_COMPARE_STATISTICS_H
#define CKPTFS_COMPARE_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "compare/moments.h"
#include "view/view.h"

enum { STATISTIC_WHY_MOST = 400 };

/* Of one tensor. Of a complex one the numbers are the magnitudes of its elements. */
struct statistic {
    struct moments moments; /* of no numbers, for strings */
    uint64_t least; /* of a 64-bit integer type, the least and the largest element, exactly */
    uint64_t most;
    errint rc; /* 0; else it could not be read, all of it, and `why` says why */
    char why[STATISTIC_WHY_MOST];
};

struct statistics {
    const struct view *view; /* borrows; the data files of the targets are open */
    const struct target *const *targets;
    uint32_t count;
    bool check; /* stops at the first number that is not finite: the target that has it is the last
                   one to be taken, with what was read of it */
    void *context;

    /* Takes what came of target i: in order, from one thread at a time. */
    void (*take)(void *context, uint32_t i, const struct statistic *s);

    /* How far it is; as `take`. NULL: nobody asks. */
    void (*progress)(void *context, uint64_t done, uint64_t bytes);
};

/* statistics_run: with as many threads as there are processors. -ENOMEM. */
MUST_CHECK errint statistics_run(const struct statistics *s);

/* statistics_bytes: of all its targets; strings count nothing. */
uint64_t statistics_bytes(const struct statistics *s);

#endif
