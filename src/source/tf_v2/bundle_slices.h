/* SPDX-License-Identifier: Apache-2.0 */
/* The slice records of a bundle, which come before the tensors that they are parts of, and how an
 * owner finds its own: by the key made of its name and of each slice that it lists
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, BundleReader::GetSliceValue). Private to
 * bundle.c. */
#ifndef CKPTFS_SOURCE_TF_V2_BUNDLE_SLICES_H
#define CKPTFS_SOURCE_TF_V2_BUNDLE_SLICES_H

#include "source/catalog.h"
#include "source/catalog_build.h"
#include "source/tf_v2/bundle_pb.h"

struct slice_record;

struct bundle_slices {
    struct arena arena;           /* owns keys and shapes, until the index is read */
    struct slice_record *records; /* owns; sorted by key, as they come */
    uint32_t count;
    size_t cap;
};

void bundle_slices_init(struct bundle_slices *s);
void bundle_slices_fini(struct bundle_slices *s);

/* bundle_slices_add: notes the record of a slice; `e` was checked like a tensor's. Keys come in
 * order. -ENOMEM. */
MUST_CHECK errint bundle_slices_add(struct bundle_slices *s, struct str key,
                                    const struct bundle_entry *e);

/* bundle_slices_assemble: the slices of the tensor `name`, whose record lists `e->slice_count`,
 * into *out, allocated in the catalog's arena; shards are noted in `b`, and stored_slice.shard is
 * the shard's number until catalog_build_finish. A slice without a record, or tensors that their
 * slices do not tile, are a fault in *out; what contradicts the format (a rank, a dtype, a size, a
 * place outside the shape) is -EBADMSG, and out->what says in words what. -ENOMEM, -EOVERFLOW. */
MUST_CHECK errint bundle_slices_assemble(const struct bundle_slices *s, struct str name,
                                         struct str record, const struct bundle_entry *e,
                                         struct catalog_build *b, struct slices *out);

/* bundle_slices_wrong: what to say of a slice that bundle_entry_slices refuses: `axes` as from
 * there, `rank` of the tensor; in `a`. */
const char *bundle_slices_wrong(struct arena *a, unsigned axes, unsigned rank);

#endif
