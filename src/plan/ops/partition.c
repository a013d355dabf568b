/* SPDX-License-Identifier: Apache-2.0 */
/* partition: a value becomes the parts of one variable. */
#include "map/partitioner.h"

#include "map/split.h"
#include "plan/ops/op_type.h"

static errint parse_partition(const struct op_text *t, const struct op_syntax *self,
                              const void **arguments)
{
    (void)self;
    struct partitioner *made = ARENA_NEW(t->arena, struct partitioner);
    if (!made) {
        return -ENOMEM;
    }
    *arguments = made;
    return partitioner_parse(t->text, t->at, t->arena, made, t->d);
}

/* partitioner_print says all of the operation. */
static void print_partition(const void *arguments, struct buf *b)
{
    CLEANUP_BUF struct buf text = {0};
    partitioner_print(&text, arguments);
    b->failed |= text.failed;
    buf_str(b, str_from_pos(buf_view(&text), sizeof("partition") - 1));
}

static errint give_part(const struct value *in, unsigned axis, int64_t parts, int64_t part,
                        struct op_result *out)
{
    struct value_range range = {.step = 1};
    struct value v;
    split_part(in->shape.dims[axis], parts, part, &range.start, &range.count);
    return op_give(out, value_slice_axis(in, axis, range, out->arena, &v), &v);
}

static errint partition(const void *arguments, const struct value *in, uint32_t count,
                        struct op_result *out)
{
    if (count != 1) {
        return op_fail(out, "%u values cannot be parts of one variable: join them before", count);
    }
    const char *why =
        partitioner_apply(arguments, in->shape, in->dtype, out->arena, &out->partition);
    if (why) {
        return op_fail(out, "the value %s", why);
    }
    unsigned axis;
    int64_t parts = partition_axis(&out->partition, &axis);
    out->full = in->shape;
    for (int64_t part = 0; part < parts; part++) {
        errint rc = give_part(in, axis, parts, part, out);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

const struct op_type op_partition = {
    .syntax = {.name = "partition",
               .form = "partition COUNT,COUNT,...",
               .parse = parse_partition,
               .print = print_partition},
    .takes_all = true,
    .strings = true,
    .apply = partition,
};
