/* SPDX-License-Identifier: Apache-2.0 */
/* A value in the making: its pieces, added in any order. Private to value*.c. */
#ifndef CKPTFS_PLAN_VALUE_BUILD_H
#define CKPTFS_PLAN_VALUE_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/value.h"

struct value_build {
    struct arena *arena;
    struct shape shape;
    enum dtype dtype;
    struct piece *pieces; /* owns (malloc) */
    size_t count;
    size_t cap;
    uint64_t reach; /* of all pieces (value_piece_reach) */
    errint rc;      /* the first failure */
};

/* The arrays of a piece that was added, all 0 at first. */
struct value_box {
    struct piece *piece; /* until the next one is added */
    int64_t *start;
    int64_t *len;
    int64_t *stride;
    const int64_t **offsets; /* NULL where no axis of the piece is a list */
    struct piece_more *more; /* its own; NULL where it shares that of what it was made from */
};

/* value_build: an empty one, of a value of that shape, whose dims it borrows, and dtype. */
struct value_build value_build(struct arena *a, struct shape shape, enum dtype dtype);
void value_build_fini(struct value_build *b);
#define CLEANUP_VALUE_BUILD __attribute__((cleanup(value_build_fini)))

/* value_build_share: adds the piece as it is. Failures are kept in b->rc, as those of the functions
 * below. */
void value_build_share(struct value_build *b, const struct piece *p);

/* value_build_add: adds a piece that is read from what `from` is read from, in a box that is the
 * caller's to fill. value_build_add_listed: its axes may be lists, too. False: it has failed. */
bool value_build_add(struct value_build *b, const struct piece *from, struct value_box *out);
bool value_build_add_listed(struct value_build *b, const struct piece *from, struct value_box *out);

/* value_box_copy: the box of p, of that rank. */
void value_box_copy(struct value_box *box, const struct piece *p, unsigned rank);

/* value_box_repeat: the only index of the axis is repeated `count` times. */
void value_box_repeat(struct value_box *box, unsigned axis, int64_t count);

/* value_built: the value, with its pieces sorted. */
MUST_CHECK errint value_built(struct value_build *b, struct value *out);

/* value_read_computed: what is read from `computed`, whose inputs, shape and dtype are set; all
 * else of it is set here. -ENOMEM, -EOVERFLOW; -ELOOP: it would be deeper than
 * COMPUTED_DEPTH_MOST. */
MUST_CHECK errint value_read_computed(struct computed *computed, struct arena *a,
                                      struct value *out);

/* value_new_dims: room for the dims of a shape of that rank, in `a`; NULL: no memory. */
static inline int64_t *value_new_dims(struct arena *a, unsigned rank)
{
    return ARENA_ARRAY(a, int64_t, (size_t)rank + 1);
}

#endif
