/* SPDX-License-Identifier: Apache-2.0 */
/* What `ckptool stat` found, as a table and as JSON. */
#include <inttypes.h>
#include <math.h>

#include "render/text.h"
#include "tensor/cast.h"
#include "tensor/dtype.h"
#include "tool/compare_text.h"
#include "tool/stat.h"
#include "view/report.h"

static enum dtype dtype_of(const struct stat_row *r)
{
    return (enum dtype)target_dtype(r->item.target);
}

static bool is_wide(enum dtype dtype)
{
    return dtype == DTYPE_INT64 || dtype == DTYPE_UINT64;
}

/* As a float of the dtype: "0.1" for the float32 next to it. */
static void add_as(struct buf *b, enum dtype dtype, double value)
{
    char element[8];
    if (dtype_kind(dtype) != DTYPE_KIND_FLOAT ||
        cast_run(DTYPE_FLOAT64, dtype, CAST_CHECKED, &value, element, 1) < 0) {
        text_value(b, DTYPE_FLOAT64, &value);
    } else {
        text_value(b, dtype, element);
    }
}

/* The least or the largest number of a row, as its dtype has it. */
static void add_extreme(const struct stat_row *r, bool most, bool exact, struct buf *b)
{
    enum dtype dtype = dtype_of(r);
    double value = most ? r->moments.most : r->moments.least;
    if (is_wide(dtype)) {
        text_value(b, dtype, most ? &r->most : &r->least);
    } else if (dtype_kind(dtype) != DTYPE_KIND_FLOAT && dtype_kind(dtype) != DTYPE_KIND_COMPLEX) {
        buf_printf(b, "%.0f", value);
    } else if (exact) {
        add_as(b, dtype, value);
    } else {
        text_number(b, value, false);
    }
}

/* ---- the table ------------------------------------------------------------------------------- */

struct table_context {
    const struct stat_list *list;
    bool terminal;
};

static void add_counts(struct buf *b, const struct histogram *h)
{
    for (unsigned i = 0; h->any && i < HISTOGRAM_BINS; i++) {
        buf_printf(b, "%s%" PRIu64, i ? "," : "", h->counts[i]);
    }
}

static void fill_row(const void *context, uint32_t i, struct buf cells[])
{
    const struct table_context *c = context;
    const struct stat_row *r = &c->list->rows[i];
    const struct moments *m = &r->moments;
    const struct target *t = r->item.target;
    bool exact = !c->terminal;
    buf_visible(&cells[0], r->item.name);
    buf_text(&cells[1], dtype_name(target_dtype(t)));
    shape_print(&cells[2], target_shape(t));
    if (!m->count) {
        for (unsigned column = 3; column < 12; column++) {
            buf_char(&cells[column], '-');
        }
        return;
    }
    if (m->finite) {
        add_extreme(r, false, exact, &cells[3]);
        add_extreme(r, true, exact, &cells[4]);
        text_number(&cells[5], m->mean, exact);
        text_number(&cells[6], moments_deviation(m), exact);
        text_number(&cells[7], moments_norm(m), exact);
    } else {
        for (unsigned column = 3; column < 8; column++) {
            buf_char(&cells[column], '-');
        }
    }
    buf_printf(&cells[8], "%" PRIu64, m->zeros);
    buf_printf(&cells[9], "%" PRIu64, m->nans);
    buf_printf(&cells[10], "%" PRIu64, m->infinities);
    if (c->terminal) {
        text_marks(&cells[11], &m->histogram, c->list->utf8);
    } else {
        add_counts(&cells[11], &m->histogram);
    }
}

void stat_table(const struct stat_list *l, struct tool_out *o)
{
    static const char *const head[] = {"NAME", "DTYPE", "SHAPE", "MIN", "MAX", "MEAN",
                                       "STD",  "NORM",  "ZEROS", "NAN", "INF", "HISTOGRAM"};
    struct table_context c = {l, o->terminal};
    struct table t = {
        .columns = ARRAY_LEN(head), .head = head, .right = 0x7f8, .tabs = !o->terminal};
    table_print(&t, fill_row, &c, l->count, o);
    if (o->terminal) { /* programs get rows alone */
        buf_printf(&o->text, "%u tensor%s, ", l->count, l->count == 1 ? "" : "s");
        report_size(&o->text, l->bytes);
        buf_printf(&o->text, ", %.1f s, of ", l->seconds);
        report_paths(l->view, &o->text);
        buf_char(&o->text, '\n');
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void add_extreme_json(struct json *j, const char *key, const struct stat_row *r, bool most)
{
    json_key(j, key);
    if (!r->moments.finite) {
        json_null(j);
    } else if (dtype_of(r) == DTYPE_INT64) {
        json_int(j, (int64_t)(most ? r->most : r->least));
    } else if (dtype_of(r) == DTYPE_UINT64) {
        json_uint(j, most ? r->most : r->least);
    } else {
        json_double(j, most ? r->moments.most : r->moments.least);
    }
}

static void add_number(struct json *j, const char *key, bool any, double value)
{
    json_key(j, key);
    json_double(j, any ? value : (double)NAN);
}

static void add_histogram(struct json *j, const struct histogram *h)
{
    json_key(j, "histogram");
    if (!h->any) {
        json_null(j);
        return;
    }
    json_object(j, JSON_LINE);
    json_key(j, "edges");
    json_array(j, JSON_LINE);
    for (unsigned i = 0; i <= HISTOGRAM_BINS; i++) {
        json_double(j, histogram_edge(h, i));
    }
    json_array_end(j);
    json_key(j, "counts");
    json_array(j, JSON_LINE);
    for (unsigned i = 0; i < HISTOGRAM_BINS; i++) {
        json_uint(j, h->counts[i]);
    }
    json_array_end(j);
    json_object_end(j);
}

static void add_moments(struct json *j, const struct stat_row *r)
{
    const struct moments *m = &r->moments;
    add_extreme_json(j, "minimum", r, false);
    add_extreme_json(j, "maximum", r, true);
    add_number(j, "mean", m->finite, m->mean);
    add_number(j, "deviation", m->finite, moments_deviation(m));
    add_number(j, "norm", m->finite, moments_norm(m));
    json_key(j, "zeros");
    json_uint(j, m->zeros);
    json_key(j, "nan");
    json_uint(j, m->nans);
    json_key(j, "infinite");
    json_uint(j, m->infinities);
    add_histogram(j, &m->histogram);
}

void stat_json_row(const struct stat_row *r, struct json *j)
{
    uint64_t elements = 0;
    errint counted = shape_elements(target_shape(r->item.target), &elements);
    json_object(j, JSON_LINE);
    json_key(j, "name");
    json_str(j, r->item.name);
    json_tensor(j, r->item.target);
    json_key(j, "elements");
    json_uint(j, counted < 0 ? 0 : elements);
    json_key(j, "bytes");
    json_uint(j, target_bytes(r->item.target));
    if (r->fault) {
        json_key(j, "fault");
        json_text(j, r->fault);
    } else if (r->moments.count) {
        add_moments(j, r);
    }
    json_object_end(j);
}

void stat_json(const struct stat_list *l, struct tool_out *o)
{
    struct json j = json_begin(&o->text);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "version");
    json_uint(&j, 1);
    report_checkpoint(&j, l->view);
    report_named_checkpoints(&j, l->view);
    json_key(&j, "tensors");
    json_array(&j, JSON_BLOCK);
    for (uint32_t i = 0; i < l->count && out_settle(o) == 0; i++) {
        stat_json_row(&l->rows[i], &j);
    }
    json_array_end(&j);
    json_object_end(&j);
    json_end(&j);
}
