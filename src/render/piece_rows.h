/* SPDX-License-Identifier: Apache-2.0 */
/* A piece seen from its value: a list of rows, runs of bytes that are contiguous on both sides,
 * enumerated by the axes before the piece's dense axis, at rising offsets in the value. One row is
 * at hand. */
#ifndef CKPTFS_RENDER_PIECE_ROWS_H
#define CKPTFS_RENDER_PIECE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"
#include "plan/piece.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

struct piece_rows {
    const struct piece *piece;
    unsigned axes;         /* those that enumerate rows: 0 .. axes-1 */
    enum dtype dtype;      /* of the target; the piece's own, unless it is cast */
    unsigned bytes;        /* of the target's elements */
    unsigned source_bytes; /* of the source's */
    uint64_t run;          /* bytes of a row in the target */
    uint64_t source_run;   /* and in the source */
    uint64_t target;       /* offset of the row at hand in the target */
    uint64_t source;       /* and in the shard */
    uint64_t first;        /* offset of the first row in the target */
    unsigned nothing; /* listed axes on which nothing is read for the row: it has the fill then */
    int64_t index[SHAPE_RANK_MOST];  /* of the row, within the box */
    uint64_t pitch[SHAPE_RANK_MOST]; /* bytes in the target per step on each axis */
};

/* piece_rows_offsets: where in the source each index of the axis is; NULL: a stride apart. */
const int64_t *piece_rows_offsets(const struct piece *p, unsigned axis);

/* piece_rows_first: begins with the first row of `p` that ends after byte `off` of the value of
 * that shape and dtype; false if there is none. */
bool piece_rows_first(struct piece_rows *r, const struct piece *p, struct shape shape,
                      enum dtype dtype, uint64_t off);

/* piece_rows_move: so many steps on that axis, which stay within the box. The source offset moves
 * by signed strides, or as its list says; the plan has made sure that every row lies within the
 * source. piece_rows_next: the next row; false after the last, and then the first is at hand. */
void piece_rows_move(struct piece_rows *r, unsigned axis, int64_t steps);
bool piece_rows_next(struct piece_rows *r);

/* piece_rows_deliver: bytes [from, to) of the value to `out`. `source` has the elements from byte
 * `row` of the value on. The bytes need not begin or end with an element, but a cast makes
 * elements: -ERANGE where one does not fit. */
MUST_CHECK errint piece_rows_deliver(const struct piece_rows *r, uint64_t row, uint64_t from,
                                     uint64_t to, const char *source, char *out);

/* piece_rows_fill: bytes [from, to) of a row that nothing is read for to `out`: the piece's element
 * over and over. */
MUST_CHECK errint piece_rows_fill(const struct piece_rows *r, uint64_t from, uint64_t to,
                                  char *out);

#endif
