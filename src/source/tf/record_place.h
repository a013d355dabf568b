/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over one repeated field of the TensorProto in a record of a V1 file
 * (tensorflow/core/util/saved_tensor_slice.proto):
 *
 *   record   SavedTensorSlices { data = 2 }, SavedSlice { data = 3 }, TensorProto { float_val = 5,
 *            ... string_val = 8, ... }
 *
 * Messages may come in several pieces, as protobuf allows: their fields then follow each other. */
#ifndef CKPTFS_SOURCE_TF_RECORD_PLACE_H
#define CKPTFS_SOURCE_TF_RECORD_PLACE_H

#include "codec/wire.h"

/* A place in the record: a chunk is what a field holds, and the windows are what follows it. */
struct record_place {
    struct wire_window chunk;
    struct wire_window tensor;
    struct wire_window slice;
    struct wire_window record;
};

/* record_place_of: before the first field of a record. */
static inline struct record_place record_place_of(struct wire_window record)
{
    return (struct record_place){.record = record};
}

/* record_place_next: the next field `field` of the tensor, of wire type `single` or of bytes: 1 and
 * its content in p->chunk, empty or not; 0 after the last; negative as wire_next. A field of the
 * number but of another wire type is passed over, as protobuf does. */
MUST_CHECK int record_place_next(struct wire *w, struct record_place *p, uint32_t field,
                                 enum wire_type single);

#endif
