/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/plan_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "plan/explained.h"
#include "source/catalog_join.h"
#include "tensor/dtype.h"
#include "view/made_of.h"
#include "view/report.h"

/* The targets of the plan, ordered by rule: those of rule r are order[first[r]] to order[first[r +
 * 1] - 1]. */
struct by_rule {
    const struct view *view;
    const struct tool_args *args;
    const uint8_t *only; /* NULL: all targets */
    uint32_t *order;     /* owns */
    uint32_t *first;     /* owns; one more than there are rules */
    uint32_t base;       /* of the rule whose table is being printed */
};

static void by_rule_fini(struct by_rule *g)
{
    free(g->order);
    free(g->first);
}

/* A counting sort, stable: within a rule, targets stay in the order of the plan. */
static errint group(struct by_rule *g)
{
    const struct plan *p = g->view->plan;
    uint32_t rules = g->view->map->rule_count;
    g->order = calloc((size_t)p->count + 1, sizeof(*g->order));
    g->first = calloc((size_t)rules + 2, sizeof(*g->first));
    if (!g->order || !g->first) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        g->first[p->targets[i].rule + 2] += !g->only || g->only[i];
    }
    for (uint32_t r = 1; r < rules + 2; r++) {
        g->first[r] += g->first[r - 1];
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (!g->only || g->only[i]) { /* first[r + 1] is where rule r is filled, and ends as its
                                         end */
            g->order[g->first[p->targets[i].rule + 1]++] = i;
        }
    }
    return 0;
}

/* ---- one target ------------------------------------------------------------------------------ */

static const struct explained *explained_of(const struct target *t)
{
    return t->form ? t->form->explained : NULL;
}

/* "in place", or, where there are several kinds, "8192 in place, 64 computed". */
static void print_made_of(const struct made_of *m, bool human, struct buf *b)
{
    struct made_of_kind kinds[MADE_OF_KINDS];
    unsigned count = made_of_kinds(m, kinds);
    for (unsigned i = 0; i < count; i++) {
        buf_text(b, i ? ", " : "");
        if (count > 1) {
            table_size(b, kinds[i].bytes, human);
            buf_char(b, ' ');
        }
        buf_text(b, kinds[i].word);
    }
}

static void print_source(const struct catalog *c, const struct target *t, struct buf *b)
{
    const struct explained *e = explained_of(t);
    if (t->source) {
        catalog_visible_name(c, t->source, b);
        buf_text(b, e && e->sources > 1 ? ", ..." : "");
    } else {
        buf_char(b, '~');
    }
}

static void plan_row(const void *context, uint32_t i, struct buf cells[])
{
    const struct by_rule *g = context;
    uint32_t number = g->order[g->base + i];
    const struct target *t = &g->view->plan->targets[number];
    CLEANUP_BUF struct buf path = {0};
    struct made_of made = {0};
    report_path(g->view, number, &path);
    print_source(g->view->catalog, t, &cells[0]);
    buf_text(&cells[1], "-> ");
    buf_visible(&cells[1], buf_view(&path));
    buf_text(&cells[2], dtype_name(target_dtype(t)));
    shape_print(&cells[3], target_shape(t));
    if (target_sized(t)) {
        table_size(&cells[4], target_bytes(t), g->args->human);
    } else {
        buf_char(&cells[4], '-');
    }
    made_of_add(&made, g->view->catalog, t);
    print_made_of(&made, g->args->human, &cells[5]);
    cells[0].failed |= path.failed;
}

/* ---- how it came to be ----------------------------------------------------------------------- */

enum { STEPS_SHOWN = 32 }; /* of one target */

/* The steps below an explanation, each once, those that are nearest first. */
struct step_list {
    const struct explained *steps[STEPS_SHOWN];
    unsigned count;
    bool more;
};

/* A step is given by its rule and its name. */
static void add_step(struct step_list *l, const struct explained *step)
{
    for (unsigned i = 0; i < l->count; i++) {
        if (l->steps[i] == step) {
            return;
        }
    }
    if (l->count == STEPS_SHOWN) {
        l->more = true;
        return;
    }
    l->steps[l->count++] = step;
}

static void add_steps(struct step_list *l, const struct explained *e)
{
    for (uint32_t i = 0; i < e->step_count && !l->more; i++) {
        add_step(l, e->steps[i]);
    }
}

/* What no operation of an expression has made: a tensor that a rule, or a declaration, casts. */
static void print_cast(const struct catalog *c, const struct target *t, struct buf *b)
{
    const struct target_form *f = t->form;
    if (f && t->source && f->dtype != t->source->dtype) {
        buf_text(b, "      ");
        catalog_visible_name(c, t->source, b);
        buf_char(b, ' ');
        shape_print(b, tensor_shape(t->source));
        buf_printf(b, " %s -> cast %s%s\n", dtype_name(t->source->dtype), dtype_name(f->dtype),
                   cast_mode_suffix(f->cast_mode));
    }
}

