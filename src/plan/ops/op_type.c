/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/ops/op_type.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

void op_result_fini(struct op_result *r)
{
    free(r->values);
    buf_fini(&r->why);
    r->values = NULL;
    r->count = r->cap = 0;
}

errint op_result_add(struct op_result *r, struct value v)
{
    if (!grow(&r->values, &r->cap, r->count, sizeof(*r->values))) {
        return -ENOMEM;
    }
    r->values[r->count++] = v;
    return 0;
}

errint op_give(struct op_result *r, errint rc, const struct value *v)
{
    uint64_t bytes;
    if (rc == 0 && shape_bytes(v->shape, v->dtype, &bytes) < 0) {
        return op_fail(r, "the result %s is too large", shape_text(v->shape).text);
    }
    return rc < 0 ? rc : op_result_add(r, *v);
}

FORMAT(3, 0)
static errint fail(struct op_result *r, enum diag_code code, const char *fmt, va_list args)
{
    buf_vprintf(&r->why, fmt, args);
    r->code = code;
    return r->why.failed ? -ENOMEM : -EINVAL;
}

errint op_fail(struct op_result *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    errint rc = fail(r, DIAG_SHAPE_MISMATCH, fmt, args);
    va_end(args);
    return rc;
}

errint op_fail_as(struct op_result *r, enum diag_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    errint rc = fail(r, code, fmt, args);
    va_end(args);
    return rc;
}

/* The axis, which may count from the end, among `rank` of them. */
static errint find_axis(struct op_result *r, const struct value *of, unsigned rank, int64_t axis,
                        unsigned *out)
{
    if (axis < -(int64_t)rank || axis >= (int64_t)rank) {
        if (rank == 0) {
            return op_fail(r, "%s has no axis %" PRId64, shape_text(of->shape).text, axis);
        }
        return op_fail(r, "%s has no axis %" PRId64 ": expected -%u to %u",
                       shape_text(of->shape).text, axis, rank, rank - 1);
    }
    *out = (unsigned)(axis < 0 ? axis + (int64_t)rank : axis);
    return 0;
}

errint op_axis(struct op_result *r, const struct value *of, int64_t axis, unsigned *out)
{
    return find_axis(r, of, of->shape.rank, axis, out);
}

errint op_new_axis(struct op_result *r, const struct value *of, int64_t axis, unsigned *out)
{
    if (of->shape.rank == SHAPE_RANK_MOST) {
        return op_fail(r, "it has %u axes, which are the most", of->shape.rank);
    }
    return find_axis(r, of, of->shape.rank + 1u, axis, out);
}

int64_t *op_dims(struct op_result *r, const int64_t *from, unsigned rank)
{
    int64_t *dims = ARENA_ARRAY(r->arena, int64_t, (size_t)rank + 1);
    if (dims && rank) {
        memcpy(dims, from, rank * sizeof(*dims));
    }
    return dims;
}

/* ---- arguments that are integers ------------------------------------------------------------- */

static errint parse_integers(const struct op_text *t, const struct op_syntax *self, unsigned least,
                             unsigned most, const void **arguments)
{
    int64_t numbers[SHAPE_RANK_MOST];
    int count = op_integers(t->text, numbers, most);
    if (count < (int)least) {
        return op_refuse(t, self);
    }
    struct op_list *list = ARENA_NEW(t->arena, struct op_list);
    int64_t *kept = ARENA_ARRAY(t->arena, int64_t, (size_t)count + 1);
    if (!list || !kept) {
        return -ENOMEM;
    }
    memcpy(kept, numbers, (size_t)count * sizeof(*kept));
    *list = (struct op_list){kept, (unsigned)count};
    *arguments = list;
    return 0;
}

errint op_parse_list(const struct op_text *t, const struct op_syntax *self, const void **arguments)
{
    return parse_integers(t, self, 1, SHAPE_RANK_MOST, arguments);
}

errint op_parse_list_or_none(const struct op_text *t, const struct op_syntax *self,
                             const void **arguments)
{
    return parse_integers(t, self, 0, SHAPE_RANK_MOST, arguments);
}

errint op_parse_axis(const struct op_text *t, const struct op_syntax *self, const void **arguments)
{
    return parse_integers(t, self, 1, 1, arguments);
}

errint op_parse_axis_or_none(const struct op_text *t, const struct op_syntax *self,
                             const void **arguments)
{
    return parse_integers(t, self, 0, 1, arguments);
}

void op_print_list(const void *arguments, struct buf *b)
{
    const struct op_list *list = arguments;
    for (unsigned i = 0; i < list->count; i++) {
        buf_printf(b, "%s%" PRId64, i ? "," : " ", list->numbers[i]);
    }
}

/* ---- all values of a rule -------------------------------------------------------------------- */

static errint refuse_strings(const struct op_type *type, struct op_result *values)
{
    for (size_t i = 0; i < values->count && !type->strings; i++) {
        if (values->values[i].dtype == DTYPE_STRING) {
            return op_fail_as(values, DIAG_DTYPE_MISMATCH,
                              "it is of strings, which can be renamed and partitioned alone");
        }
    }
    return 0;
}

/* What stands behind a `partition` is for parts, and leaves them as they are cut. */
static errint check_parts(const struct op_type *type, const struct op_result *before,
                          struct op_result *after)
{
    bool alike = !type->takes_all && before->count == after->count;
    for (size_t i = 0; alike && i < after->count; i++) {
        alike = shape_eq(before->values[i].shape, after->values[i].shape);
    }
    if (!alike) {
        return op_fail(after, "it cannot follow 'partition', since it changes shapes: put it "
                              "before");
    }
    after->partition = before->partition;
    after->full = before->full;
    return 0;
}

errint op_apply(const struct op *op, struct op_result *values)
{
    const struct op_type *type = (const struct op_type *)(const void *)op->syntax;
    struct op_result out = {.arena = values->arena,
                            .denied = values->denied,
                            .kept = values->kept,
                            .scope = values->scope};
    errint rc = refuse_strings(type, values);
    if (rc == 0 && values->count == 0 && !type->from_nothing) {
        rc = op_fail_as(values, DIAG_MAP_SYNTAX,
                        "there is no value: expected a source, or 'fill' before it");
    }
    if (rc < 0) {
        return rc;
    }
    if (type->takes_all) {
        rc = type->apply(op->arguments, values->values, (uint32_t)values->count, &out);
    }
    for (size_t i = 0; rc == 0 && !type->takes_all && i < values->count; i++) {
        rc = type->apply(op->arguments, &values->values[i], 1, &out);
    }
    if (rc == 0 && values->partition.rank) {
        rc = check_parts(type, values, &out);
    }
    op_result_fini(values);
    *values = out;
    return rc;
}
