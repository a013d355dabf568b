/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that an export has made, to be removed if it fails. */
#ifndef CKPTFS_TOOL_OUTPUT_MADE_H
#define CKPTFS_TOOL_OUTPUT_MADE_H

#include <stddef.h>

#include "base/errint.h"

struct output_made {
    char *name; /* owns: below `parent` */
    int parent; /* owns; -1: the directory of the export itself */
    int self;   /* owns, where parent is not -1 */
};

/* output_made_add: one more, last, in the export's directory. */
MUST_CHECK errint output_made_add(struct output_made **list, size_t *count, size_t *cap,
                                  const char *name);

/* output_made_hold: it is `self`, in `parent`, which is not the export's directory but above: it is
 * found again if somebody renames it. Descriptors are duplicated; -EMFILE ... where there is
 * none. */
MUST_CHECK errint output_made_hold(struct output_made *m, int parent, int self);

/* output_made_remove: removes them from the disk, the last one first, as far as they are empty;
 * `top` is the export's directory. Drops them, but for the list. */
void output_made_remove(struct output_made *list, size_t count, int top);

/* output_made_drop: frees the list, and closes what it holds. */
void output_made_drop(struct output_made *list, size_t count);

#endif