static void print_explained(const void *context, uint32_t i, struct buf *b)
{
    const struct by_rule *g = context;
    const struct map *m = g->view->map;
    const struct target *t = &g->view->plan->targets[g->order[g->base + i]];
    const struct explained *e = explained_of(t);
    struct step_list steps = {.count = 0};
    if (!e) {
        print_cast(g->view->catalog, t, b);
        return;
    }
    buf_text(b, "      ");
    buf_str(b, e->text);
    buf_char(b, '\n');
    add_steps(&steps, e);
    for (unsigned k = 0; k < steps.count; k++) {
        const struct explained *step = steps.steps[k];
        buf_text(b, "        ~");
        buf_visible(b, step->step);
        buf_text(b, " (");
        position_visible(b, m->rules[step->rule].at);
        buf_text(b, "): ");
        buf_str(b, step->text);
        buf_char(b, '\n');
        add_steps(&steps, step);
    }
    buf_text(b, steps.more ? "        ... and more steps\n" : "");
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void add_rule(const struct view *v, uint32_t r, const struct report_style *style,
                     struct buf *b)
{
    const struct rule *rule = &v->map->rules[r];
    buf_text(b, style->title);
    position_visible(b, rule->at);
    buf_text(b, ": ");
    buf_visible(b, rule->source);
    buf_text(b, " = ");
    buf_visible(b, rule->target);
    if (rule->parts.count) {
        int64_t last = part_list_number(&rule->parts, rule->parts.count - 1);
        buf_printf(b, "/part_%" PRId64 " ... %" PRId64, part_list_number(&rule->parts, 0), last);
    }
    rule_print_operations(b, rule);
    buf_printf(b, "%s\n", style->end);
}

errint plan_text(const struct view *v, const uint8_t *only, const struct tool_args *args,
                 struct tool_out *o)
{
    const struct report_style style = {o->colour ? "\033[1m" : "", o->colour ? "\033[0m" : ""};
    struct table t = {.columns = 6, .right = 1 << 4, .indent = "  ", .below = print_explained};
    CLEANUP(by_rule_fini) struct by_rule g = {.view = v, .args = args, .only = only};
    bool begun = false;
    if (group(&g) < 0) {
        return -ENOMEM;
    }
    for (uint32_t r = 0; r < v->map->rule_count && out_settle(o) == 0; r++) {
        uint32_t count = g.first[r + 1] - g.first[r];
        if (only && count == 0) {
            continue;
        }
        buf_text(&o->text, begun ? "\n" : "");
        begun = true;
        add_rule(v, r, &style, &o->text);
        g.base = g.first[r];
        table_print(&t, plan_row, &g, count, o);
        buf_text(&o->text, count ? "" : "  (no targets)\n");
    }
    if (!only) {
        report_lists(v, &style, UINT32_MAX, "", &o->text);
    }
    return 0;
}

static void print_kinds(const struct made_of *m, struct buf *b)
{
    struct made_of_kind kinds[MADE_OF_KINDS];
    unsigned count = made_of_kinds(m, kinds);
    for (unsigned i = 0; i < count; i++) {
        buf_text(b, i ? ", " : " (");
        report_size(b, kinds[i].bytes);
        buf_printf(b, " %s", kinds[i].word);
    }
    buf_text(b, count ? ")" : "");
}

void plan_text_summary(const struct view *v, const uint8_t *only, const struct diag *d,
                       struct buf *b)
{
    const struct plan *p = v->plan;
    struct made_of made = {0};
    uint64_t used = 0;
    uint32_t shown = 0;
    uint32_t strings = 0;
    for (uint32_t i = 0; i < catalog_all(v->catalog); i++) {
        used += plan_uses(p, i);
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (!only || only[i]) {
            shown++;
            strings += !target_sized(&p->targets[i]);
            made_of_add(&made, v->catalog, &p->targets[i]);
        }
    }
    buf_printf(b, "\n%" PRIu32, shown);
    if (only) {
        buf_printf(b, " of %" PRIu32, p->count);
    }
    buf_printf(b, " target%s, ", p->count == 1 ? "" : "s");
    report_size(b, made.in_place + made.rearranged + made.computed);
    if (strings) {
        buf_printf(b, " without %" PRIu32 " of strings", strings);
    }
    print_kinds(&made, b);
    buf_printf(b, ", from %" PRIu64 " of %" PRIu32 " tensors; %" PRIu64 " warning%s; checkpoint%s ",
               used, catalog_all(v->catalog), d->warnings, d->warnings == 1 ? "" : "s",
               v->member_count > 1 ? "s" : "");
    report_paths(v, b);
    buf_char(b, '\n');
}
