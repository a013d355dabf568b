/* SPDX-License-Identifier: Apache-2.0 */
/* split, unstack: one value becomes several. */
#include <inttypes.h>

#include "map/token.h"
#include "plan/ops/op_type.h"

enum { PARTS_MOST = 1 << 16 };

/* The axis, then one number of equal parts, or the lengths of two and more. */
static errint parse_split(const struct op_text *t, const struct op_syntax *self,
                          const void **arguments)
{
    errint rc = op_parse_list(t, self, arguments);
    if (rc < 0) {
        return rc;
    }
    const struct op_list *list = *arguments;
    bool valid = list->count >= 2 && (list->count > 2 || list->numbers[1] > 0);
    for (unsigned i = 1; i < list->count; i++) {
        valid = valid && list->numbers[i] >= 0;
    }
    return valid ? 0 : op_refuse(t, self);
}

static void print_split(const void *arguments, struct buf *b)
{
    const struct op_list *list = arguments;
    buf_printf(b, " %" PRId64, list->numbers[0]);
    op_print_list(&(struct op_list){list->numbers + 1, list->count - 1}, b);
}

static errint give_range(const struct value *in, unsigned axis, int64_t start, int64_t count,
                         struct op_result *out)
{
    const struct value_range range = {start, count, 1};
    struct value v;
    return op_give(out, value_slice_axis(in, axis, range, out->arena, &v), &v);
}

static errint split_evenly(const struct value *in, unsigned axis, int64_t parts,
                           struct op_result *out)
{
    int64_t dim = in->shape.dims[axis];
    if (dim % parts || parts > PARTS_MOST) {
        return op_fail(out,
                       "axis %u of %s has length %" PRId64 ", which %" PRId64
                       " equal parts do not divide",
                       axis, shape_text(in->shape).text, dim, parts);
    }
    for (int64_t i = 0; i < parts; i++) {
        errint rc = give_range(in, axis, i * (dim / parts), dim / parts, out);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static errint split(const void *arguments, const struct value *in, uint32_t count,
                    struct op_result *out)
{
    (void)count;
    const struct op_list *list = arguments;
    unsigned axis;
    errint rc = op_axis(out, in, list->numbers[0], &axis);
    if (rc < 0) {
        return rc;
    }
    if (list->count == 2) {
        return split_evenly(in, axis, list->numbers[1], out);
    }
    int64_t sum = 0;
    for (unsigned i = 1; i < list->count; i++) {
        if (__builtin_add_overflow(sum, list->numbers[i], &sum)) {
            sum = INT64_MAX;
        }
    }
    if (sum != in->shape.dims[axis]) {
        return op_fail(
            out, "axis %u of %s has length %" PRId64 ", and the parts have %" PRId64 " together",
            axis, shape_text(in->shape).text, in->shape.dims[axis], sum);
    }
    int64_t start = 0;
    for (unsigned i = 1; rc == 0 && i < list->count; i++) {
        rc = give_range(in, axis, start, list->numbers[i], out);
        start += list->numbers[i];
    }
    return rc;
}

static errint give_index(const struct value *in, unsigned axis, int64_t index,
                         struct op_result *out)
{
    int64_t *dims = op_dims(out, in->shape.dims, in->shape.rank);
    struct value one;
    struct value v;
    if (!dims) {
        return -ENOMEM;
    }
    unsigned rank = 0;
    for (unsigned k = 0; k < in->shape.rank; k++) {
        if (k != axis) {
            dims[rank++] = in->shape.dims[k];
        }
    }
    errint rc = value_slice_axis(in, axis, (struct value_range){index, 1, 1}, out->arena, &one);
    if (rc < 0) {
        return rc;
    }
    const struct shape shape = {dims, (uint8_t)rank};
    return op_give(out, value_reshape(&one, shape, out->arena, &v), &v);
}

static errint unstack(const void *arguments, const struct value *in, uint32_t count,
                      struct op_result *out)
{
    (void)count;
    const struct op_list *list = arguments;
    unsigned axis;
    errint rc = op_axis(out, in, list->numbers[0], &axis);
    if (rc < 0) {
        return rc;
    }
    if (in->shape.dims[axis] > PARTS_MOST) {
        return op_fail(out, "axis %u of %s has length %" PRId64 ": the limit is %d", axis,
                       shape_text(in->shape).text, in->shape.dims[axis], PARTS_MOST);
    }
    for (int64_t i = 0; rc == 0 && i < in->shape.dims[axis]; i++) {
        rc = give_index(in, axis, i, out);
    }
    return rc;
}

const struct op_type op_split = {
    .syntax = {.name = "split",
               .form = "split AXIS PARTS' or 'split AXIS LENGTH,LENGTH,...",
               .parse = parse_split,
               .print = print_split,
               .makes_targets = true},
    .apply = split,
};

const struct op_type op_unstack = {
    .syntax = {.name = "unstack",
               .form = "unstack AXIS",
               .parse = op_parse_axis,
               .print = op_print_list,
               .makes_targets = true},
    .apply = unstack,
};
