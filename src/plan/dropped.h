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
 * averages take the places of (shadows.h), then what filters hide. acts[k] is set of each filter k
 * that matches something. Lists are allocated in `a`. Before anything has pointers to tensors.
 * -ENOMEM; -EINVAL, -EOVERFLOW, and the error is in d. */
struct dropped {
    const struct name_filter *const *by; /* of each of c->dropped, NULL for what no `keep` matches;
                                            `prefer` counts as one */
    struct shadows shadows;              /* what `prefer` has found */
};
MUST_CHECK errint dropped_hide(struct catalog *c, const struct view_options *view, struct arena *a,
                               bool *acts, struct dropped *out, struct diag *d);

/* dropped_warn_idle: the warnings of filters that match nothing of any checkpoint. */
void dropped_warn_idle(const struct view_options *view, const bool *acts, struct diag *d);

/* dropped_wanted: whether there is anything to do for it. */
static inline bool dropped_wanted(const struct view_options *view)
{
    return view->prefer_ema || view->filters.count;
}

#endif
