/* SPDX-License-Identifier: Apache-2.0 */
/* fill, pad: elements that come from the map. */
#include <inttypes.h>
#include <string.h>

#include "map/op.h"
#include "map/token.h"
#include "plan/ops/number.h"
#include "plan/ops/op_type.h"

/* ---- fill ------------------------------------------------------------------------------------ */

struct fill_arguments {
    struct number value;
    struct op_list shape;
    enum dtype dtype;
};

/* VALUE, SHAPE as "[2, 3]" or "2,3", DTYPE. */
static errint parse_fill(const struct op_text *t, const struct op_syntax *self,
                         const void **arguments)
{
    int64_t dims[SHAPE_RANK_MOST];
    struct str rest;
    struct str value = token_next(t->text, &rest);
    long blank = str_rfind(rest, ' ');
    struct str dtype = blank < 0 ? STR("") : str_from_pos(rest, (size_t)blank + 1);
    struct str shape = str_trim(str_head(rest, blank < 0 ? 0 : (size_t)blank));
    bool brackets = shape.len >= 2 && shape.ptr[0] == '[' && shape.ptr[shape.len - 1] == ']';
    if (brackets) {
        shape = str_trim(str_of(shape.ptr + 1, shape.len - 2));
    }
    struct fill_arguments *made = ARENA_NEW(t->arena, struct fill_arguments);
    int64_t *kept = ARENA_ARRAY(t->arena, int64_t, SHAPE_RANK_MOST);
    if (!made || !kept) {
        return -ENOMEM;
    }
    int count = op_integers(shape, dims, SHAPE_RANK_MOST);
    made->dtype = dtype_parse(dtype);
    bool valid =
        count >= !brackets && dtype_bytes(made->dtype) && number_parse(value, &made->value);
    for (int i = 0; i < count; i++) {
        kept[i] = dims[i];
        valid = valid && dims[i] >= 0;
    }
    if (!valid) {
        return op_refuse(t, self);
    }
    made->shape = (struct op_list){kept, (unsigned)count};
    *arguments = made;
    return 0;
}

static void print_fill(const void *arguments, struct buf *b)
{
    const struct fill_arguments *fill = arguments;
    buf_char(b, ' ');
    number_print(&fill->value, b);
    buf_char(b, ' ');
    shape_print(b, (struct shape){fill->shape.numbers, (uint8_t)fill->shape.count});
    buf_printf(b, " %s", dtype_name(fill->dtype));
}

static errint find_element(const struct number *n, enum dtype dtype, void *element,
                           struct op_result *out)
{
    if (dtype_bytes(dtype) == 0) {
        return op_fail_as(out, DIAG_DTYPE_MISMATCH, "it is of dtype %s, which has no numbers",
                          dtype_name(dtype));
    }
    if (number_element(n, dtype, element) == 0) {
        return 0;
    }
    CLEANUP_BUF struct buf text = {0};
    number_print(n, &text);
    return op_fail_as(out, DIAG_DTYPE_MISMATCH, "%s is no %s", text.failed ? "it" : text.data,
                      dtype_name(dtype));
}

static errint fill(const void *arguments, const struct value *in, uint32_t count,
                   struct op_result *out)
{
    (void)in;
    const struct fill_arguments *wanted = arguments;
    const struct shape shape = {wanted->shape.numbers, (uint8_t)wanted->shape.count};
    uint8_t element[16];
    uint64_t bytes;
    struct value v;
    if (count) {
        return op_fail_as(out, DIAG_MAP_SYNTAX,
                          "it takes no source: expected '~' alone on the left side");
    }
    if (shape_bytes(shape, wanted->dtype, &bytes) < 0) {
        return op_fail(out, "%s is too large", shape_text(shape).text);
    }
    errint rc = find_element(&wanted->value, wanted->dtype, element, out);
    return rc < 0 ? rc
                  : op_give(out, value_filled(shape, wanted->dtype, element, out->arena, &v), &v);
}

const struct op_type op_fill = {
    .syntax = {.name = "fill",
               .form = "fill VALUE [D, D, ...] DTYPE",
               .parse = parse_fill,
               .print = print_fill},
    .takes_all = true,
    .from_nothing = true,
    .apply = fill,
};

/* ---- pad ------------------------------------------------------------------------------------- */

struct pad_arguments {
    int64_t axis;
    int64_t before;
    int64_t after;
    struct number value;
};

/* AXIS BEFORE,AFTER VALUE */
static errint parse_pad(const struct op_text *t, const struct op_syntax *self,
                        const void **arguments)
{
    int64_t numbers[3];
    long blank = str_rfind(t->text, ' ');
    struct str value = blank < 0 ? STR("") : str_from_pos(t->text, (size_t)blank + 1);
    struct str list = str_head(t->text, blank < 0 ? 0 : (size_t)blank);
    struct pad_arguments *made = ARENA_NEW(t->arena, struct pad_arguments);
    if (!made) {
        return -ENOMEM;
    }
    if (op_integers(list, numbers, 3) != 3 || numbers[1] < 0 || numbers[2] < 0 ||
        !number_parse(value, &made->value)) {
        return op_refuse(t, self);
    }
    made->axis = numbers[0];
    made->before = numbers[1];
    made->after = numbers[2];
    *arguments = made;
    return 0;
}

static void print_pad(const void *arguments, struct buf *b)
{
    const struct pad_arguments *pad = arguments;
    buf_printf(b, " %" PRId64 " %" PRId64 ",%" PRId64 " ", pad->axis, pad->before, pad->after);
    number_print(&pad->value, b);
}

static errint make_border(const struct value *in, unsigned axis, int64_t count, const void *element,
                          struct op_result *out, struct value *v)
{
    int64_t *dims = op_dims(out, in->shape.dims, in->shape.rank);
    uint64_t bytes;
    if (!dims) {
        return -ENOMEM;
    }
    dims[axis] = count;
    const struct shape shape = {dims, in->shape.rank};
    if (shape_bytes(shape, in->dtype, &bytes) < 0) {
        return op_fail(out, "the border %s is too large", shape_text(shape).text);
    }
    return value_filled(shape, in->dtype, element, out->arena, v);
}

static errint pad(const void *arguments, const struct value *in, uint32_t count,
                  struct op_result *out)
{
    (void)count;
    const struct pad_arguments *wanted = arguments;
    struct value parts[3] = {[1] = *in};
    uint8_t element[16];
    unsigned axis;
    uint64_t bytes;
    struct value v;
    errint rc = op_axis(out, in, wanted->axis, &axis);
    if (rc == 0) {
        rc = find_element(&wanted->value, in->dtype, element, out);
    }
    if (rc == 0) {
        rc = make_border(in, axis, wanted->before, element, out, &parts[0]);
    }
    if (rc == 0) {
        rc = make_border(in, axis, wanted->after, element, out, &parts[2]);
    }
    if (rc == 0) {
        rc = value_join(parts, 3, axis, out->arena, &v);
    }
    if (rc == -EOVERFLOW || (rc == 0 && shape_bytes(v.shape, v.dtype, &bytes) < 0)) {
        return op_fail(out, "the result is too large");
    }
    return op_give(out, rc, &v);
}

const struct op_type op_pad = {
    .syntax = {.name = "pad",
               .form = "pad AXIS BEFORE,AFTER VALUE",
               .parse = parse_pad,
               .print = print_pad},
    .apply = pad,
};
