/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/pairs.h"

#include <stdlib.h>

#include "base/grow.h"
#include "view/formats/in_place.h"

static bool is_empty(const struct target *t)
{
    uint64_t elements;
    return shape_elements(target_shape(t), &elements) == 0 && elements == 0;
}

/* What the stored checksums say: over the same bytes they are equal, or the bytes differ. */
static enum pair_state by_checksum(const struct view *a, const struct view *b, const struct pair *p)
{
    struct in_place left;
    struct in_place right;
    if (!in_place_of(a->catalog, p->a, &left) || !in_place_of(b->catalog, p->b, &right) ||
        !left.summed || !right.summed) {
        return PAIR_UNREAD;
    }
    return left.bytes == right.bytes && left.crc32c == right.crc32c ? PAIR_SAME_SUM
                                                                    : PAIR_OTHER_SUM;
}

static enum pair_state look(const struct view *a, const struct view *b, const struct pair *p,
                            bool values)
{
    if (!p->a || !p->b) {
        return p->a ? PAIR_ONLY_A : PAIR_ONLY_B;
    }
    if (target_dtype(p->a) != target_dtype(p->b)) {
        return PAIR_DTYPE;
    }
    if (!shape_eq(target_shape(p->a), target_shape(p->b))) {
        return PAIR_SHAPE;
    }
    if (is_empty(p->a)) {
        return PAIR_EQUAL;
    }
    return values ? PAIR_UNREAD : by_checksum(a, b, p);
}

/* Two views that are gone over at once. */
struct merge {
    struct item_cursor at[2];
    struct item next[2];
    bool any[2];
};

static void step(struct merge *m, unsigned side)
{
    m->any[side] = item_next(&m->at[side], &m->next[side]);
}

/* The next pair; false at the end. */
static bool next_pair(struct merge *m, struct pair *out)
{
    if (!m->any[0] && !m->any[1]) {
        return false;
    }
    int order = m->any[0] ? -1 : 1;
    if (m->any[0] && m->any[1]) {
        order = item_order(&m->next[0], &m->next[1]);
    }
    *out = (struct pair){order <= 0 ? m->next[0].target : NULL,
                         order >= 0 ? m->next[1].target : NULL, PAIR_UNREAD};
    if (order <= 0) {
        step(m, 0);
    }
    if (order >= 0) {
        step(m, 1);
    }
    return true;
}

errint pairs_find(const struct view *a, const struct view *b, bool values, struct pairs *out)
{
    struct merge m = {.at = {item_first(a), item_first(b)}};
    size_t cap = 0;
    *out = (struct pairs){0};
    step(&m, 0);
    step(&m, 1);
    for (struct pair p; next_pair(&m, &p);) {
        if (!grow(&out->pairs, &cap, out->count, sizeof(*out->pairs))) {
            return -ENOMEM;
        }
        p.state = (uint8_t)look(a, b, &p, values);
        out->pairs[out->count++] = p;
    }
    return 0;
}

void pairs_fini(struct pairs *p)
{
    free(p->pairs);
    *p = (struct pairs){0};
}
