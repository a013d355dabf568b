/* SPDX-License-Identifier: Apache-2.0 */
/* The protobuf records of a V2 index, decoded with protobuf-c into plain structs; no generated type
 * leaves this module. Schemas: proto/tensor_bundle.proto (after
 * tensorflow/core/protobuf/tensor_bundle.proto). */
#ifndef CKPTFS_SOURCE_TF_V2_BUNDLE_PB_H
#define CKPTFS_SOURCE_TF_V2_BUNDLE_PB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/errint.h"
#include "base/str.h"

enum { BUNDLE_VERSION = 1 }; /* what we read: kTensorBundleVersion */

struct bundle_header {
    int64_t num_shards;
    bool big_endian;
    int64_t min_consumer; /* VersionDef: readers below this version must refuse */
    bool disallows_us;    /* bad_consumers lists version 1, which we are */
};

struct bundle_entry {
    int64_t dtype; /* as stored, not checked */
    int64_t shard_id;
    int64_t offset;  /* bytes */
    int64_t size;    /* bytes */
    uint32_t crc32c; /* masked */
    uint32_t rank;
    int64_t *dims; /* in the scratch arena, as stored, not checked; only the first SHAPE_RANK_MOST
                      of more */
    uint32_t slice_count; /* more than 0 for a partitioned tensor; what is in the slices is not
                             looked at */
};

/* bundle_header_decode: -EBADMSG if it is no message, -ENOMEM, or -EOVERFLOW where decoding it
 * would cost too much: over 4 KiB or 64 fields without shape and slices, or over 1 Mi slices.
 * `scratch` holds what protobuf-c allocates (under 1 MiB for a hostile record); the caller resets
 * it between records. */
MUST_CHECK errint bundle_header_decode(struct str record, struct arena *scratch,
                                       struct bundle_header *out);

/* bundle_entry_decode: as bundle_header_decode. out->dims lives in `scratch`. */
MUST_CHECK errint bundle_entry_decode(struct str record, struct arena *scratch,
                                      struct bundle_entry *out);

/* bundle_entry_slices: the slices that an owner's record lists, in its order: start and length on
 * each of `rank` axes, slice after slice, -1 for a length that is not given; `entry->slice_count`
 * of them, allocated in `a`. -EBADMSG for a slice that is no message, and when one has another
 * rank: *axes is what it has, else `rank`. -EOVERFLOW for more than 4 Mi numbers. */
MUST_CHECK errint bundle_entry_slices(struct str record, const struct bundle_entry *entry,
                                      struct arena *a, int64_t **start, int64_t **len,
                                      unsigned *axes);

/* bundle_entry_add_slices: adds the slices that an owner's record lists to another record, at its
 * end. */
void bundle_entry_add_slices(struct str record, struct buf *to);

#endif
