/* SPDX-License-Identifier: Apache-2.0 */
/* concat, stack: several values become one. */
#include <inttypes.h>

#include "plan/ops/op_type.h"

/* All of one dtype, and of one shape but for `axis`; SHAPE_RANK_MOST: for no axis. */
static errint check_alike(const struct value *in, uint32_t count, unsigned axis,
                          struct op_result *out)
{
    for (uint32_t i = 1; i < count; i++) {
        bool alike = in[i].shape.rank == in->shape.rank;
        for (unsigned k = 0; alike && k < in->shape.rank; k++) {
            alike = k == axis || in[i].shape.dims[k] == in->shape.dims[k];
        }
        if (!alike) {
            return op_fail(out, "value 1 is %s and value %u is %s: expected one shape%s",
                           shape_text(in->shape).text, i + 1, shape_text(in[i].shape).text,
                           axis < SHAPE_RANK_MOST ? ", but for that axis" : "");
        }
        if (in[i].dtype != in->dtype) {
            return op_fail_as(out, DIAG_DTYPE_MISMATCH,
                              "value 1 is %s and value %u is %s: cast them before",
                              dtype_name(in->dtype), i + 1, dtype_name(in[i].dtype));
        }
    }
    return 0;
}

static errint give_joined(const struct value *in, uint32_t count, unsigned axis,
                          struct op_result *out)
{
    struct value v;
    errint rc = value_join(in, count, axis, out->arena, &v);
    if (rc == -EOVERFLOW) {
        return op_fail(out, "the result is too large");
    }
    return op_give(out, rc, &v);
}

static errint concat(const void *arguments, const struct value *in, uint32_t count,
                     struct op_result *out)
{
    const struct op_list *list = arguments;
    unsigned axis;
    errint rc = op_axis(out, in, list->numbers[0], &axis);
    if (rc == 0) {
        rc = check_alike(in, count, axis, out);
    }
    return rc < 0 ? rc : give_joined(in, count, axis, out);
}

static errint stack(const void *arguments, const struct value *in, uint32_t count,
                    struct op_result *out)
{
    const struct op_list *list = arguments;
    struct value *expanded = ARENA_ARRAY(out->arena, struct value, count);
    unsigned axis;
    errint rc = op_new_axis(out, in, list->numbers[0], &axis);
    if (rc == 0) {
        rc = check_alike(in, count, SHAPE_RANK_MOST, out);
    }
    if (rc < 0) {
        return rc;
    }
    int64_t *dims = ARENA_ARRAY(out->arena, int64_t, in->shape.rank + 1u);
    if (!expanded || !dims) {
        return -ENOMEM;
    }
    for (unsigned k = 0; k <= in->shape.rank; k++) {
        dims[k] = k == axis ? 1 : in->shape.dims[k - (k > axis)];
    }
    const struct shape shape = {dims, (uint8_t)(in->shape.rank + 1)};
    for (uint32_t i = 0; i < count; i++) {
        rc = value_reshape(&in[i], shape, out->arena, &expanded[i]);
        if (rc < 0) {
            return rc;
        }
    }
    return give_joined(expanded, count, axis, out);
}

const struct op_type op_concat = {
    .syntax = {.name = "concat",
               .form = "concat AXIS",
               .parse = op_parse_axis,
               .print = op_print_list},
    .takes_all = true,
    .apply = concat,
};

const struct op_type op_stack = {
    .syntax = {.name = "stack",
               .form = "stack AXIS",
               .parse = op_parse_axis,
               .print = op_print_list},
    .takes_all = true,
    .apply = stack,
};
