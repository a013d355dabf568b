/* SPDX-License-Identifier: Apache-2.0 */
/* transpose, squeeze, expand, flip: the axes of a value in another order, fewer, more, or the other
 * way round. */
#include <inttypes.h>
#include <string.h>

#include "plan/ops/op_type.h"

/* Each axis once. */
static errint find_order(const struct op_list *list, const struct value *v, struct op_result *out,
                         uint8_t *axes)
{
    bool seen[SHAPE_RANK_MOST] = {false};
    unsigned rank = v->shape.rank;
    if (list->count && list->count != rank) {
        return op_fail(out, "%s has %u axes, and %u are given", shape_text(v->shape).text, rank,
                       list->count);
    }
    for (unsigned k = 0; k < rank; k++) {
        unsigned axis = rank - 1 - k;
        errint rc = list->count ? op_axis(out, v, list->numbers[k], &axis) : 0;
        if (rc < 0) {
            return rc;
        }
        if (seen[axis]) {
            return op_fail(out, "axis %u is given twice", axis);
        }
        seen[axis] = true;
        axes[k] = (uint8_t)axis;
    }
    return 0;
}

static errint transpose(const void *arguments, const struct value *in, uint32_t count,
                        struct op_result *out)
{
    (void)count;
    uint8_t axes[SHAPE_RANK_MOST];
    struct value v;
    errint rc = find_order(arguments, in, out, axes);
    return rc < 0 ? rc : op_give(out, value_permute(in, axes, out->arena, &v), &v);
}

/* To another shape of as many elements, which no piece notices but for axes of length 1. */
static errint give_reshaped(const struct value *in, const int64_t *dims, unsigned rank,
                            struct op_result *out)
{
    int64_t *kept = op_dims(out, dims, rank);
    struct value v;
    return kept
               ? op_give(out,
                         value_reshape(in, (struct shape){kept, (uint8_t)rank}, out->arena, &v), &v)
               : -ENOMEM;
}

static errint squeeze(const void *arguments, const struct value *in, uint32_t count,
                      struct op_result *out)
{
    (void)count;
    const struct op_list *list = arguments;
    int64_t dims[SHAPE_RANK_MOST];
    unsigned rank = 0;
    unsigned axis = 0;
    if (list->count) {
        errint rc = op_axis(out, in, list->numbers[0], &axis);
        if (rc < 0) {
            return rc;
        }
        if (in->shape.dims[axis] != 1) {
            return op_fail(out, "axis %u of %s has length %" PRId64 ": expected 1", axis,
                           shape_text(in->shape).text, in->shape.dims[axis]);
        }
    }
    for (unsigned k = 0; k < in->shape.rank; k++) {
        if (list->count ? k != axis : in->shape.dims[k] != 1) {
            dims[rank++] = in->shape.dims[k];
        }
    }
    return give_reshaped(in, dims, rank, out);
}

static errint expand(const void *arguments, const struct value *in, uint32_t count,
                     struct op_result *out)
{
    (void)count;
    const struct op_list *list = arguments;
    int64_t dims[SHAPE_RANK_MOST + 1];
    unsigned axis;
    errint rc = op_new_axis(out, in, list->numbers[0], &axis);
    if (rc < 0) {
        return rc;
    }
    for (unsigned k = 0; k <= in->shape.rank; k++) {
        dims[k] = k == axis ? 1 : in->shape.dims[k - (k > axis)];
    }
    return give_reshaped(in, dims, in->shape.rank + 1u, out);
}

static errint flip(const void *arguments, const struct value *in, uint32_t count,
                   struct op_result *out)
{
    (void)count;
    const struct op_list *list = arguments;
    struct value v;
    unsigned axis;
    errint rc = op_axis(out, in, list->numbers[0], &axis);
    if (rc < 0) {
        return rc;
    }
    int64_t dim = in->shape.dims[axis];
    const struct value_range range = {dim - 1, dim, -1};
    return op_give(out, value_slice_axis(in, axis, range, out->arena, &v), &v);
}

const struct op_type op_transpose = {
    .syntax = {.name = "transpose",
               .form = "transpose [AXIS,AXIS,...]",
               .parse = op_parse_list_or_none,
               .print = op_print_list},
    .apply = transpose,
};

const struct op_type op_squeeze = {
    .syntax = {.name = "squeeze",
               .form = "squeeze [AXIS]",
               .parse = op_parse_axis_or_none,
               .print = op_print_list},
    .apply = squeeze,
};

const struct op_type op_expand = {
    .syntax = {.name = "expand",
               .form = "expand AXIS",
               .parse = op_parse_axis,
               .print = op_print_list},
    .apply = expand,
};

const struct op_type op_flip = {
    .syntax = {.name = "flip", .form = "flip AXIS", .parse = op_parse_axis, .print = op_print_list},
    .apply = flip,
};
