/* SPDX-License-Identifier: Apache-2.0 */
/* What `prefer`, `drop` and `keep` of [view] leave of a checkpoint. */
#ifndef CKPTFS_PLAN_DROPPED_H
#define CKPTFS_PLAN_DROPPED_H

#include "base/diag.h"
#include "base/errint.h"
#include "map/view_options.h"
#include "plan/shadows.h"
#include "source/catalog.h"

/* dropped_hide: hides (catalog_hide.h) the tensors of c that the options hide: first what moving
 * averages take the places of (shadows.h), and *shadows says which, then what filters hide. A
 * filter that matches nothing is a warning. *by is an array of the filter of each of c->dropped,
 * NULL for what no `keep` matches, allocated in `a`; `prefer` counts as one. Before anything has
 * pointers to tensors. -ENOMEM; -EINVAL, -EOVERFLOW, and the error is in d. */
MUST_CHECK errint dropped_hide(struct catalog *c, const struct view_options *view, struct arena *a,
                               const struct name_filter *const **by, struct shadows *shadows,
                               struct diag *d);

/* dropped_wanted: whether there is anything to do for it. */
static inline bool dropped_wanted(const struct view_options *view)
{
    return view->prefer_ema || view->filters.count;
}

#endif
