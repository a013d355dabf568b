/* SPDX-License-Identifier: Apache-2.0 */
/* A slice key (slice_key.h) taken apart: needed where records are met before the list that they
 * belong to is looked at. */
#ifndef CKPTFS_SOURCE_TF_SLICE_DECODE_H
#define CKPTFS_SOURCE_TF_SLICE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "tensor/shape.h"

struct slice_decoded {
    unsigned rank;
    int64_t start[SHAPE_RANK_MOST];
    int64_t len[SHAPE_RANK_MOST]; /* -1: the axis was not cut */
};

/* slice_decode: the name goes into *name, whose old content is dropped. False if `key` is no such
 * key, has more than SHAPE_RANK_MOST axes, or (name->failed) memory was short. */
bool slice_decode(struct str key, struct buf *name, struct slice_decoded *out);

#endif
