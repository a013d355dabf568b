/* SPDX-License-Identifier: Apache-2.0 */
/* The one normal form of a target's bytes.
 *
 * A target tensor is a set of disjoint boxes that tile its index space. Each box, a piece, says
 * where its elements come from: a source location, one byte stride per axis, and a source dtype.
 * Slices and partitions are such; transposing, concatenating, casting, broadcasting and gathering
 * are other rewrites of pieces, and are read by the same loop. What is far apart in the source
 * costs more to read.
 *
 *   target [4, 6], one piece per source           element (r, c) of piece P is read at
 *   +---------+---------+                         P.off + (r - P.start[0]) * P.stride[0]
 *   | P       | Q       |                               + (c - P.start[1]) * P.stride[1]
 *   | 4 x 2   | 4 x 4   |
 *   +---------+---------+
 *
 * Strings have no fixed size: their offsets and strides are numbers of elements, in a shard that
 * counts so too (source/tf/strings.h). */
#ifndef CKPTFS_PLAN_PIECE_H
#define CKPTFS_PLAN_PIECE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "source/catalog.h"
#include "tensor/shape.h"

#define PIECE_NOTHING INT64_MIN /* among `offsets`: an index that nothing is read for */

struct computed;

/* What few pieces have. */
struct piece_more {
    const struct computed *computed; /* the bytes are made (computed.h), and `shard` is of no
                                        meaning; NULL */
    const int64_t *const *offsets;   /* an array for each axis, or NULL for one with a stride: where
                                        in the source each index of the box is, in bytes from `off`;
                                        NULL: all axes have strides */
    bool filled;                     /* nothing is read: each element is `fill` */
    uint8_t fill[16];                /* an element of the piece's dtype: of `filled`, and for
                                        PIECE_NOTHING */
};

struct piece {
    const int64_t *start; /* rank numbers: the box's first index on each axis of the target */
    const int64_t *len;   /* rank numbers: how many indices on each axis, each > 0 */
    const int64_t
        *stride; /* rank numbers: bytes in the source per step on each axis; may be 0 or negative */
    uint64_t off;      /* byte in the shard of the box's first element */
    uint32_t shard;    /* index into catalog.shards */
    uint8_t dtype;     /* of the source's elements; where the target's is another, they are cast */
    uint8_t cast_mode; /* enum cast_mode */
    const struct tensor *source;      /* what it is read from, all or a part; NULL: of no tensor */
    const struct stored_slice *slice; /* of `source`, if that is stored in slices; else NULL */
    const struct piece_more *more;    /* NULL: nothing */
};

/* piece_slice: the piece for the box [start, start+len) of tensor t, shown as a target of shape
 * `len`. All within t's shape; no zero length. Arrays allocated in `a`. */
MUST_CHECK errint piece_slice(const struct tensor *t, const int64_t *start, const int64_t *len,
                              struct arena *a, struct piece *out);

/* piece_touches: whether the stored slice has an element in the box [start, start+len) of its
 * tensor, whose rank is `rank`.
 *
 * piece_of_slice: the piece that the box [start, start+len) of tensor t, shown as a target of shape
 * `len`, takes from one of t's stored slices, which it touches. Arrays allocated in `a`. */
bool piece_touches(const struct stored_slice *s, unsigned rank, const int64_t *start,
                   const int64_t *len);
MUST_CHECK errint piece_of_slice(const struct tensor *t, const struct stored_slice *s,
                                 const int64_t *start, const int64_t *len, struct arena *a,
                                 struct piece *out);

/* piece_dense_axis: not of strings: the first axis k such that, from k on, the box is one
 * contiguous run of bytes in the source AND in a target of shape `target`: rows are then enumerated
 * by the axes before k. 0 means that the whole piece is one run. *run_bytes is the length of a run
 * in the source. */
unsigned piece_dense_axis(const struct piece *p, struct shape target, uint64_t *run_bytes);

/* piece_end: the offset behind the last byte of the piece in a target of that shape, whose elements
 * have `bytes` bytes. */
uint64_t piece_end(const struct piece *p, struct shape shape, unsigned bytes);

/* piece_ends: where in a target the pieces end, so that the first one of a range is found by
 * search: of each of the `count` pieces, which are sorted by start, the offset in bytes behind the
 * last byte of it and of those before it. `shape` and `bytes` are those of the target and of one of
 * its elements. *out is allocated in `a`; NULL where there are less than PIECE_SEARCHED, which are
 * gone over as fast. Returns 0 or -ENOMEM. */
enum { PIECE_SEARCHED = 16 };
MUST_CHECK errint piece_ends(const struct piece *pieces, uint32_t count, struct shape shape,
                             unsigned bytes, struct arena *a, const uint64_t **out);

/* piece_first: the number of the first piece that ends after offset `off` of the target, or
 * `count`, by the `ends` of piece_ends; 0 where that is NULL. */
uint32_t piece_first(const uint64_t *ends, uint32_t count, uint64_t off);

/* piece_order: for qsort_r, with the address of the rank (unsigned): pieces by where they start in
 * the target. */
int piece_order(const void *a, const void *b, void *rank);

#endif
