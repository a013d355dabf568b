/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor whose bytes are in no file: they are made, whenever they are read, from those of values
 * (value.h). It is what an operation gives that is no rewriting of pieces: arithmetic, or a reshape
 * of what lies in another order. What follows reads it like a stored tensor.
 *
 * Its own depth is one more than the largest of what it is made from, so that the buffers that a
 * read needs are known before: COMPUTED_DEPTH_MOST of each kind. */
#ifndef CKPTFS_PLAN_COMPUTED_H
#define CKPTFS_PLAN_COMPUTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/once.h"
#include "tensor/arithmetic.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

enum { COMPUTED_DEPTH_MOST = 16 };

struct value;

/* What arithmetic over rows gives, once it was found. */
struct computed_rows {
    struct once once;
    atomic_uint doubt; /* the newest of any io (io.h) when it was found */
    bool known;        /* it was found before; only who fills looks at it */
    char *bytes;       /* of the row, in the plan's arena */
};

struct computed {
    bool is_arithmetic; /* else the elements of its one input, in their order */
    bool over_rows;     /* the arithmetic is over the rows of its one input, index by index of its
                           first axis, and `shape` is that of a row; it is made once and kept */
    enum arithmetic arithmetic;
    uint8_t depth;  /* from 1 */
    bool noted;     /* while the plan is made: what it is read from is marked as used */
    uint32_t reach; /* pieces that it is read from, those behind computed inputs included: at most
                       VALUE_PIECES_MOST */
    enum dtype dtype;
    struct shape shape; /* as it is read; of as many elements as each input has, or each row */
    const struct value *inputs; /* all of one shape and of this dtype */
    uint32_t input_count;
    struct number number;
    uint64_t bytes;
    struct computed_rows *rows; /* of over_rows, else NULL: what was found, which is not const */
};

#endif
