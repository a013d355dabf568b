/* SPDX-License-Identifier: Apache-2.0 */
/* What an operation of a rule takes and gives: a tensor of which it is known where each element
 * comes from.
 *
 * The functions make a new value of another one. Pieces that stay as they are are shared; all else
 * is allocated in `a`. Shapes and axes are those that the operations have checked. Each returns 0,
 * -ENOMEM, or -E2BIG: the value would have more than VALUE_PIECES_MOST pieces, those behind
 * computed tensors included. */
#ifndef CKPTFS_PLAN_VALUE_H
#define CKPTFS_PLAN_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "plan/computed.h"
#include "plan/piece.h"
#include "source/catalog.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

enum { VALUE_PIECES_MOST = 1 << 20 };

struct explained;

struct value {
    struct shape shape; /* its dims have the life of the arena */
    enum dtype dtype;   /* of its elements: those of a piece of another dtype are cast to it */
    const struct piece
        *pieces; /* disjoint boxes that tile it, sorted by start; none where it has no
                                   elements */
    uint32_t count;
    const uint64_t *ends;              /* of many pieces (piece_ends), else NULL; not of strings */
    const struct explained *explained; /* NULL: nobody asks; the functions below set none */
};

/* value_of_tensor: all of tensor t. */
MUST_CHECK errint value_of_tensor(const struct catalog *c, const struct tensor *t, struct arena *a,
                                  struct value *out);

/* value_filled: a value of that shape and dtype, all of whose elements are the bytes at
 * `element`. */
MUST_CHECK errint value_filled(struct shape shape, enum dtype dtype, const void *element,
                               struct arena *a, struct value *out);

/* value_piece_reach: how many pieces a read of p leads to: 1, or those of the computed tensor that
 * it is of. What several read is counted for each, since each reads it. */
static inline uint32_t value_piece_reach(const struct piece *p)
{
    return p->more && p->more->computed ? p->more->computed->reach : 1;
}

/* value_depth: the largest depth of what its pieces are read from; 0: from files alone. */
unsigned value_depth(const struct value *v);

/* value_permute: axis k of the result is axis axes[k] of v. */
MUST_CHECK errint value_permute(const struct value *v, const uint8_t *axes, struct arena *a,
                                struct value *out);

/* Along one axis, the indices start, start + step, ... : `count` of them, all within it. */
struct value_range {
    int64_t start;
    int64_t count;
    int64_t step; /* not 0 */
};

/* value_slice: on each axis the indices of ranges[axis]. */
MUST_CHECK errint value_slice(const struct value *v, const struct value_range *ranges,
                              struct arena *a, struct value *out);

/* value_slice_axis: the same of one axis; all of the others. */
MUST_CHECK errint value_slice_axis(const struct value *v, unsigned axis, struct value_range range,
                                   struct arena *a, struct value *out);

/* value_take: on `axis` the indices taken[0 .. count), in that order; VALUE_NOTHING stands for one
 * whose elements are the bytes at `fill`. */
enum { VALUE_NOTHING = -1 };
MUST_CHECK errint value_take(const struct value *v, unsigned axis, const int64_t *taken,
                             int64_t count, const void *fill, struct arena *a, struct value *out);

/* value_join: the values one after the other on `axis`; their other dimensions are equal. */
MUST_CHECK errint value_join(const struct value *values, uint32_t count, unsigned axis,
                             struct arena *a, struct value *out);

/* value_broadcast: to `shape`, which has at least the rank of v: an axis of length 1, or one before
 * v's first, is repeated. */
MUST_CHECK errint value_broadcast(const struct value *v, struct shape shape, struct arena *a,
                                  struct value *out);

/* value_cast: its elements as those of another type, which its pieces are cast to as they are read;
 * none of them may be cast already. */
MUST_CHECK errint value_cast(const struct value *v, enum dtype dtype, enum cast_mode mode,
                             struct arena *a, struct value *out);

/* value_is_cast: whether some of its pieces are cast to its dtype. */
bool value_is_cast(const struct value *v);

/* value_reshape: to `shape`, of as many elements, which stay in their order: pieces are cut where
 * that is possible, else the result is read from a computed tensor. Also -ELOOP: that would be
 * too deep. */
MUST_CHECK errint value_reshape(const struct value *v, struct shape shape, struct arena *a,
                                struct value *out);

/* value_recompute: v, read from a computed tensor as what has `shape`, of as many elements; their
 * order is that of v. value_compute: what the arithmetic makes of `inputs`, all of one shape and
 * dtype. Both copy their inputs. Also -ELOOP: it would be deeper than COMPUTED_DEPTH_MOST. */
MUST_CHECK errint value_recompute(const struct value *v, struct shape shape, struct arena *a,
                                  struct value *out);
MUST_CHECK errint value_compute(enum arithmetic arithmetic, const struct number *number,
                                const struct value *inputs, uint32_t count, struct arena *a,
                                struct value *out);

/* value_mean_row: the mean of v over `axis`, which stays with length 1. It is kept once it was
 * computed; *kept, 0 at first, is how many bytes all that are kept have. Also -ELOOP, and -EFBIG:
 * that would be more than VALUE_ROWS_MOST. */
enum { VALUE_ROWS_MOST = 16 << 20 };
MUST_CHECK errint value_mean_row(const struct value *v, unsigned axis, struct arena *a,
                                 uint64_t *kept, struct value *out);

/* value_is_dense: whether v is read from one dense run of bytes, in order. */
bool value_is_dense(const struct value *v);

#endif
