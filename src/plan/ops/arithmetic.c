/* SPDX-License-Identifier: Apache-2.0 */
/* scale, add, sum, mean, sub: elements that are computed, each by one rounding from exact ones. */
#include "plan/ops/number.h"
#include "plan/ops/op_type.h"

static errint parse_number(const struct op_text *t, const struct op_syntax *self,
                           const void **arguments)
{
    struct number *number = ARENA_NEW(t->arena, struct number);
    if (!number) {
        return -ENOMEM;
    }
    if (!number_parse(t->text, number)) {
        return op_refuse(t, self);
    }
    *arguments = number;
    return 0;
}

static void print_number(const void *arguments, struct buf *b)
{
    buf_char(b, ' ');
    number_print(arguments, b);
}

/* Floats, integers, complex numbers; all of one dtype and shape. */
static errint check(const struct value *in, uint32_t count, struct op_result *out)
{
    if (!arithmetic_takes(in->dtype)) {
        return op_fail_as(out, DIAG_DTYPE_MISMATCH,
                          "%s cannot be computed with: expected floats, integers or complex "
                          "numbers",
                          dtype_name(in->dtype));
    }
    for (uint32_t i = 1; i < count; i++) {
        if (in[i].dtype != in->dtype) {
            return op_fail_as(out, DIAG_DTYPE_MISMATCH,
                              "value 1 is %s and value %u is %s: cast them before",
                              dtype_name(in->dtype), i + 1, dtype_name(in[i].dtype));
        }
        if (!shape_eq(in[i].shape, in->shape)) {
            return op_fail(out, "value 1 is %s and value %u is %s: expected one shape",
                           shape_text(in->shape).text, i + 1, shape_text(in[i].shape).text);
        }
    }
    return 0;
}

static errint compute(enum arithmetic kind, const struct value *in, uint32_t count,
                      const struct number *number, struct op_result *out)
{
    struct value v;
    errint rc = check(in, count, out);
    if (rc == 0) {
        rc = value_compute(kind, number, in, count, out->arena, &v);
    }
    return op_give(out, rc, &v);
}

static errint compute_with_number(enum arithmetic kind, const void *arguments,
                                  const struct value *in, struct op_result *out)
{
    const struct number *number = arguments;
    if (dtype_kind(in->dtype) == DTYPE_KIND_INTEGER && !number->is_integer) {
        return op_fail_as(out, DIAG_DTYPE_MISMATCH,
                          "it is of %s, which takes an integer: cast it before",
                          dtype_name(in->dtype));
    }
    return compute(kind, in, 1, number, out);
}

static errint scale(const void *arguments, const struct value *in, uint32_t count,
                    struct op_result *out)
{
    (void)count;
    return compute_with_number(ARITHMETIC_SCALE, arguments, in, out);
}

static errint add(const void *arguments, const struct value *in, uint32_t count,
                  struct op_result *out)
{
    (void)count;
    return compute_with_number(ARITHMETIC_ADD, arguments, in, out);
}

static errint sum(const void *arguments, const struct value *in, uint32_t count,
                  struct op_result *out)
{
    (void)arguments;
    return compute(ARITHMETIC_SUM, in, count, NULL, out);
}

static errint mean(const void *arguments, const struct value *in, uint32_t count,
                   struct op_result *out)
{
    (void)arguments;
    return compute(ARITHMETIC_MEAN, in, count, NULL, out);
}

static errint sub(const void *arguments, const struct value *in, uint32_t count,
                  struct op_result *out)
{
    (void)arguments;
    return compute(ARITHMETIC_SUB, in, count, NULL, out);
}

const struct op_type op_scale = {
    .syntax = {.name = "scale", .form = "scale X", .parse = parse_number, .print = print_number},
    .apply = scale,
};

const struct op_type op_add = {
    .syntax = {.name = "add", .form = "add X", .parse = parse_number, .print = print_number},
    .apply = add,
};

const struct op_type op_sum = {
    .syntax = {.name = "sum", .form = "sum"}, .takes_all = true, .apply = sum};

const struct op_type op_mean = {
    .syntax = {.name = "mean", .form = "mean"}, .takes_all = true, .apply = mean};

const struct op_type op_sub = {
    .syntax = {.name = "sub", .form = "sub"}, .takes_all = true, .apply = sub};
