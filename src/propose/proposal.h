/* SPDX-License-Identifier: Apache-2.0 */
/* What a map could say: which variables of one model become which of another, by which operations,
 * and how sure that is.
 *
 * Several finders fill one proposal, each with pairs for variables that have none yet; the map is
 * written from it. */
#ifndef CKPTFS_PROPOSE_PROPOSAL_H
#define CKPTFS_PROPOSE_PROPOSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"
#include "source/catalog.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

/* A variable of one of the two models. */
struct proposal_variable {
    struct str name;
    enum dtype dtype;
    struct shape shape;
    const struct tensor *tensor; /* of the side's catalog; NULL: it has no data */
    uint32_t pairs;              /* that it is in */
};

/* One of the two models: what is there, or what is wanted. */
struct proposal_side {
    struct catalog *catalog; /* borrows; NULL: there are no data */
    struct proposal_variable
        *variables; /* owns (malloc): in the order of the file, or of the names */
    uint32_t count;
};

enum proposal_certainty {
    PROPOSAL_LIKELY, /* names and shapes speak for it */
    PROPOSAL_PROVED, /* every element was compared */
};

/* Some variables of the one model, which become some of the other. Of the two numbers one is 1,
 * unless a join is split at once. There may be more than a line of a map can name one by one
 * (EXPAND_SOURCES_MOST, EXPAND_TARGETS_MOST, map/expand.h): these have names that differ by a
 * number, in its order, which the line can say. */
struct proposal_pair {
    const uint32_t *sources; /* indices into the variables of `from`, in the order of the map */
    uint32_t source_count;
    const uint32_t *targets; /* indices into the variables of `to` */
    uint32_t target_count;
    const char *operations; /* as a map says them: "transpose | concat 0"; "": none */
    enum proposal_certainty certainty;
    const char *why; /* what cannot be known, in words, or NULL: "square: it may be transposed" */
};

struct proposal {
    struct arena arena; /* owns all that the pairs point to */
    struct proposal_side from;
    struct proposal_side to;
    struct proposal_pair *pairs; /* owns */
    size_t pair_count;
    size_t pair_cap;
};

/* proposal_add: one more pair, copied as it is: its lists and texts are in the arena, or last as
 * long. Counts it at its variables. -ENOMEM. */
MUST_CHECK errint proposal_add(struct proposal *p, const struct proposal_pair *pair);

/* proposal_fini: frees what p owns, the variables of both sides too; not the catalogs. */
void proposal_fini(struct proposal *p);

#endif
