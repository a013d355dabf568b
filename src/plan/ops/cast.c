/* SPDX-License-Identifier: Apache-2.0 */
/* cast: the elements as those of another type. */
#include "tensor/cast.h"
#include "map/message.h"
#include "map/rule.h"
#include "map/token.h"
#include "plan/ops/op_type.h"

struct cast_arguments {
    enum dtype dtype;
    enum cast_mode mode;
    bool all; /* of a scope: every numeric tensor */
};

static errint parse_cast(const struct op_text *t, const struct op_syntax *self,
                         const void **arguments)
{
    struct str rest;
    struct str word = token_next(t->text, &rest);
    struct cast_arguments *made = ARENA_NEW(t->arena, struct cast_arguments);
    if (!made) {
        return -ENOMEM;
    }
    made->dtype = dtype_parse(word);
    if (!dtype_bytes(made->dtype)) {
        errint rc = op_refuse(t, self);
        if (made->dtype == DTYPE_INVALID) {
            message_nearest_dtype(t->d, word);
        }
        return rc;
    }
    if (!rule_read_cast_words(rest, &made->all, &made->mode)) {
        return op_refuse(t, self);
    }
    *arguments = made;
    return 0;
}

static void print_cast(const void *arguments, struct buf *b)
{
    const struct cast_arguments *cast = arguments;
    buf_printf(b, " %s%s%s", dtype_name(cast->dtype), cast->all ? " all" : "",
               cast_mode_suffix(cast->mode));
}

static errint cast(const void *arguments, const struct value *in, uint32_t count,
                   struct op_result *out)
{
    (void)count;
    const struct cast_arguments *wanted = arguments;
    struct value v = *in;
    const struct rule_cast taken = {wanted->dtype, wanted->all};
    if (out->scope && !rule_cast_takes(taken, (enum dtype)in->dtype)) {
        return op_result_add(out, v); /* it stays as it is, and the report says so */
    }
    const char *refusal = cast_refusal(in->dtype, wanted->dtype, wanted->mode);
    if (refusal) {
        return op_fail_as(out, DIAG_DTYPE_MISMATCH, "%s", refusal);
    }
    if (in->dtype == wanted->dtype) {
        return op_result_add(out, v);
    }
    if (value_is_cast(in)) {
        errint rc = value_recompute(in, in->shape, out->arena, &v);
        if (rc < 0) {
            return rc;
        }
    }
    return op_give(out, value_cast(&v, wanted->dtype, wanted->mode, out->arena, &v), &v);
}

const struct op_type op_cast = {
    .syntax = {.name = "cast",
               .form = "cast DTYPE [all] [saturate|wrap]",
               .parse = parse_cast,
               .print = print_cast},
    .strings = true,
    .apply = cast,
};
