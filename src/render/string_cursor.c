/* SPDX-License-Identifier: Apache-2.0 */
#include "render/string_cursor.h"

#include "base/lower_bound.h"
#include "tensor/dtype.h"

/* About ten seconds. Cuts along a grid need a few comparisons a row. */
#define COMPARED_MOST (UINT64_C(1) << 32)

errint string_cursor_to(struct string_cursor *cursor, const struct reader *r,
                        const struct target *t, uint64_t element)
{
    cursor->reader = r;
    cursor->form = t->form;
    cursor->next = element;
    cursor->piece = 0;
    cursor->left = 0;
    cursor->compared = 0;
    strings_walk_init(&cursor->walk);
    if (target_sized(t) || shape_elements(t->form->shape, &cursor->elements) < 0 ||
        element > cursor->elements) {
        return -EINVAL;
    }
    for (unsigned axis = t->form->shape.rank; axis-- > 0 && cursor->elements;) {
        uint64_t len = (uint64_t)t->form->shape.dims[axis];
        cursor->index[axis] = (int64_t)(element % len);
        element /= len;
    }
    return 0;
}

static bool piece_covers(const struct string_cursor *cursor, uint32_t number)
{
    const struct piece *p = &cursor->form->pieces[number];
    for (unsigned axis = 0; axis < cursor->form->shape.rank; axis++) {
        if (cursor->index[axis] < p->start[axis] ||
            cursor->index[axis] - p->start[axis] >= p->len[axis]) {
            return false;
        }
    }
    return true;
}

/* The piece that has the element: often the one after the piece before. Else the search goes back
 * from the last that begins no later on the first axis, by which pieces are sorted. */
static errint find_piece(struct string_cursor *cursor)
{
    const struct target_form *f = cursor->form;
    for (uint32_t i = cursor->piece; i < f->piece_count && i < cursor->piece + 2; i++) {
        if (piece_covers(cursor, i)) {
            cursor->piece = i;
            return 0;
        }
    }
    uint32_t after =
        f->shape.rank ? LOWER_BOUND(i, 0, f->piece_count, f->pieces[i].start[0] <= cursor->index[0])
                      : 0;
    while (after-- > 0) {
        if (++cursor->compared > COMPARED_MOST) {
            return -EOVERFLOW;
        }
        if (piece_covers(cursor, after)) {
            cursor->piece = after;
            return 0;
        }
    }
    return -EBADMSG; /* cannot be: pieces tile the target */
}

static errint enter_piece(struct string_cursor *cursor)
{
    errint rc = find_piece(cursor);
    if (rc < 0) {
        return rc;
    }
    const struct piece *p = &cursor->form->pieces[cursor->piece];
    unsigned rank = cursor->form->shape.rank;
    cursor->number = p->off;
    for (unsigned axis = 0; axis < rank; axis++) {
        cursor->number += (uint64_t)((cursor->index[axis] - p->start[axis]) * p->stride[axis]);
    }
    cursor->left = rank ? p->start[rank - 1] + p->len[rank - 1] - cursor->index[rank - 1] : 1;
    return 0;
}

static void step_cursor(struct string_cursor *cursor, const struct piece *p)
{
    const struct shape *shape = &cursor->form->shape;
    cursor->next++;
    cursor->left--;
    if (shape->rank) {
        cursor->number += (uint64_t)p->stride[shape->rank - 1];
    }
    for (unsigned axis = shape->rank; axis-- > 0;) {
        if (++cursor->index[axis] < shape->dims[axis]) {
            break;
        }
        cursor->index[axis] = 0;
    }
}

int string_cursor_next(struct string_cursor *cursor, struct string_element *out)
{
    if (cursor->next >= cursor->elements) {
        return 0;
    }
    errint rc = cursor->left ? 0 : enter_piece(cursor);
    if (rc < 0) {
        return rc;
    }
    const struct piece *p = &cursor->form->pieces[cursor->piece];
    out->shard = &cursor->reader->catalog->shards[p->shard];
    rc = strings_walk_to(&cursor->walk, out->shard->io, cursor->reader->waiter, cursor->number);
    if (rc == 0) {
        rc = strings_walk_next(&cursor->walk, &out->off, &out->len, &out->end);
    }
    if (rc < 0) {
        return rc;
    }
    step_cursor(cursor, p);
    return 1;
}
