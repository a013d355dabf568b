/* SPDX-License-Identifier: Apache-2.0 */
/* How a variable is cut into parts: `| partition 5,1`, or the list of its parts. */
#ifndef CKPTFS_MAP_PARTITION_H
#define CKPTFS_MAP_PARTITION_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"

enum { PARTITION_PARTS_MOST = 1 << 20 };

/* Counts of parts per axis: exactly one may exceed 1
 * (tensorflow/python/ops/partitioned_variables.py). All 1 is a partition too, of the one part
 * `part_0`. */
struct partition {
    const int64_t *counts; /* one per axis, each >= 1 */
    uint8_t rank;          /* 0: not partitioned */
};

/* partition_parse: "5,1" to counts allocated in `a`; `at` is the place in messages. Refuses counts
 * < 1, more than one above 1, more than SHAPE_RANK_MOST axes, more than PARTITION_PARTS_MOST
 * parts. */
MUST_CHECK errint partition_parse(struct str text, struct position at, struct arena *a,
                                  struct partition *out, struct diag *d);

/* A list of targets: parts of one variable, each once. */
struct part_list {
    struct str name;        /* of the variable, decoded */
    int64_t count;          /* two at least; 0: there is no list */
    const int64_t *numbers; /* sorted; NULL: they are 0 to count - 1 */
};

/* part_list_number: the i-th smallest number, i below count. */
static inline int64_t part_list_number(const struct part_list *l, int64_t i)
{
    return l->numbers ? l->numbers[i] : i;
}

/* partition_list_parse: a list `NAME/part_2, NAME/part_0` of at least two names, in any order,
 * allocated in `a`. Whether it may be incomplete is not known here. */
MUST_CHECK errint partition_list_parse(struct str text, struct position at, struct arena *a,
                                       struct part_list *out, struct diag *d);

/* partition_eq: the same counts, or neither is a partition. */
static inline bool partition_eq(const struct partition *a, const struct partition *b)
{
    return a->rank == b->rank &&
           (!a->rank || memcmp(a->counts, b->counts, a->rank * sizeof(*a->counts)) == 0);
}

/* partition_axis: the axis that is cut (0 if no count exceeds 1) and the number of parts along
 * it. */
static inline int64_t partition_axis(const struct partition *p, unsigned *axis)
{
    *axis = 0;
    for (unsigned i = 0; i < p->rank; i++) {
        if (p->counts[i] > 1) {
            *axis = i;
            return p->counts[i];
        }
    }
    return 1;
}

#endif
