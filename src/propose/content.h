/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of variables that hold the same: found by fingerprints (fingerprint.h), proved element by
 * element (proof.h). */
#ifndef CKPTFS_PROPOSE_CONTENT_H
#define CKPTFS_PROPOSE_CONTENT_H

#include "base/diag.h"
#include "base/errint.h"
#include "propose/proposal.h"
#include "render/verified.h"

struct content_request {
    struct verified *from; /* borrows: what is known to be damaged of each side's catalog; NULL */
    struct verified *to;
    unsigned threads;
    void (*progress)(void *context, uint64_t done, uint64_t bytes); /* by one thread at a time;
                                                                       NULL */
    void *context;                                                  /* of it */
};

/* propose_content: adds to p pairs of variables that both sides have data of; shards are open. Only
 * variables of `to` that have no pair get one. Of `from`, one may be in several.
 *
 * A tensor of which all elements are the same proves nothing and stays without a pair, as do
 * strings and what has no elements. Of several variables that hold the same, the one is taken whose
 * name is nearest, and `why` says so.
 *
 * All data are read at most three times. A tensor that cannot be read is a warning in d, and has no
 * pair. -ENOMEM. */
MUST_CHECK errint propose_content(struct proposal *p, const struct content_request *r,
                                  struct diag *d);

#endif
