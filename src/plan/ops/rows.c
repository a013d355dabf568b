/* SPDX-License-Identifier: Apache-2.0 */
/* gather, vocab: rows of an axis by files. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "map/file_name.h"
#include "map/token.h"
#include "plan/ops/number.h"
#include "plan/ops/op_type.h"
#include "plan/ops/vocabulary.h"

/* A file of the map: as written, and where it is. */
struct named_file {
    struct str text;
    const char *path;
};

static errint parse_file(const struct op_text *t, struct str word, struct named_file *out)
{
    struct str name = unescape_name(t->arena, word);
    *out = (struct named_file){word, NULL};
    if (!name.ptr) {
        return -ENOMEM;
    }
    out->path = file_path(t->arena, t->at.file, name);
    return out->path ? 0 : -ENOMEM;
}

/* ---- gather ---------------------------------------------------------------------------------- */

struct gather_arguments {
    int64_t axis;
    struct named_file file;
};

static errint parse_gather(const struct op_text *t, const struct op_syntax *self,
                           const void **arguments)
{
    struct str file;
    struct str rest;
    struct str axis = token_next(t->text, &rest);
    struct gather_arguments *made = ARENA_NEW(t->arena, struct gather_arguments);
    if (!made) {
        return -ENOMEM;
    }
    file = token_next(rest, &rest);
    if (!op_integer(axis, &made->axis) || file.len == 0 || rest.len) {
        return op_refuse(t, self);
    }
    *arguments = made;
    return parse_file(t, file, &made->file);
}

static void print_gather(const void *arguments, struct buf *b)
{
    const struct gather_arguments *gather = arguments;
    buf_printf(b, " %" PRId64 " ", gather->axis);
    buf_str(b, gather->file.text);
}

static errint gather(const void *arguments, const struct value *in, uint32_t count,
                     struct op_result *out)
{
    (void)count;
    const struct gather_arguments *wanted = arguments;
    CLEANUP_FREE int64_t *rows = NULL;
    int64_t row_count = 0;
    unsigned axis;
    struct value v;
    errint rc = op_axis(out, in, wanted->axis, &axis);
    if (rc == 0) {
        rc = vocabulary_indices(wanted->file.path, out, &rows, &row_count);
    }
    int64_t dim = rc == 0 ? in->shape.dims[axis] : 0;
    for (int64_t i = 0; rc == 0 && i < row_count; i++) {
        if (rows[i] < -dim || rows[i] >= dim) {
            return op_fail(out,
                           "%s:%" PRId64 ": index %" PRId64 ": axis %u of %s has length "
                           "%" PRId64,
                           wanted->file.path, i + 1, rows[i], axis, shape_text(in->shape).text,
                           dim);
        }
        rows[i] += rows[i] < 0 ? dim : 0;
    }
    return rc < 0 ? rc
                  : op_give(out, value_take(in, axis, rows, row_count, NULL, out->arena, &v), &v);
}

const struct op_type op_gather = {
    .syntax = {.name = "gather",
               .form = "gather AXIS FILE",
               .parse = parse_gather,
               .print = print_gather},
    .apply = gather,
};

/* ---- vocab ----------------------------------------------------------------------------------- */

enum oov { OOV_FILL, OOV_ROW, OOV_MEAN };

struct vocab_arguments {
    struct named_file from;
    struct named_file to;
    enum oov oov;
    struct number fill;
    int64_t row;
    int64_t axis;
};

/* `oov fill V`, `oov row I`, `oov mean`, `axis A`, in any order. */
static bool parse_vocab_word(struct vocab_arguments *made, struct str *rest)
{
    struct str word = token_next(*rest, rest);
    struct str kind = token_next(*rest, rest);
    if (str_eq(word, STR("axis"))) {
        return op_integer(kind, &made->axis);
    }
    if (!str_eq(word, STR("oov"))) {
        return false;
    }
    if (str_eq(kind, STR("mean"))) {
        made->oov = OOV_MEAN;
        return true;
    }
    struct str value = token_next(*rest, rest);
    if (str_eq(kind, STR("row"))) {
        made->oov = OOV_ROW;
        return op_integer(value, &made->row);
    }
    return str_eq(kind, STR("fill")) && number_parse(value, &made->fill);
}

static errint parse_vocab(const struct op_text *t, const struct op_syntax *self,
                          const void **arguments)
{
    struct str rest;
    struct str from = token_next(t->text, &rest);
    struct str to = token_next(rest, &rest);
    struct vocab_arguments *made = ARENA_NEW(t->arena, struct vocab_arguments);
    if (!made) {
        return -ENOMEM;
    }
    made->fill = (struct number){.is_integer = true};
    while (rest.len) {
        if (!parse_vocab_word(made, &rest)) {
            return op_refuse(t, self);
        }
    }
    if (to.len == 0) {
        return op_refuse(t, self);
    }
    *arguments = made;
    errint rc = parse_file(t, from, &made->from);
    return rc < 0 ? rc : parse_file(t, to, &made->to);
}

