/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool diff`: two views, each of a checkpoint and a map of its own. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "compare/differences.h"
#include "tool/diff_indexes.h"
#include "tool/target_data.h"

struct diff_run {
    const struct tool_args *args;
    struct diag *diag;
    struct view a;
    struct view b;
    bool b_tried;
    struct diff_list list;
    const struct pair **read; /* owns: the pairs that are read */
    uint32_t read_count;
    struct tool_bar bar;
    bool no_memory; /* a row could not be kept */
};

/* ---- opening --------------------------------------------------------------------------------- */

static struct view_request request_of(const struct tool_args *args, bool b)
{
    const char *word = args->operands[b];
    return (struct view_request){
        .checkpoint = strcmp(word, "none") != 0 ? word : NULL,
        .map = b ? args->map_b : args->map,
        .extra = args->extra,
        .depth = VIEW_PLAN,
        .values_only = true,
        .targets_only = true,
    };
}

static errint find_read(struct diff_run *r, struct diag *d)
{
    const struct pairs *pairs = &r->list.pairs;
    r->read_count = 0;
    free(r->read);
    r->read = calloc((size_t)pairs->count + 1, sizeof(*r->read));
    if (!r->read) {
        return diag_no_memory(d);
    }
    for (uint32_t i = 0; i < pairs->count; i++) {
        if (pairs->pairs[i].state == PAIR_UNREAD) {
            r->read[r->read_count++] = &pairs->pairs[i];
        }
    }
    return 0;
}

static errint open_side(const struct diff_run *r, struct view *v, bool b, struct diag *d)
{
    const struct target **targets = calloc((size_t)r->read_count + 1, sizeof(*targets));
    if (!targets) {
        return diag_no_memory(d);
    }
    for (uint32_t i = 0; i < r->read_count; i++) {
        targets[i] = b ? r->read[i]->b : r->read[i]->a;
    }
    errint rc = target_data_open(v->catalog, targets, r->read_count, d);
    free(targets);
    return rc;
}

/* B's files are known, and A's: what has to be read of both is opened. */
static errint open_both(struct view *b, struct diag *d, void *context)
{
    struct diff_run *r = context;
    pairs_fini(&r->list.pairs); /* B may be opened again */
    if (pairs_find(&r->a, b, r->list.values, &r->list.pairs) < 0) {
        return diag_no_memory(d);
    }
    errint rc = find_read(r, d);
    if (rc < 0) {
        return rc;
    }
    errint opened = open_side(r, &r->a, false, d);
    return first_failure(opened, open_side(r, b, true, d));
}

/* A's files are known: B is opened before A's data files are, since it says which of them are
 * needed. */
static errint open_b(struct view *a, struct diag *d, void *context)
{
    struct diff_run *r = context;
    struct view_request request = request_of(r->args, true);
    (void)a; /* r->a */
    if (r->b_tried) {
        view_close(&r->b); /* A is opened again */
    }
    r->b_tried = true;
    request.open_data = open_both;
    request.context = r;
    return view_open(&request, d, &r->b);
}

static errint open_views(struct diff_run *r)
{
    struct view_request request = request_of(r->args, false);
    request.open_data = open_b;
    request.context = r;
    errint rc = view_open(&request, r->diag, &r->a);
    if (rc < 0 && !r->b_tried && rc != -ENOMEM) { /* what is wrong with B is said, too */
        struct view_request other = request_of(r->args, true);
        r->b_tried = true;
        rc = first_failure(rc, view_open(&other, r->diag, &r->b));
    }
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint8_t state_of(const struct diff_list *l, const struct pair_difference *found)
{
    const struct difference *d = &found->difference;
    if (found->rc < 0) {
        return PAIR_UNREADABLE;
    }
    if (!d->unequal) {
        return PAIR_EQUAL;
    }
    return l->tolerant && !d->outside ? PAIR_WITHIN : PAIR_DIFFERENT;
}

static void note_most(struct diff_most *most, const struct largest *l, uint32_t pair)
{
    if (l->value > most->value) {
        *most = (struct diff_most){l->value, pair, l->at};
    }
}

static void complain(struct diff_run *r, const struct pair *p, const struct pair_difference *found)
{
    diag_error(r->diag, DIAG_FILE_UNREADABLE, "", pair_name(p), "cannot read '%s' of %s: %s",
               diag_visible(r->diag, pair_name(p)), found->unreadable_b ? "B" : "A", found->why);
}

static void take(void *context, uint32_t i, const struct pair_difference *found)
{
    struct diff_run *r = context;
    struct diff_list *l = &r->list;
    uint32_t number = (uint32_t)(r->read[i] - l->pairs.pairs);
    struct pair *p = &l->pairs.pairs[number];
    p->state = state_of(l, found);
    if (found->rc < 0) {
        complain(r, p, found);
    } else {
        difference_merge(&l->total, &found->difference);
        note_most(&l->absolute, &found->difference.absolute, number);
        note_most(&l->relative, &found->difference.relative, number);
    }
    if (p->state == PAIR_EQUAL && !r->args->json) {
        return; /* nothing is told of it */
    }
    if (!grow(&l->rows, &l->row_cap, l->row_count, sizeof(*l->rows))) {
        r->no_memory = true;
        return;
    }
    struct diff_row *row = &l->rows[l->row_count++];
    *row = (struct diff_row){.pair = number, .difference = found->difference};
    if (found->rc < 0) {
        row->fault = arena_cstr(&r->diag->arena, str_from(found->why));
        row->fault_b = found->unreadable_b;
    }
}

static void progress(void *context, uint64_t done, uint64_t bytes)
{
    struct diff_run *r = context;
    r->list.bytes = done;
    bar_draw(&r->bar, done, bytes);
}

static errint read_pairs(struct diff_run *r)
{
    const struct tool_args *args = r->args;
    const struct differences of = {
        .a = &r->a,
        .b = &r->b,
        .pairs = r->read,
        .count = r->read_count,
        .values = r->list.values,
        .tolerance = {args->atol > 0 ? args->atol : 0, args->rtol > 0 ? args->rtol : 0},
        .context = r,
        .take = take,
        .progress = progress,
    };
    bar_begin(&r->bar, args->quiet);
    errint rc = r->read_count ? differences_run(&of) : 0;
    bar_end(&r->bar);
    r->list.seconds = bar_seconds(&r->bar);
    return rc < 0 || r->no_memory ? diag_no_memory(r->diag) : 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

static errint diff_views(struct diff_run *r)
{
    struct diff_list *l = &r->list;
    errint rc = open_views(r);
    if (rc < 0) {
        return rc;
    }
    const struct view *views[] = {&r->a, &r->b};
    l->a = &r->a;
    l->b = &r->b;
    diff_note_view(l, &r->a, false);
    diff_note_view(l, &r->b, true);
    sandbox_narrow_all(r->args->sandbox, views, ARRAY_LEN(views));
    rc = read_pairs(r);
    l->count = l->pairs.count;
    for (uint32_t i = 0; i < l->pairs.count; i++) {
        l->states[l->pairs.pairs[i].state]++;
    }
    return rc;
}

static errint diff(struct diff_run *r, struct tool_out *o)
{
    uint64_t errors_before = r->diag->errors;
    int done = diff_indexes(r->args, r->diag, &r->diag->arena, &r->list);
    errint rc = done > 0 ? 0 : diff_views(r);
    if (rc < 0) {
        return rc;
    }
    if (r->args->json) {
        diff_json(&r->list, o);
    } else {
        diff_table(&r->list, o);
    }
    return r->diag->errors > errors_before ? -EIO : 0;
}

int tool_diff(const struct tool_args *args, struct tool_out *o)
{
    if (args->operand_count > 2) {
        return tool_usage("diff: two checkpoints, not '%s' too", args->operands[2]);
    }
    if (args->operand_count < 2) {
        return tool_usage("diff: which %s?",
                          args->operand_count ? "other checkpoint" : "two checkpoints");
    }
    struct diag d;
    struct diff_run r = {.args = args, .diag = &d};
    r.list.tolerant = args->atol >= 0 || args->rtol >= 0;
    r.list.values = args->values || r.list.tolerant;
    diag_init(&d);
    errint rc = diff(&r, o);
    bool equal = rc == 0 && diff_is_equal(&r.list);
    out_flush(o);
    rc = tool_complain(&d, args->quiet, rc);
    diff_list_clear(&r.list);
    free(r.read);
    view_close(&r.b);
    view_close(&r.a);
    diag_fini(&d);
    if (rc < 0) {
        return o->trouble;
    }
    return equal ? TOOL_OK : TOOL_FAILED;
}
