/* SPDX-License-Identifier: Apache-2.0 */
/* What `ckptool diff` found, as a table and as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "tool/compare_text.h"
#include "tool/diff.h"
#include "view/report.h"

static const struct {
    const char *word;
    const char *key; /* in JSON */
    bool equal;
} states[PAIR_STATE_COUNT] = {
    [PAIR_ONLY_A] = {"only in A", "only-a", false},
    [PAIR_ONLY_B] = {"only in B", "only-b", false},
    [PAIR_DTYPE] = {"dtype", "dtype", false},
    [PAIR_SHAPE] = {"shape", "shape", false},
    [PAIR_SAME_SUM] = {"equal by checksum", "equal-by-checksum", true},
    [PAIR_OTHER_SUM] = {"different by checksum", "different-by-checksum", false},
    [PAIR_UNREAD] = {"unread", "unread", false},
    [PAIR_EQUAL] = {"equal", "equal", true},
    [PAIR_WITHIN] = {"within tolerance", "within", true},
    [PAIR_DIFFERENT] = {"different", "different", false},
    [PAIR_UNREADABLE] = {"unreadable", "unreadable", false},
};

bool diff_is_equal(const struct diff_list *l)
{
    for (unsigned state = 0; state < PAIR_STATE_COUNT; state++) {
        if (l->states[state] && !states[state].equal) {
            return false;
        }
    }
    return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* The pairs that are told, each with what was read of it. */
struct told {
    uint32_t pair;
    const struct diff_row *row; /* NULL: it was not read */
};

struct table_context {
    const struct diff_list *list;
    struct told *told; /* owns */
    uint32_t count;
    bool exact;
};

static errint find_told(struct table_context *c)
{
    const struct diff_list *l = c->list;
    uint32_t row = 0;
    c->told = calloc((size_t)l->pairs.count + 1, sizeof(*c->told));
    for (uint32_t i = 0; c->told && i < l->pairs.count; i++) {
        bool read = row < l->row_count && l->rows[row].pair == i;
        const struct diff_row *of = read ? &l->rows[row++] : NULL;
        unsigned state = l->pairs.pairs[i].state;
        if (!states[state].equal || state == PAIR_WITHIN) {
            c->told[c->count++] = (struct told){i, of};
        }
    }
    return c->told ? 0 : -ENOMEM;
}

static void add_largest(struct buf cells[2], const struct largest *l, const struct target *t,
                        bool exact)
{
    text_number(&cells[0], l->value, exact);
    if (l->value > 0) {
        text_index(&cells[1], target_shape(t), l->at);
    } else {
        buf_char(&cells[1], '-');
    }
}

static void fill_values(const struct diff_row *r, const struct target *t, bool exact,
                        struct buf cells[])
{
    const struct difference *d = &r->difference;
    buf_printf(&cells[0], "%" PRIu64, d->unequal);
    if (!target_sized(t)) {
        buf_char(&cells[1], '-');
        text_index(&cells[2], target_shape(t), d->first);
        for (unsigned column = 3; column < 7; column++) {
            buf_char(&cells[column], '-');
        }
        return;
    }
    add_largest(&cells[1], &d->absolute, t, exact);
    add_largest(&cells[3], &d->relative, t, exact);
    text_number(&cells[5], difference_cosine(d), exact);
    text_number(&cells[6], difference_norm(d), exact);
}

/* What was read of a pair, in the columns after its names. */
static void fill_read(const struct table_context *c, const struct told *told, struct buf cells[])
{
    const struct diff_row *r = told->row;
    const struct target *t = c->list->pairs.pairs[told->pair].a;
    if (r && r->fault) {
        buf_printf(&cells[0], "%s: ", r->fault_b ? "B" : "A");
        buf_safe(&cells[0], str_from(r->fault));
    } else if (r && c->list->values) {
        fill_values(r, t, c->exact, cells);
    } else if (r) {
        buf_text(&cells[0], "from ");
        text_index(&cells[0], target_shape(t), r->difference.first);
        buf_text(&cells[0], " on");
    }
}

static void fill_row(const void *context, uint32_t i, struct buf cells[])
{
    const struct table_context *c = context;
    const struct told *told = &c->told[i];
    const struct pair *p = &c->list->pairs.pairs[told->pair];
    buf_text(&cells[0], states[p->state].word);
    buf_visible(&cells[1], pair_name(p));
    if (p->a) {
        text_tensor(&cells[2], p->a);
    } else {
        buf_char(&cells[2], '-');
    }
    if (p->b) {
        text_tensor(&cells[3], p->b);
    } else {
        buf_char(&cells[3], '-');
    }
    fill_read(c, told, cells + 4);
}

static void add_most(const struct diff_list *l, const char *what, const struct diff_most *most,
                     struct buf *b)
{
    const struct pair *p = &l->pairs.pairs[most->pair];
    if (!(most->value > 0)) {
        return;
    }
    buf_printf(b, ", %s ", what);
    text_number(b, most->value, false);
    buf_text(b, " (");
    buf_visible(b, pair_name(p));
    buf_char(b, ' ');
    text_index(b, target_shape(p->a), most->at);
    buf_char(b, ')');
}

/* "in all: ..." */
static void add_total(const struct diff_list *l, struct buf *b)
{
    const struct difference *d = &l->total;
    buf_printf(b, "in all: %" PRIu64 " of %" PRIu64 " elements differ", d->unequal, d->count);
    if (l->tolerant) {
        buf_printf(b, ", %" PRIu64 " by more than the tolerance", d->outside);
    }
    if (d->unpaired) {
        buf_printf(b, ", %" PRIu64 " are NaN or infinite on one side", d->unpaired);
    }
    add_most(l, "absolutely at most", &l->absolute, b);
    add_most(l, "relatively at most", &l->relative, b);
    buf_text(b, "; cosine ");
    text_number(b, difference_cosine(d), false);
    buf_text(b, ", norm of the difference ");
    text_number(b, difference_norm(d), false);
    buf_char(b, '\n');
}

/* "7 tensors: 5 equal by checksum, ..." */
static void add_summary(const struct diff_list *l, struct buf *b)
{
    static const uint8_t order[] = {PAIR_SAME_SUM,  PAIR_EQUAL,     PAIR_WITHIN, PAIR_OTHER_SUM,
                                    PAIR_DIFFERENT, PAIR_DTYPE,     PAIR_SHAPE,  PAIR_ONLY_A,
                                    PAIR_ONLY_B,    PAIR_UNREADABLE};
    const char *gap = ": ";
    buf_printf(b, "%" PRIu64 " tensor%s", l->count, l->count == 1 ? "" : "s");
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        unsigned state = order[i];
        if (l->states[state]) {
            bool differs_in = state == PAIR_DTYPE || state == PAIR_SHAPE;
            buf_printf(b, "%s%" PRIu64 " %s%s", gap, l->states[state],
                       differs_in ? "of another " : "", states[state].word);
            gap = ", ";
        }
    }
    if (l->hidden) {
        buf_printf(b, "; %" PRIu64 " that cannot be shown are not compared", l->hidden);
    }
    buf_text(b, "; A is ");
    buf_str(b, buf_view(&l->paths[0]));
    buf_text(b, ", B is ");
    buf_str(b, buf_view(&l->paths[1]));
    if (l->bytes) {
        buf_text(b, "; ");
        report_size(b, l->bytes);
        buf_printf(b, " read, %.1f s", l->seconds);
    }
    buf_char(b, '\n');
}

