/* SPDX-License-Identifier: Apache-2.0 */
/* An operation: how it is written, and what it makes of values. Each is a row of the table in
 * table.c; a new one is a file, or a few functions in a file of its kind, and a row. */
#ifndef CKPTFS_PLAN_OPS_OP_TYPE_H
#define CKPTFS_PLAN_OPS_OP_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "map/op.h"
#include "map/partition.h"
#include "plan/value.h"

/* What an operation gives. */
struct op_result {
    struct arena *arena;
    const char *denied;   /* borrowed: as whom files are opened (diag.h), or NULL */
    uint64_t *kept;       /* borrowed: of the plan, the bytes of means (value_mean_row) */
    struct value *values; /* owns (malloc) */
    size_t count;
    size_t cap;
    struct partition partition; /* the values are its parts; rank 0: they are not parts */
    struct shape full;          /* of what was partitioned */
    bool scope;                 /* of a rule with wildcards or of a scope: casts take the tensors
                                   of their kind alone */
    struct buf why;             /* of -EINVAL: what was wrong, and what is expected */
    enum diag_code code;        /* of `why` */
};

struct op_type {
    struct op_syntax syntax;
    bool takes_all;    /* all values of the rule together; else each by itself */
    bool strings;      /* strings pass, too */
    bool from_nothing; /* it may stand behind `~` alone: there need be no value */

    /* Adds to *out what becomes of in[0 .. count); count is 1, unless it takes all. -EINVAL, and
     * out->why says why; -ENOMEM; -E2BIG and -ELOOP as in value.h. */
    errint (*apply)(const void *arguments, const struct value *in, uint32_t count,
                    struct op_result *out);
};

/* The rows, a table in each file of one kind. */
extern const struct op_type op_transpose, op_squeeze, op_expand, op_flip, op_reshape, op_broadcast;
extern const struct op_type op_slice, op_take, op_split, op_unstack, op_concat, op_stack;
extern const struct op_type op_fill, op_pad, op_cast, op_gather, op_vocab, op_partition;
extern const struct op_type op_scale, op_add, op_sum, op_mean, op_sub;

/* op_apply: one operation over all values of a rule, which are replaced: 0, or as `apply`, and
 * out->why says what is wrong. */
MUST_CHECK errint op_apply(const struct op *op, struct op_result *values);

void op_result_fini(struct op_result *r);

/* op_add: adds a value. -ENOMEM. */
MUST_CHECK errint op_result_add(struct op_result *r, struct value v);

/* op_give: adds v if rc is 0; gives back rc, or -ENOMEM. -EINVAL, as of op_fail: v has more bytes
 * than can be counted. */
MUST_CHECK errint op_give(struct op_result *r, errint rc, const struct value *v);

/* op_fail: what is wrong with shapes; -EINVAL. op_fail_as: with something else. */
FORMAT(2, 3) errint op_fail(struct op_result *r, const char *fmt, ...);
FORMAT(3, 4) errint op_fail_as(struct op_result *r, enum diag_code code, const char *fmt, ...);

/* op_axis: which axis of the value `axis` is, which may count from the end; or op_fail.
 * op_new_axis: of a value with one axis more. */
MUST_CHECK errint op_axis(struct op_result *r, const struct value *of, int64_t axis, unsigned *out);
MUST_CHECK errint op_new_axis(struct op_result *r, const struct value *of, int64_t axis,
                              unsigned *out);

/* op_dims: `rank` dimensions in the arena; NULL: -ENOMEM. */
int64_t *op_dims(struct op_result *r, const int64_t *from, unsigned rank);

/* Integers in the arena, as arguments of most operations are. */
struct op_list {
    int64_t *numbers;
    unsigned count;
};

/* op_parse_list: a list of 1 to SHAPE_RANK_MOST integers. op_parse_axis: one. op_print_list:
 * " 1,2". */
errint op_parse_list(const struct op_text *t, const struct op_syntax *self, const void **arguments);
errint op_parse_axis(const struct op_text *t, const struct op_syntax *self, const void **arguments);
errint op_parse_axis_or_none(const struct op_text *t, const struct op_syntax *self,
                             const void **arguments);
errint op_parse_list_or_none(const struct op_text *t, const struct op_syntax *self,
                             const void **arguments);
void op_print_list(const void *arguments, struct buf *b);

#endif
