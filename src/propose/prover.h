/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that read both sides of a proposal: each has a reader of each side, and what a proof
 * needs. */
#ifndef CKPTFS_PROPOSE_PROVER_H
#define CKPTFS_PROPOSE_PROVER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "render/reader.h"

enum { PROVER_BLOCK = 256 << 10 }; /* bytes; both blocks are in the processor's cache */

enum proposal_end { PROPOSAL_FROM, PROPOSAL_TO };

/* What one thread has. */
struct prover {
    struct reader readers[2]; /* by enum proposal_end */
    char *blocks[2];          /* owns (malloc); PROVER_BLOCK bytes each */
    struct arena arena;       /* of one piece of work, which finds it empty */
    struct arena making;      /* of one guess (proof_forget) */
    struct diag diag;         /* of the map's parser */
};

/* How many, and of what. `verified` may be NULL (reader.h). */
struct prover_crew {
    unsigned threads; /* 0 is as 1 */
    const struct catalog *catalogs[2];
    struct verified *verified[2];
};

/* provers_run: does work(context, prover, i) for each i of [0, count), by several threads, lower
 * ones begun first. The first failure ends it, and is returned. -ENOMEM. */
typedef errint prover_work(void *context, struct prover *p, uint64_t i);
MUST_CHECK errint provers_run(const struct prover_crew *crew, uint64_t count, prover_work *work,
                              void *context);

#endif