void diff_table(const struct diff_list *l, struct tool_out *o)
{
    static const char *const head[] = {"WHAT", "NAME",     "A",  "B",      "DIFFERING", "ABSOLUTE",
                                       "AT",   "RELATIVE", "AT", "COSINE", "NORM"};
    static const char *const plain_head[] = {"WHAT", "NAME", "A", "B", ""};
    struct table_context c = {.list = l, .exact = !o->terminal};
    if (find_told(&c) < 0) {
        o->text.failed = true;
        return;
    }
    struct table t = {.columns = l->values ? ARRAY_LEN(head) : ARRAY_LEN(plain_head),
                      .head = l->values ? head : plain_head,
                      .right = l->values ? 0x6b0 : 0,
                      .tabs = !o->terminal};
    if (c.count) {
        table_print(&t, fill_row, &c, c.count, o);
    }
    add_summary(l, &o->text);
    if (l->values && l->total.count) {
        add_total(l, &o->text);
    }
    free(c.told);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void add_side(struct json *j, const char *key, const struct target *t)
{
    json_key(j, key);
    if (!t) {
        json_null(j);
        return;
    }
    json_object(j, JSON_LINE);
    json_tensor(j, t);
    json_object_end(j);
}

static void add_place(struct json *j, const char *key, double value, const struct target *t,
                      uint64_t at)
{
    json_key(j, key);
    json_object(j, JSON_LINE);
    json_key(j, "value");
    json_double(j, value);
    json_key(j, "index");
    if (value > 0) {
        json_index(j, target_shape(t), at);
    } else {
        json_null(j);
    }
    json_object_end(j);
}

static void add_count(struct json *j, const char *key, uint64_t count)
{
    json_key(j, key);
    json_uint(j, count);
}

static void add_sums(struct json *j, const struct difference *d)
{
    json_key(j, "cosine");
    json_double(j, difference_cosine(d));
    json_key(j, "norm");
    json_double(j, difference_norm(d));
}

static void add_read(struct json *j, const struct diff_list *l, const struct diff_row *r)
{
    const struct target *t = l->pairs.pairs[r->pair].a;
    const struct difference *d = &r->difference;
    if (r->fault) {
        json_key(j, r->fault_b ? "fault_b" : "fault_a");
        json_text(j, r->fault);
        return;
    }
    json_key(j, "first");
    if (d->unequal) {
        json_index(j, target_shape(t), d->first);
    } else {
        json_null(j);
    }
    if (!l->values) {
        return;
    }
    add_count(j, "elements", d->count);
    add_count(j, "differing", d->unequal);
    if (l->tolerant) {
        add_count(j, "outside", d->outside);
    }
    if (target_sized(t)) {
        add_count(j, "unpaired", d->unpaired);
        add_place(j, "absolute", d->absolute.value, t, d->absolute.at);
        add_place(j, "relative", d->relative.value, t, d->relative.at);
        add_sums(j, d);
    }
}

static void add_pairs(struct json *j, const struct diff_list *l, struct tool_out *o)
{
    uint32_t row = 0;
    json_key(j, "tensors");
    json_array(j, JSON_BLOCK);
    for (uint32_t i = 0; i < l->pairs.count && out_settle(o) == 0; i++) {
        const struct pair *p = &l->pairs.pairs[i];
        json_object(j, JSON_LINE);
        json_key(j, "name");
        json_str(j, pair_name(p));
        json_key(j, "state");
        json_text(j, states[p->state].key);
        add_side(j, "a", p->a);
        add_side(j, "b", p->b);
        if (row < l->row_count && l->rows[row].pair == i) {
            add_read(j, l, &l->rows[row++]);
        }
        json_object_end(j);
    }
    json_array_end(j);
}

static void add_most_json(struct json *j, const char *key, const struct diff_list *l,
                          const struct diff_most *most)
{
    json_key(j, key);
    json_object(j, JSON_LINE);
    json_key(j, "value");
    json_double(j, most->value);
    json_key(j, "name");
    if (most->value > 0) {
        const struct pair *p = &l->pairs.pairs[most->pair];
        json_str(j, pair_name(p));
        json_key(j, "index");
        json_index(j, target_shape(p->a), most->at);
    } else {
        json_null(j);
        json_key(j, "index");
        json_null(j);
    }
    json_object_end(j);
}

static void add_total_json(struct json *j, const struct diff_list *l)
{
    json_key(j, "total");
    json_object(j, JSON_BLOCK);
    for (unsigned state = 0; state < PAIR_STATE_COUNT; state++) {
        if (state != PAIR_UNREAD) {
            add_count(j, states[state].key, l->states[state]);
        }
    }
    if (l->values) {
        add_count(j, "elements", l->total.count);
        add_count(j, "differing", l->total.unequal);
        if (l->tolerant) {
            add_count(j, "outside", l->total.outside);
        }
        add_count(j, "unpaired", l->total.unpaired);
        add_most_json(j, "absolute", l, &l->absolute);
        add_most_json(j, "relative", l, &l->relative);
        add_sums(j, &l->total);
    }
    json_object_end(j);
}

static void add_view(struct json *j, const char *key, const struct view *v)
{
    json_key(j, key);
    json_object(j, JSON_BLOCK);
    report_checkpoint(j, v);
    report_named_checkpoints(j, v);
    json_object_end(j);
}

void diff_json(const struct diff_list *l, struct tool_out *o)
{
    struct json j = json_begin(&o->text);
    json_object(&j, JSON_BLOCK);
    add_count(&j, "version", 1);
    add_view(&j, "a", l->a);
    add_view(&j, "b", l->b);
    add_pairs(&j, l, o);
    add_total_json(&j, l);
    json_object_end(&j);
    json_end(&j);
}
