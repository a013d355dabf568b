/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/value_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

struct value_build value_build(struct arena *a, struct shape shape, enum dtype dtype)
{
    return (struct value_build){.arena = a, .shape = shape, .dtype = dtype};
}

void value_build_fini(struct value_build *b)
{
    free(b->pieces);
    b->pieces = NULL;
}

void value_build_share(struct value_build *b, const struct piece *p)
{
    b->reach += value_piece_reach(p);
    if (b->rc == 0 && b->reach > VALUE_PIECES_MOST) {
        b->rc = -E2BIG;
    }
    if (b->rc == 0 && !grow(&b->pieces, &b->cap, b->count, sizeof(*b->pieces))) {
        b->rc = -ENOMEM;
    }
    if (b->rc == 0) {
        b->pieces[b->count++] = *p;
    }
}

/* Lists of its own for the axes. */
static void add_lists(struct value_build *b, const struct piece *from, struct value_box *box)
{
    box->offsets = ARENA_ARRAY(b->arena, const int64_t *, (size_t)b->shape.rank + 1);
    box->more = ARENA_NEW(b->arena, struct piece_more);
    if (!box->offsets || !box->more) {
        b->rc = -ENOMEM;
        return;
    }
    if (from->more) {
        *box->more = *from->more;
    }
    box->more->offsets = box->offsets;
    box->piece->more = box->more;
}

static bool add(struct value_build *b, const struct piece *from, bool listed, struct value_box *out)
{
    size_t rank = b->shape.rank;
    int64_t *numbers = ARENA_ARRAY(b->arena, int64_t, 3 * rank + 1);
    value_build_share(b, from);
    if (b->rc == 0 && !numbers) {
        b->rc = -ENOMEM;
    }
    if (b->rc < 0) {
        return false;
    }
    *out = (struct value_box){.piece = &b->pieces[b->count - 1],
                              .start = numbers,
                              .len = numbers + rank,
                              .stride = numbers + 2 * rank};
    out->piece->start = out->start;
    out->piece->len = out->len;
    out->piece->stride = out->stride;
    if (listed) {
        add_lists(b, from, out);
    }
    return b->rc == 0;
}

bool value_build_add(struct value_build *b, const struct piece *from, struct value_box *out)
{
    return add(b, from, from->more && from->more->offsets, out);
}

bool value_build_add_listed(struct value_build *b, const struct piece *from, struct value_box *out)
{
    return add(b, from, true, out);
}

void value_box_copy(struct value_box *box, const struct piece *p, unsigned rank)
{
    for (unsigned axis = 0; axis < rank; axis++) {
        box->start[axis] = p->start[axis];
        box->len[axis] = p->len[axis];
        box->stride[axis] = p->stride[axis];
        if (box->offsets && p->more && p->more->offsets) {
            box->offsets[axis] = p->more->offsets[axis];
        }
    }
}

void value_box_repeat(struct value_box *box, unsigned axis, int64_t count)
{
    box->start[axis] = 0;
    box->len[axis] = count;
    box->stride[axis] = 0;
    if (box->offsets && box->offsets[axis] && box->offsets[axis][0] != PIECE_NOTHING) {
        box->piece->off += (uint64_t)box->offsets[axis][0];
        box->offsets[axis] = NULL;
    } else if (box->offsets && box->offsets[axis]) {
        box->offsets[axis] = NULL;
        box->more->filled = true;
    }
}

errint value_built(struct value_build *b, struct value *out)
{
    unsigned rank = b->shape.rank;
    *out = (struct value){.shape = b->shape, .dtype = b->dtype, .count = (uint32_t)b->count};
    if (b->rc < 0 || b->count == 0) {
        return b->rc;
    }
    struct piece *pieces = ARENA_ARRAY(b->arena, struct piece, b->count);
    if (!pieces) {
        return -ENOMEM;
    }
    memcpy(pieces, b->pieces, b->count * sizeof(*pieces));
    if (b->count > 1) {
        qsort_r(pieces, b->count, sizeof(*pieces), piece_order, &rank);
    }
    out->pieces = pieces;
    unsigned bytes = dtype_bytes(b->dtype);
    return bytes ? piece_ends(pieces, out->count, b->shape, bytes, b->arena, &out->ends) : 0;
}
