/* SPDX-License-Identifier: Apache-2.0 */
/* slice, take: some indices of axes. */
#include <inttypes.h>
#include <string.h>

#include "map/token.h"
#include "plan/ops/op_type.h"

/* ---- slice ----------------------------------------------------------------------------------- */

/* START:STOP:STEP as written. */
struct bounds {
    int64_t start;
    int64_t stop;
    int64_t step;
    bool has_start;
    bool has_stop;
};

struct slice_arguments {
    struct bounds *axes;
    unsigned count;
};

static bool parse_bound(struct str word, int64_t *number, bool *has)
{
    *has = word.len > 0;
    return word.len == 0 || op_integer(word, number);
}

/* `1:5`, `:`, `::-1`. */
static bool parse_bounds(struct str text, struct bounds *out)
{
    struct str rest;
    bool has_step = false;
    *out = (struct bounds){.step = 1};
    struct str start = token_cut(text, ':', &rest);
    if (!rest.ptr || !parse_bound(start, &out->start, &out->has_start)) {
        return false;
    }
    struct str stop = token_cut(rest, ':', &rest);
    if (!parse_bound(stop, &out->stop, &out->has_stop)) {
        return false;
    }
    if (rest.ptr && !parse_bound(rest, &out->step, &has_step)) {
        return false;
    }
    out->step = has_step ? out->step : 1;
    return out->step != 0;
}

static errint parse_slice(const struct op_text *t, const struct op_syntax *self,
                          const void **arguments)
{
    struct bounds axes[SHAPE_RANK_MOST];
    unsigned count = 0;
    struct str rest = t->text;
    while (rest.ptr) {
        struct str word = token_cut(rest, ',', &rest);
        if (count == SHAPE_RANK_MOST || !parse_bounds(word, &axes[count++])) {
            return op_refuse(t, self);
        }
    }
    struct slice_arguments *made = ARENA_NEW(t->arena, struct slice_arguments);
    struct bounds *kept = ARENA_ARRAY(t->arena, struct bounds, count);
    if (!made || !kept) {
        return -ENOMEM;
    }
    memcpy(kept, axes, count * sizeof(*kept));
    *made = (struct slice_arguments){kept, count};
    *arguments = made;
    return 0;
}

static void print_slice(const void *arguments, struct buf *b)
{
    const struct slice_arguments *slice = arguments;
    for (unsigned i = 0; i < slice->count; i++) {
        const struct bounds *axis = &slice->axes[i];
        buf_text(b, i ? "," : " ");
        if (axis->has_start) {
            buf_printf(b, "%" PRId64, axis->start);
        }
        buf_char(b, ':');
        if (axis->has_stop) {
            buf_printf(b, "%" PRId64, axis->stop);
        }
        if (axis->step != 1) {
            buf_printf(b, ":%" PRId64, axis->step);
        }
    }
}

/* A bound as Python takes it, within [low, high]. */
static int64_t clip(int64_t bound, int64_t dim, int64_t low, int64_t high)
{
    bound += bound < 0 ? dim : 0;
    if (bound < low) {
        return low;
    }
    return bound > high ? high : bound;
}

/* PySlice_AdjustIndices (cpython/Objects/sliceobject.c). */
static struct value_range range_of(const struct bounds *b, int64_t dim)
{
    bool down = b->step < 0;
    int64_t low = down ? -1 : 0;
    int64_t high = down ? dim - 1 : dim;
    int64_t start = down ? high : 0;
    int64_t stop = down ? -1 : dim;
    if (b->has_start) {
        start = clip(b->start, dim, low, high);
    }
    if (b->has_stop) {
        stop = clip(b->stop, dim, low, high);
    }
    int64_t distance = down ? start - stop : stop - start;
    uint64_t step = down ? -(uint64_t)b->step : (uint64_t)b->step;
    int64_t count = distance <= 0 ? 0 : (int64_t)(((uint64_t)distance - 1) / step) + 1;
    return (struct value_range){start, count, count > 1 ? b->step : 1};
}

static errint slice(const void *arguments, const struct value *in, uint32_t count,
                    struct op_result *out)
{
    (void)count;
    const struct slice_arguments *wanted = arguments;
    struct value_range ranges[SHAPE_RANK_MOST];
    struct value v;
    if (wanted->count > in->shape.rank) {
        return op_fail(out, "%u ranges are given, and %s has %u axes", wanted->count,
                       shape_text(in->shape).text, in->shape.rank);
    }
    for (unsigned k = 0; k < in->shape.rank; k++) {
        int64_t dim = in->shape.dims[k];
        ranges[k] = (struct value_range){0, dim, 1};
        if (k < wanted->count) {
            ranges[k] = range_of(&wanted->axes[k], dim);
        }
    }
    return op_give(out, value_slice(in, ranges, out->arena, &v), &v);
}

