/* SPDX-License-Identifier: Apache-2.0 */
/* What `drop` and `keep` of [view] leave of a checkpoint. */
#ifndef CKPTFS_PLAN_DROPPED_H
#define CKPTFS_PLAN_DROPPED_H

#include "base/diag.h"
#include "base/errint.h"
#include "map/name_filter.h"
#include "source/catalog.h"

/* dropped_hide: hides (catalog_hide.h) the tensors of c that the filters hide. A filter that
 * matches nothing is a warning. *by is an array of the filter of each of c->dropped, NULL for what
 * no `keep` matches, allocated in `a`. Before anything has pointers to tensors. -ENOMEM;
 * -EOVERFLOW, and the error is in d. */
MUST_CHECK errint dropped_hide(struct catalog *c, const struct name_filters *f, struct arena *a,
                               const struct name_filter *const **by, struct diag *d);

#endif
