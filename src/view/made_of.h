/* SPDX-License-Identifier: Apache-2.0 */
/* How the bytes of targets come about. */
#ifndef CKPTFS_VIEW_MADE_OF_H
#define CKPTFS_VIEW_MADE_OF_H

#include <stdint.h>

#include "plan/plan.h"
#include "source/catalog.h"

/* Bytes of targets, of each kind. */
struct made_of {
    uint64_t in_place;   /* runs of bytes of the checkpoint's data files, as they are */
    uint64_t rearranged; /* elements of these files, but in another order, or a few at a time */
    uint64_t computed;   /* all else: cast, made by arithmetic, filled, or decoded (of V1 and
                            big-endian checkpoints) */
};

/* made_of_add: adds the bytes of target t of a plan on catalog c; nothing of strings. */
void made_of_add(struct made_of *m, const struct catalog *c, const struct target *t);

/* made_of_kinds: those that there are, and how they are called, to `out`; how many. */
enum { MADE_OF_KINDS = 3 };
struct made_of_kind {
    uint64_t bytes;
    const char *word; /* "in place" */
};
unsigned made_of_kinds(const struct made_of *m, struct made_of_kind out[MADE_OF_KINDS]);

#endif
