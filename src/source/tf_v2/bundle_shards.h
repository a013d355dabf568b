/* SPDX-License-Identifier: Apache-2.0 */
/* Data files that are named with another count than the header's.
 *
 * When the workers' bundles of a sharded save are merged, the header gets the sum of their shards,
 * while the files' names get the number of those that some tensor is in
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, MergeBundles). A worker without tensors
 * makes them differ, and TensorFlow cannot read what it wrote. */
#ifndef CKPTFS_SOURCE_TF_V2_BUNDLE_SHARDS_H
#define CKPTFS_SOURCE_TF_V2_BUNDLE_SHARDS_H

#include "base/diag.h"
#include "base/errint.h"
#include "source/catalog.h"

/* bundle_shards_recount: gives c's shards, and c->file_count, the smaller count of the files that
 * there are, with a warning: if none of the right name is there, the data files beside the index
 * all have one count, all of that count are there, and they are as long as the tensors need. Else
 * it changes nothing, and shard_open has to say what is missing. -ENOMEM. */
MUST_CHECK errint bundle_shards_recount(struct catalog *c, struct diag *d);

#endif
