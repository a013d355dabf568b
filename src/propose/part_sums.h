/* SPDX-License-Identifier: Apache-2.0 */
/* Which tensors together may be another: sets of parts whose fingerprints add up to that of a
 * whole. Of all sets only those are looked at that models have: */
#ifndef CKPTFS_PROPOSE_PART_SUMS_H
#define CKPTFS_PROPOSE_PART_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"

/*   - runs of numbers, in names that differ by one number: layer_0/w, layer_1/w, ...
 *   - several of those whose names differ by one word: layer_0/query/w, layer_0/key/w, ...
 *   - any two, and any three of which two have as many elements
 *
 * and no more than SUM_LOOKUPS_MOST sets in all. */
enum { SUM_LOOKUPS_MOST = 1 << 26, SUM_SETS_EACH = 8, SUM_PARTS_MOST = 4096 };

struct sum_item {
    uint64_t sum;
    uint64_t elements;
    struct str name;
    uint32_t tensor; /* the caller's number of it */
    bool constant;   /* it is in no set of any two or three */
};

struct sum_problem {
    const struct sum_item *parts;
    uint32_t part_count;
    const struct sum_item *wholes;
    uint32_t whole_count;
};

/* A set that adds up. */
struct sum_set {
    uint32_t whole;        /* index into the wholes */
    const uint32_t *parts; /* indices into the parts, in the order of numbers, or of the parts */
    uint32_t count;        /* at least 2 */
    uint32_t before; /* the number, from 1, of the set of that whole that was found before; 0 */
};

struct sum_sets {
    struct arena *arena;
    struct sum_set *list; /* in the arena */
    size_t count;
    size_t cap;
};

/* sums_find: the sets, at most SUM_SETS_EACH for each whole, those by names first. -ENOMEM. */
MUST_CHECK errint sums_find(const struct sum_problem *problem, struct arena *a,
                            struct sum_sets *out);

#endif
