/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes: a rank and that many dimensions, in elements, outermost first. A scalar has rank 0. */
#ifndef CKPTFS_TENSOR_SHAPE_H
#define CKPTFS_TENSOR_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errint.h"

enum {
    SHAPE_RANK_MOST =
        254, /* TensorShape::MaxDimensions, tensorflow/core/framework/tensor_shape.h */
    SHAPE_RANK_UNKNOWN = 255, /* only in declarations: any shape */
    SHAPE_DIM_UNKNOWN = -1,   /* only in declarations: any length */
};

struct shape {
    const int64_t *dims; /* borrows; not read for rank 0 or SHAPE_RANK_UNKNOWN */
    uint8_t rank;
};

/* shape_elements: the product of the dimensions, taken from the left as TensorFlow does: -EOVERFLOW
 * when a partial product exceeds int64 or a dimension is negative ([2^40, 2^40, 0] is invalid, [0,
 * 2^40, 2^40] is 0). */
MUST_CHECK errint shape_elements(struct shape s, uint64_t *elements);

/* shape_bytes: elements * bytes an element; -EOVERFLOW when it exceeds int64. */
MUST_CHECK errint shape_bytes(struct shape s, unsigned dtype, uint64_t *bytes);

bool shape_eq(struct shape a, struct shape b);

/* shape_compatible: equal, where an unknown rank or dimension on either side matches anything. */
bool shape_compatible(struct shape a, struct shape b);

/* shape_print: "[100, 64]", "[]" for a scalar, "?" for an unknown dimension, "[...]" for an unknown
 * rank. */
void shape_print(struct buf *b, struct shape s);

/* The text of shape_print in a buffer for messages; cut with "..." when it does not fit. */
struct shape_text {
    char text[256];
};
struct shape_text shape_text(struct shape s);

#endif
