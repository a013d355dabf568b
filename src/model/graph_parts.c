/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a partitioned variable, as the collection lists them, put together. */
#include <inttypes.h>
#include <stdio.h>

#include "map/message.h"
#include "map/split.h"
#include "model/graph_reading.h"

/* The text "[34, 64] at [0, 0]". */
struct box_text {
    char text[600];
};

static struct box_text box_text(uint32_t rank, const int64_t *offset, const int64_t *shape)
{
    struct box_text out;
    snprintf(out.text, sizeof(out.text), "%s at %s",
             shape_text((struct shape){shape, (uint8_t)rank}).text,
             shape_text((struct shape){offset, (uint8_t)rank}).text);
    return out;
}

/* Whether part `number` of `parts` along `axis` is where TensorFlow's even split has it. */
static bool fits_split(const struct graph_member *m, unsigned axis, int64_t parts)
{
    const int64_t *full = m->dims;
    const int64_t *offset = full + m->rank;
    const int64_t *shape = offset + m->rank;
    for (unsigned i = 0; i < m->rank; i++) {
        int64_t start = 0;
        int64_t len = full[i];
        if (i == axis) {
            split_part(full[i], parts, m->part, &start, &len);
        }
        if (offset[i] != start || shape[i] != len) {
            return false;
        }
    }
    return true;
}

/* Checks of one part against the first, whose type is *t. */
static errint check_part(struct graph_reading *g, const struct graph_member *m,
                         const struct graph_member *first, const struct graph_type *t,
                         unsigned axis, int64_t parts)
{
    struct graph_type own;
    errint rc = graph_member_type(g, m, &own);
    if (rc < 0) {
        return rc;
    }
    const struct shape shape = {m->dims + 2 * (size_t)m->rank, (uint8_t)m->rank};
    if (!shape_compatible(own.shape, shape)) {
        return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, m->name,
                          "the node of '%s' has shape %s, its slice info %s",
                          message_shown(g->diag, m->name), shape_text(own.shape).text,
                          shape_text(shape).text);
    }
    if (own.dtype != t->dtype || m->rank != first->rank ||
        !graph_same_dims(m->dims, first->dims, m->rank)) {
        return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, m->name,
                          "'%s' is a part of %s %s, part 0 one of %s %s",
                          message_shown(g->diag, m->name), dtype_name(own.dtype),
                          shape_text((struct shape){m->dims, (uint8_t)m->rank}).text,
                          dtype_name(t->dtype), shape_text(t->shape).text);
    }
    if (!fits_split(m, axis, parts)) {
        return diag_error(
            g->diag, DIAG_UNSUPPORTED, g->path, m->name,
            "'%s' is %s, which is not part %" PRId64 " of %" PRId64 " of %s in an even split",
            message_shown(g->diag, m->name), box_text(m->rank, m->dims + m->rank, shape.dims).text,
            m->part, parts, shape_text(t->shape).text);
    }
    return 0;
}

/* The axis that part 0 does not fill; 0 if it is the whole. */
static unsigned cut_axis(const struct graph_member *first)
{
    const int64_t *shape = first->dims + 2 * (size_t)first->rank;
    for (unsigned i = 0; i < first->rank; i++) {
        if (shape[i] != first->dims[i]) {
            return i;
        }
    }
    return 0;
}

/* How many parts [first, end) are, from part_0 on without a gap; one that is listed twice, alike,
 * counts once. */
static errint count_parts(struct graph_reading *g, const struct graph_member *first,
                          const struct graph_member *end, int64_t *count)
{
    struct str name = graph_member_key(first);
    int64_t parts = 0;
    for (const struct graph_member *m = first; m < end; m++) {
        if (m > first && m->part == m[-1].part) {
            if (m->rank != m[-1].rank || !graph_same_dims(m->dims, m[-1].dims, 3 * m->rank)) {
                return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, m->name,
                                  "'%s' is listed twice with different slice info",
                                  message_shown(g->diag, m->name));
            }
            continue;
        }
        if (m->part != parts) {
            return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, name,
                              "part %" PRId64 " of '%s' is missing from the collection", parts,
                              message_shown(g->diag, name));
        }
        parts++;
    }
    *count = parts;
    return 0;
}

/* Whether a shape may be cut into `parts` along `axis`. */
static errint check_whole(struct graph_reading *g, struct str name, const struct graph_type *t,
                          unsigned axis, int64_t parts)
{
    for (unsigned i = 0; i < t->shape.rank; i++) {
        if (t->shape.dims[i] < 0) {
            return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, name,
                              "'%s' is partitioned, but its full shape is %s",
                              message_shown(g->diag, name), shape_text(t->shape).text);
        }
    }
    errint rc = graph_check_shape(g, name, t);
    if (rc == 0 && parts > 1 && parts > t->shape.dims[axis]) {
        return diag_error(g->diag, DIAG_GRAPH_INVALID, g->path, name,
                          "'%s' has %" PRId64
                          " parts, but along axis %u of its shape %s are %" PRId64 " elements",
                          message_shown(g->diag, name), parts, axis, shape_text(t->shape).text,
                          t->shape.dims[axis]);
    }
    return rc;
}

errint graph_combine_parts(struct graph_reading *g, const struct graph_member *first,
                           const struct graph_member *end, struct graph_type *t,
                           struct partition *cut)
{
    *cut = (struct partition){0};
    *t = (struct graph_type){0};
    unsigned axis = cut_axis(first);
    int64_t parts = 0;
    errint rc = count_parts(g, first, end, &parts);
    if (rc == 0) {
        rc = graph_member_type(g, first, t);
    }
    if (rc < 0) {
        return rc;
    }
    t->shape = (struct shape){first->dims, (uint8_t)first->rank};
    rc = check_whole(g, graph_member_key(first), t, axis, parts);
    for (const struct graph_member *m = first; rc == 0 && m < end; m++) {
        rc = check_part(g, m, first, t, axis, parts);
    }
    int64_t *counts = rc ? NULL : ARENA_ARRAY(g->arena, int64_t, first->rank);
    if (!counts) {
        return rc ? rc : diag_no_memory(g->diag);
    }
    for (unsigned i = 0; i < first->rank; i++) {
        counts[i] = i == axis ? parts : 1;
    }
    *cut = (struct partition){counts, (uint8_t)first->rank};
    return 0;
}
