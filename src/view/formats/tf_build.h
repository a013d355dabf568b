/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a view's checkpoint in the making, and the layout of the data file that is its own.
 * Private to tf_view.c and tf_build.c. */
#ifndef CKPTFS_VIEW_FORMATS_TF_BUILD_H
#define CKPTFS_VIEW_FORMATS_TF_BUILD_H

#include "codec/sstable_build.h"
#include "view/formats/tf_items.h"
#include "view/formats/tf_sums.h"
#include "view/formats/variables.h"
#include "view/layout.h"

enum { TF_NO_SHARD = -1 };

struct tf_build {
    struct catalog *catalog;
    const struct view_variables *variables;
    const int32_t
        *shard_number; /* per shard of the catalog: its number in the view, or TF_NO_SHARD */
    const struct target *stale; /* as tf_refusal takes it */
    const struct tf_item *kept; /* beside the variables, in the order of their keys */
    uint32_t kept_count;
    uint32_t own; /* number of the data file that is the view's own */
    uint32_t num_shards;
    /* The result: */
    struct sstable_build table;
    struct layout_build data; /* of the view's own data file */
    struct tf_sum *sums; /* owns; checksums that are not known, `at` is their place in the table */
    struct arena texts;  /* of extents */
    size_t sum_count;
    size_t sum_cap;
};

/* tf_build_run: makes the table, with 0 for checksums that are not known, and the layout. The
 * lengths of strings are read by r. -ENOMEM. The caller fills the inputs; the result is to be freed
 * by tf_build_fini in either case. */
MUST_CHECK errint tf_build_run(struct tf_build *b, struct reader *r);
void tf_build_fini(struct tf_build *b);

#endif
