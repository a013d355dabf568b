/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a V2 index, as TensorFlow's BundleWriter writes them
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.cc): the fields in the order of their numbers,
 * zeros left out, but for the checksum, which is always there: so the length of a record does not
 * depend on it. */
#ifndef CKPTFS_SOURCE_TF_V2_BUNDLE_ENCODE_H
#define CKPTFS_SOURCE_TF_V2_BUNDLE_ENCODE_H

#include <stdint.h>

#include "base/buf.h"
#include "tensor/shape.h"

/* bundle_encode_header: adds the header of a little-endian bundle whose files are named for
 * `num_shards` shards. */
void bundle_encode_header(struct buf *b, uint32_t num_shards);

/* Where a tensor, or a slice of one, lies in the data files. */
struct bundle_place {
    uint32_t shard;
    uint64_t off;    /* bytes */
    uint64_t bytes;  /* as stored */
    uint32_t crc32c; /* masked */
};

/* bundle_encode_entry: adds the record of a tensor, or of a slice, that is stored as a whole. Its
 * last 4 bytes are the checksum, little-endian. */
void bundle_encode_entry(struct buf *b, unsigned dtype, struct shape shape,
                         const struct bundle_place *place);

/* bundle_encode_owner: adds the record of a tensor that is stored in slices, without any of them;
 * bundle_encode_extent adds the slices then, one by one, in any order: start[i] and len[i] for each
 * of the rank axes. */
void bundle_encode_owner(struct buf *b, unsigned dtype, struct shape shape);
void bundle_encode_extent(struct buf *b, const int64_t *start, const int64_t *len, unsigned rank);

#endif
