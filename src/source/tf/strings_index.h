/* SPDX-License-Identifier: Apache-2.0 */
/* Where some elements of a run of strings stand. Private to strings.c and strings_io.c. */
#ifndef CKPTFS_SOURCE_TF_STRINGS_INDEX_H
#define CKPTFS_SOURCE_TF_STRINGS_INDEX_H

#include "source/tf/strings.h"

enum { STRINGS_FIELD = 8 /* string_val of TensorProto */ };

/* Of each STRINGS_STEP-th element. */
struct strings_mark {
    uint64_t at;   /* V2: of its length; V1: in the tensor's window, of its field */
    uint64_t base; /* V2: of its bytes, counted from the first element's; V1: number of the spot */
};

struct strings_index {
    struct strings_mark *marks; /* owns */
    size_t mark_count;
    size_t mark_cap;
    uint64_t bytes; /* V2: where the first element's bytes begin */
    /* V1: owns; windows that marks share; tensor.off is the mark's */
    struct record_place *spots;
    size_t spot_count;
    size_t spot_cap;
};

void strings_index_fini(struct strings_index *x);

/* strings_index_make: reads all of the run from `base`, checks it, and notes where its elements
 * are. *crc as strings_check; 0 for V1. */
MUST_CHECK errint strings_index_make(struct io *base, struct once_waiter *w,
                                     const struct strings_run *run, struct strings_index *x,
                                     uint32_t *crc);

/* strings_index_same: whether two indexes of a run of V1 say the same. */
bool strings_index_same(const struct strings_index *a, const struct strings_index *b);

/* strings_wire: a walker over the bytes of the run in `base`. */
void strings_wire(struct wire *w, struct io *base, const struct strings_run *run);

#endif