static void print_vocab(const void *arguments, struct buf *b)
{
    const struct vocab_arguments *vocab = arguments;
    buf_char(b, ' ');
    buf_str(b, vocab->from.text);
    buf_char(b, ' ');
    buf_str(b, vocab->to.text);
    if (vocab->oov == OOV_MEAN) {
        buf_text(b, " oov mean");
    } else if (vocab->oov == OOV_ROW) {
        buf_printf(b, " oov row %" PRId64, vocab->row);
    } else {
        buf_text(b, " oov fill ");
        number_print(&vocab->fill, b);
    }
    if (vocab->axis) {
        buf_printf(b, " axis %" PRId64, vocab->axis);
    }
}

/* What new rows have: all of them the row `*extra`, which is none of the value's own where it is
 * joined to it behind its last. */
static errint add_mean(const struct value *in, unsigned axis, struct op_result *out,
                       struct value *joined)
{
    struct value parts[2] = {*in};
    if (!arithmetic_takes(in->dtype)) {
        return op_fail_as(out, DIAG_DTYPE_MISMATCH, "%s has no mean", dtype_name(in->dtype));
    }
    if (in->shape.dims[axis] == 0) {
        return op_fail(out, "axis %u of %s has length 0: there is no row to take the mean of", axis,
                       shape_text(in->shape).text);
    }
    errint rc = value_mean_row(in, axis, out->arena, out->kept, &parts[1]);
    if (rc == -EFBIG) {
        return op_fail_as(out, DIAG_LIMIT,
                          "means of rows would take more than %d MiB in all of the map",
                          VALUE_ROWS_MOST >> 20);
    }
    return rc < 0 ? rc : value_join(parts, 2, axis, out->arena, joined);
}

/* The row that stands for new tokens: one of the value's, or the mean that is joined to it. */
static errint find_new_row(const struct vocab_arguments *wanted, const struct value *in,
                           unsigned axis, struct op_result *out, struct value *v, int64_t *row)
{
    int64_t dim = in->shape.dims[axis];
    *v = *in;
    *row = VALUE_NOTHING;
    if (wanted->oov == OOV_ROW) {
        if (wanted->row < -dim || wanted->row >= dim) {
            return op_fail(out, "oov row %" PRId64 ": axis %u of %s has length %" PRId64,
                           wanted->row, axis, shape_text(in->shape).text, dim);
        }
        *row = wanted->row < 0 ? wanted->row + dim : wanted->row;
    }
    if (wanted->oov == OOV_MEAN) {
        *row = dim;
        return add_mean(in, axis, out, v);
    }
    return 0;
}

static errint vocab(const void *arguments, const struct value *in, uint32_t count,
                    struct op_result *out)
{
    (void)count;
    const struct vocab_arguments *wanted = arguments;
    CLEANUP_FREE int64_t *rows = NULL;
    int64_t row_count = 0;
    int64_t lines = 0;
    int64_t new_row;
    uint8_t fill[16];
    unsigned axis;
    struct value v;
    errint rc = op_axis(out, in, wanted->axis, &axis);
    if (rc == 0) {
        rc = vocabulary_remap(wanted->from.path, wanted->to.path, out, &rows, &row_count, &lines);
    }
    if (rc < 0) {
        return rc;
    }
    if (lines > in->shape.dims[axis]) {
        return op_fail(out, "%s has %" PRId64 " tokens, and axis %u of %s only %" PRId64 " rows",
                       wanted->from.path, lines, axis, shape_text(in->shape).text,
                       in->shape.dims[axis]);
    }
    rc = find_new_row(wanted, in, axis, out, &v, &new_row);
    if (rc == 0 && number_element(&wanted->fill, in->dtype, fill) < 0) {
        rc = op_fail_as(out, DIAG_DTYPE_MISMATCH, "oov fill: the number is no %s",
                        dtype_name(in->dtype));
    }
    for (int64_t i = 0; i < row_count; i++) {
        rows[i] = rows[i] == VALUE_NOTHING ? new_row : rows[i];
    }
    return rc < 0 ? rc
                  : op_give(out, value_take(&v, axis, rows, row_count, fill, out->arena, &v), &v);
}

const struct op_type op_vocab = {
    .syntax = {.name = "vocab",
               .form = "vocab OLD NEW [oov fill VALUE|oov row I|oov mean] [axis A]",
               .parse = parse_vocab,
               .print = print_vocab},
    .apply = vocab,
};
