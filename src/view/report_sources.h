/* SPDX-License-Identifier: Apache-2.0 */
/* What a report says a target is made from. */
#ifndef CKPTFS_VIEW_REPORT_SOURCES_H
#define CKPTFS_VIEW_REPORT_SOURCES_H

#include <stddef.h>

#include "base/errint.h"
#include "plan/plan.h"

/* Zeroed, there are none. Most targets are of one tensor, for which nothing is allocated. */
struct report_sources {
    const struct tensor *const *list; /* each once, in the order in which the target first has an
                                         element of it; `one`, or `many` */
    size_t count;
    const struct tensor *one;   /* borrowed */
    const struct tensor **many; /* owns */
};

void report_sources_fini(struct report_sources *s);

/* report_sources_find: the tensors of the checkpoint that t is made from, steps and computed
 * tensors seen through. Of a target without elements, the first one that its rule names. `out` must
 * not be moved. -ENOMEM. */
MUST_CHECK errint report_sources_find(const struct target *t, struct report_sources *out);

#endif
