/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/value.h"

#include "plan/value_build.h"

errint value_read_computed(struct computed *computed, struct arena *a, struct value *out)
{
    CLEANUP_VALUE_BUILD struct value_build b = value_build(a, computed->shape, computed->dtype);
    struct value *copies = ARENA_ARRAY(a, struct value, computed->input_count);
    struct piece_more *more = ARENA_NEW(a, struct piece_more);
    unsigned depth = 0;
    uint64_t reach = 0;
    if (!copies || !more) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < computed->input_count; i++) {
        copies[i] = computed->inputs[i];
        unsigned below = value_depth(&copies[i]);
        depth = below > depth ? below : depth;
        for (uint32_t k = 0; k < copies[i].count; k++) {
            reach += value_piece_reach(&copies[i].pieces[k]);
        }
    }
    if (depth == COMPUTED_DEPTH_MOST) {
        return -ELOOP;
    }
    if (reach > VALUE_PIECES_MOST) {
        return -E2BIG;
    }
    computed->reach = reach ? (uint32_t)reach : 1;
    computed->inputs = copies;
    computed->depth = (uint8_t)(depth + 1);
    errint rc = shape_bytes(computed->shape, computed->dtype, &computed->bytes);
    if (rc < 0) {
        return rc;
    }
    more->computed = computed;
    struct value_box box;
    const struct piece p = {.dtype = (uint8_t)computed->dtype, .shard = UINT32_MAX, .more = more};
    if (computed->bytes && value_build_add(&b, &p, &box)) {
        int64_t step = dtype_bytes(computed->dtype);
        for (unsigned axis = computed->shape.rank; axis-- > 0;) {
            box.len[axis] = computed->shape.dims[axis];
            box.stride[axis] = step;
            step *= computed->shape.dims[axis];
        }
    }
    return value_built(&b, out);
}

errint value_recompute(const struct value *v, struct shape shape, struct arena *a,
                       struct value *out)
{
    struct computed *computed = ARENA_NEW(a, struct computed);
    if (!computed) {
        return -ENOMEM;
    }
    computed->shape = shape;
    computed->dtype = v->dtype;
    computed->inputs = v;
    computed->input_count = 1;
    return value_read_computed(computed, a, out);
}

errint value_compute(enum arithmetic arithmetic, const struct number *number,
                     const struct value *inputs, uint32_t count, struct arena *a, struct value *out)
{
    struct computed *computed = ARENA_NEW(a, struct computed);
    if (!computed) {
        return -ENOMEM;
    }
    computed->is_arithmetic = true;
    computed->arithmetic = arithmetic;
    computed->shape = inputs->shape;
    computed->dtype = inputs->dtype;
    computed->inputs = inputs;
    computed->input_count = count;
    if (number) {
        computed->number = *number;
    }
    return value_read_computed(computed, a, out);
}
