/* SPDX-License-Identifier: Apache-2.0 */
/* reshape, broadcast: another shape, of as many elements or of repeated ones. */
#include <inttypes.h>

#include "plan/ops/op_type.h"

/* Fills in the -1, if there is one. */
static errint find_dims(const struct op_list *list, const struct value *in, int64_t *dims,
                        struct op_result *out)
{
    uint64_t elements;
    uint64_t known;
    int open = -1;
    errint rc = shape_elements(in->shape, &elements);
    if (rc < 0) {
        return op_fail(out, "%s is too large", shape_text(in->shape).text);
    }
    for (unsigned k = 0; k < list->count; k++) {
        dims[k] = list->numbers[k];
        if (dims[k] == -1 && open < 0) {
            open = (int)k;
            dims[k] = 1;
        } else if (dims[k] < 0) {
            return op_fail(out,
                           "a dimension is %" PRId64 ": expected one -1 at most, and no other "
                           "negative number",
                           dims[k]);
        }
    }
    struct shape shape = {dims, (uint8_t)list->count};
    rc = shape_elements(shape, &known);
    bool fits = open < 0 ? known == elements : known > 0 && elements % known == 0;
    if (rc < 0 || !fits) {
        return op_fail(out, "%s has %" PRIu64 " elements, which cannot be reshaped so",
                       shape_text(in->shape).text, elements);
    }
    if (open >= 0) {
        dims[open] = (int64_t)(elements / known);
    }
    return 0;
}

static errint reshape(const void *arguments, const struct value *in, uint32_t count,
                      struct op_result *out)
{
    (void)count;
    const struct op_list *list = arguments;
    int64_t *dims = op_dims(out, list->numbers, list->count);
    struct value v;
    if (!dims) {
        return -ENOMEM;
    }
    errint rc = find_dims(list, in, dims, out);
    if (rc < 0) {
        return rc;
    }
    const struct shape shape = {dims, (uint8_t)list->count};
    return op_give(out, value_reshape(in, shape, out->arena, &v), &v);
}

static errint broadcast(const void *arguments, const struct value *in, uint32_t count,
                        struct op_result *out)
{
    (void)count;
    const struct op_list *list = arguments;
    int64_t *dims = op_dims(out, list->numbers, list->count);
    struct value v;
    uint64_t bytes;
    if (!dims) {
        return -ENOMEM;
    }
    const struct shape shape = {dims, (uint8_t)list->count};
    if (list->count < in->shape.rank) {
        return op_fail(out, "%s has more axes than %s", shape_text(in->shape).text,
                       shape_text(shape).text);
    }
    unsigned more = list->count - in->shape.rank;
    for (unsigned k = 0; k < list->count; k++) {
        int64_t old = k < more ? 1 : in->shape.dims[k - more];
        if (dims[k] < 0 || (old != 1 && old != dims[k])) {
            return op_fail(out, "%s cannot be repeated to %s: axis %u has length %" PRId64,
                           shape_text(in->shape).text, shape_text(shape).text, k, old);
        }
    }
    if (shape_bytes(shape, in->dtype, &bytes) < 0) {
        return op_fail(out, "%s is too large", shape_text(shape).text);
    }
    return op_give(out, value_broadcast(in, shape, out->arena, &v), &v);
}

const struct op_type op_reshape = {
    .syntax = {.name = "reshape",
               .form = "reshape D,D,...",
               .parse = op_parse_list_or_none,
               .print = op_print_list},
    .apply = reshape,
};

const struct op_type op_broadcast = {
    .syntax = {.name = "broadcast",
               .form = "broadcast D,D,...",
               .parse = op_parse_list_or_none,
               .print = op_print_list},
    .apply = broadcast,
};
