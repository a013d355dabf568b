/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata record of a V1 file (tensorflow/core/util/saved_tensor_slice.proto), walked on the
 * wire: it may have tens of MB.
 *
 *   SavedTensorSlices    { meta = 1: SavedTensorSliceMeta }
 *   SavedTensorSliceMeta { tensor = 1: SavedSliceMeta, repeated; versions = 2: VersionDef }
 *   SavedSliceMeta       { name = 1; shape = 2: TensorShapeProto; type = 3; slice = 4:
 *                        TensorSliceProto, repeated }
 *   TensorShapeProto     { dim = 2: { size = 1 }, repeated }
 *   TensorSliceProto     { extent = 1: { start = 1; length = 2 }, repeated }       no length: the
 *                                                                                  whole axis
 *   VersionDef           { min_consumer = 2; bad_consumers = 3, repeated }
 *
 * Files of 2015 and early 2016 have no versions. */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_META_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_META_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "codec/wire.h"

enum { TF_V1_VERSION = 1 }; /* what we read: TF_CHECKPOINT_VERSION */
enum { TF_V1_META_MOST = 64 << 20, TF_V1_NAME_MOST = 64 << 10 };

struct tf_v1_slice {
    int64_t *start; /* as stored, not checked */
    int64_t *len;   /* -1: the whole axis */
    uint32_t rank;
    bool found; /* its values were */
    uint32_t shard;
    uint64_t off; /* of its first byte in the shard */
};

struct tf_v1_tensor {
    struct str name;
    int64_t *dims; /* as stored, not checked */
    uint32_t rank; /* of more than SHAPE_RANK_MOST only so many are kept */
    int64_t dtype; /* as stored, not checked */
    struct tf_v1_slice *slices;
    uint32_t slice_count;
};

struct tf_v1_meta {
    struct tf_v1_tensor *tensors;
    uint32_t count;
    int64_t min_consumer; /* readers below this version must refuse */
    bool disallows_us;
};

/* tf_v1_meta_read: `record` of w; all is allocated in `a`, about ten times the record's bytes at
 * most. -EBADMSG, -EOVERFLOW, -EIO with w->wrong and w->wrong_at; -ENOMEM. A record without meta is
 * -EBADMSG. */
MUST_CHECK errint tf_v1_meta_read(struct wire *w, struct wire_window record, struct arena *a,
                                  struct tf_v1_meta *out);

#endif