const struct op_type op_slice = {
    .syntax = {.name = "slice",
               .form = "slice START:STOP[:STEP],...",
               .parse = parse_slice,
               .print = print_slice},
    .apply = slice,
};

/* ---- take ------------------------------------------------------------------------------------ */

enum { TAKE_MOST = 4096 };

struct take_arguments {
    int64_t axis;
    int64_t *indices;
    unsigned count;
    int64_t blocks; /* indices are of that many equal blocks; 0: of the axis itself */
};

/* AXIS i,j,... [of N] */
static errint parse_take(const struct op_text *t, const struct op_syntax *self,
                         const void **arguments)
{
    struct take_arguments *made = ARENA_NEW(t->arena, struct take_arguments);
    int64_t *indices = ARENA_ARRAY(t->arena, int64_t, TAKE_MOST);
    if (!made || !indices) {
        return -ENOMEM;
    }
    struct str list;
    struct str axis = token_next(t->text, &list);
    long of = str_search(list, STR(" of "));
    if (of >= 0) {
        struct str blocks = str_trim(str_from_pos(list, (size_t)of + 4));
        list = str_head(list, (size_t)of);
        if (!op_integer(blocks, &made->blocks) || made->blocks < 1) {
            return op_refuse(t, self);
        }
    }
    int count = op_integers(list, indices, TAKE_MOST);
    if (!op_integer(axis, &made->axis) || count < 1) {
        return op_refuse(t, self);
    }
    made->indices = indices;
    made->count = (unsigned)count;
    *arguments = made;
    return 0;
}

static void print_take(const void *arguments, struct buf *b)
{
    const struct take_arguments *take = arguments;
    buf_printf(b, " %" PRId64, take->axis);
    op_print_list(&(struct op_list){take->indices, take->count}, b);
    if (take->blocks) {
        buf_printf(b, " of %" PRId64, take->blocks);
    }
}

/* The indices counted from the beginning, of `dim` of them or of the blocks of these. */
static errint find_indices(const struct take_arguments *take, int64_t dim, int64_t *indices,
                           struct op_result *out)
{
    int64_t most = take->blocks ? take->blocks : dim;
    for (unsigned i = 0; i < take->count; i++) {
        int64_t index = take->indices[i];
        if (index < -most || index >= most) {
            return op_fail(out, "index %" PRId64 ": expected %" PRId64 " to %" PRId64 "%s", index,
                           -most, most - 1, most ? "" : ", of which there is none");
        }
        indices[i] = index < 0 ? index + most : index;
    }
    return 0;
}

static errint take_blocks(const struct take_arguments *take, const struct value *in, unsigned axis,
                          const int64_t *blocks, struct op_result *out)
{
    int64_t dim = in->shape.dims[axis];
    struct value *parts = ARENA_ARRAY(out->arena, struct value, take->count);
    struct value v;
    if (!parts) {
        return -ENOMEM;
    }
    int64_t each = dim / take->blocks;
    for (unsigned i = 0; i < take->count; i++) {
        const struct value_range range = {blocks[i] * each, each, 1};
        errint rc = value_slice_axis(in, axis, range, out->arena, &parts[i]);
        if (rc < 0) {
            return rc;
        }
    }
    return op_give(out, value_join(parts, take->count, axis, out->arena, &v), &v);
}

static errint take(const void *arguments, const struct value *in, uint32_t count,
                   struct op_result *out)
{
    (void)count;
    const struct take_arguments *wanted = arguments;
    int64_t indices[TAKE_MOST];
    unsigned axis;
    struct value v;
    errint rc = op_axis(out, in, wanted->axis, &axis);
    if (rc < 0) {
        return rc;
    }
    int64_t dim = in->shape.dims[axis];
    if (wanted->blocks && dim % wanted->blocks) {
        return op_fail(out,
                       "axis %u of %s has length %" PRId64 ", which %" PRId64
                       " equal blocks do not divide",
                       axis, shape_text(in->shape).text, dim, wanted->blocks);
    }
    rc = find_indices(wanted, dim, indices, out);
    if (rc < 0) {
        return rc;
    }
    if (wanted->blocks) {
        return take_blocks(wanted, in, axis, indices, out);
    }
    return op_give(out, value_take(in, axis, indices, wanted->count, NULL, out->arena, &v), &v);
}

const struct op_type op_take = {
    .syntax = {.name = "take",
               .form = "take AXIS I,J,... [of N]",
               .parse = parse_take,
               .print = print_take},
    .apply = take,
};
