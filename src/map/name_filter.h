/* SPDX-License-Identifier: Apache-2.0 */
/* Which tensors of a checkpoint a map takes notice of: `drop` and `keep` of [view]. */
#ifndef CKPTFS_MAP_NAME_FILTER_H
#define CKPTFS_MAP_NAME_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/position.h"
#include "base/str.h"
#include "map/pattern.h"

enum { NAME_FILTERS_MOST = 1000 };

/* One pattern, or the preset `optimizer`. */
struct name_filter {
    bool keeps;        /* of `keep`: what it does not match is hidden, unless another one does */
    bool is_optimizer; /* the preset: what optimizers own */
    bool is_optional;  /* a '?' stands before it: it may match nothing */
    struct pattern pattern;
    struct str text; /* as written, without that, for the report */
    struct position at;
};

/* Zeroed, there are none. */
struct name_filters {
    struct name_filter *list; /* in an arena; room for NAME_FILTERS_MOST */
    uint32_t count;
};

/* name_filters_add: the patterns of a list with commas between them, appended to f; texts are
 * allocated in `a`. -EINVAL, -EOVERFLOW, and the error is in d; -ENOMEM. */
MUST_CHECK errint name_filters_add(struct name_filters *f, bool keeps, struct str list,
                                   struct position at, struct arena *a, struct diag *d);

/* name_filter_matches: whether the filter's pattern matches the name: 1, 0, or a failure as of
 * pattern_match. */
MUST_CHECK int name_filter_matches(const struct name_filter *filter, struct str name,
                                   struct pattern_scratch *s);

/* name_filters_hide: which filter hides the name: 1 and *by, which is NULL where no `keep` matches
 * it; 0: none does. -ENOMEM, -E2BIG as pattern_match, and *by is the filter that failed. */
MUST_CHECK int name_filters_hide(const struct name_filters *f, struct str name,
                                 struct pattern_scratch *s, const struct name_filter **by);

#endif
