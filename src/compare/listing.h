/* SPDX-License-Identifier: Apache-2.0 */
/* What an index says of all tensors of a checkpoint, in some 20 bytes each: names without what they
 * share with the one before, dtypes, shapes and checksums. So two checkpoints can be compared of
 * which one alone is open. */
#ifndef CKPTFS_COMPARE_LISTING_H
#define CKPTFS_COMPARE_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/errint.h"
#include "plan/plan.h"

struct listing {
    struct buf bytes; /* owns */
    uint32_t count;
};

/* One tensor. */
struct listed {
    struct str name; /* borrows from the cursor, or the catalog */
    int64_t dims[SHAPE_RANK_MOST];
    uint8_t rank;
    uint8_t dtype;
    uint32_t crc32c; /* masked, over all of its bytes; 0 where it has no elements */
};

/* listed_of: what is listed of tensor t of c, whose dimensions are copied; false if it has
 * elements, and no checksum that is over just its bytes as they are shown. */
bool listed_of(const struct catalog *c, const struct tensor *t, struct listed *out);

/* listing_make: of all tensors of c that can be shown. 1; 0 if one of them has no such checksum, or
 * they have two names each; -ENOMEM. To be given to listing_fini in any case. */
MUST_CHECK int listing_make(const struct catalog *c, struct listing *out);
void listing_fini(struct listing *l);

/* One walk over a listing, in the order of names. To be given to listing_end. */
struct listing_cursor {
    const struct listing *of; /* borrows */
    size_t at;
    uint32_t left;
    struct buf name; /* owns: of the one that was given last */
};

static inline struct listing_cursor listing_first(const struct listing *l)
{
    return (struct listing_cursor){.of = l, .left = l->count};
}

/* listing_next: the next one: 1; 0 at the end; -ENOMEM. Its name is good until the next call. */
MUST_CHECK int listing_next(struct listing_cursor *at, struct listed *out);
void listing_end(struct listing_cursor *at);

/* listed_target: a target that is as what was listed, and cannot be read; all of it in `a`. NULL
 * when memory is short. */
const struct target *listed_target(const struct listed *l, struct arena *a);

#endif
