/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool plan`: the dry run. What would be mounted, rule by rule, and what is left over. No data
 * file need be there. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/shard_complain.h"
#include "tensor/dtype.h"
#include "tool/tool.h"
#include "view/report.h"

/* The targets of the plan, ordered by rule: those of rule r are order[first[r]] to order[first[r +
 * 1] - 1]. */
struct by_rule {
    const struct view *view;
    const struct tool_args *args;
    uint32_t *order; /* owns */
    uint32_t *first; /* owns; one more than there are rules */
    uint32_t base;   /* of the rule whose table is being printed */
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
        g->first[p->targets[i].rule + 2]++;
    }
    for (uint32_t r = 1; r < rules + 2; r++) {
        g->first[r] += g->first[r - 1];
    }
    for (uint32_t i = 0; i < p->count;
         i++) { /* first[r + 1] is where rule r is filled, and ends as its end */
        g->order[g->first[p->targets[i].rule + 1]++] = i;
    }
    return 0;
}

static void plan_row(const void *context, uint32_t i, struct buf cells[])
{
    const struct by_rule *g = context;
    uint32_t number = g->order[g->base + i];
    const struct target *t = &g->view->plan->targets[number];
    CLEANUP_BUF struct buf path = {0};
    report_path(g->view, number, &path);
    buf_visible(&cells[0], t->source ? tensor_name(t->source) : STR("~"));
    buf_text(&cells[1], "-> ");
    buf_visible(&cells[1], buf_view(&path));
    buf_text(&cells[2], dtype_name(target_dtype(t)));
    shape_print(&cells[3], target_shape(t));
    if (target_sized(t)) {
        table_size(&cells[4], target_bytes(t), g->args->human);
    } else {
        buf_char(&cells[4], '-');
    }
    cells[0].failed |= path.failed;
}

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

static void add_summary(const struct view *v, const struct diag *d, struct buf *b)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < v->catalog->count; i++) {
        used += plan_uses(v->plan, i);
    }
    buf_printf(b, "\n%" PRIu32 " target%s, ", v->plan->count, v->plan->count == 1 ? "" : "s");
    report_total(v->plan, false, b);
    buf_printf(b, ", from %" PRIu64 " of %" PRIu32 " tensors; %" PRIu64 " warning%s; checkpoint ",
               used, v->catalog->count, d->warnings, d->warnings == 1 ? "" : "s");
    buf_visible(b, str_from(v->catalog->prefix));
    buf_char(b, '\n');
}

/* Returns what tool_complain does. */
static errint print_plan(const struct view *v, struct diag *d, const struct tool_args *args,
                         struct tool_out *o)
{
    const struct report_style style = {o->colour ? "\033[1m" : "", o->colour ? "\033[0m" : ""};
    struct table t = {.columns = 5, .right = 1 << 4, .indent = "  "};
    CLEANUP(by_rule_fini) struct by_rule g = {.view = v, .args = args};
    if (group(&g) < 0) {
        return tool_complain(d, args->quiet, -ENOMEM);
    }
    for (uint32_t r = 0; r < v->map->rule_count && out_settle(o) == 0; r++) {
        uint32_t count = g.first[r + 1] - g.first[r];
        buf_text(&o->text, r ? "\n" : "");
        add_rule(v, r, &style, &o->text);
        g.base = g.first[r];
        table_print(&t, plan_row, &g, count, o);
        buf_text(&o->text, count ? "" : "  (no targets)\n");
    }
    report_lists(v, &style, UINT32_MAX, "", &o->text);
    out_flush(o); /* so that on a terminal what follows on stderr comes after it */
    errint rc = tool_complain(d, args->quiet, 0);
    add_summary(v, d, &o->text);
    return rc;
}

/* What whoever mounts this will need; false, with a warning, if it is not there. */
static bool is_there(const struct shard *s, struct diag *d)
{
    struct stat st;
    errint rc = file_stat(s->path, &st);
    if (rc < 0) {
        CLEANUP_BUF struct buf beside = {0};
        shard_print_beside(s, &beside);
        diag_warn(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path),
                  "targets use this data file, but: %s%s", strerror(-rc),
                  beside.data ? beside.data : "");
        return false;
    }
    if (st.st_size <= FILE_KIND_HEAD && file_kind_at(s->path)->group == FILE_KIND_POINTER) {
        const struct file_kind *kind = file_kind_at(s->path);
        diag_warn(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path), "the file is %s: %s",
                  kind->name, kind->remedy);
        return false;
    }
    if ((uint64_t)st.st_size < s->used_bytes) {
        diag_warn(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path),
                  "the file has %" PRIu64 " bytes, its tensors need %" PRIu64, (uint64_t)st.st_size,
                  s->used_bytes);
        return false;
    }
    return true;
}

/* A plan needs no data files. Those that are there are opened, so that it can be said whether they
 * are those of the index. */
static errint open_shards(struct view *v, struct diag *d, void *context)
{
    struct catalog *c = v->catalog;
    (void)context;
    catalog_use_files(c);
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        if (!s->used || (!s->base && !is_there(s, d))) {
            continue;
        }
        errint rc = shard_open(s, NULL);
        if (rc == -ENOMEM) {
            return diag_no_memory(d);
        }
        if (rc < 0) {
            diag_warn(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path),
                      "targets use this data file, but it cannot be opened: %s", strerror(-rc));
        }
    }
    return 0;
}

int tool_plan(const struct tool_args *args, struct tool_out *o)
{
    if (args->operand_count > 1) {
        return tool_usage("plan: one checkpoint at most, not '%s' too", args->operands[1]);
    }
    if (args->operand_count == 0 && !args->map) {
        return tool_usage("plan: which checkpoint? (or -m MAP that names one)");
    }
    struct diag d;
    struct view v = {0};
    struct view_request request = tool_request(args, VIEW_PLAN);
    request.open_data = open_shards;
    diag_init(&d);
    errint rc = view_open(&request, &d, &v);
    if (args->json) {
        struct report_json report;
        report_json_begin(&report, &v, &d);
        while (report_json_next(&report, &o->text) && out_settle(o) == 0) {
        }
        report_json_fini(&report);
        out_flush(o);
    }
    if (args->json || rc < 0) {
        rc = tool_complain(&d, args->quiet, rc);
    } else {
        rc = print_plan(&v, &d, args, o);
    }
    view_close(&v);
    diag_fini(&d);
    return rc < 0 ? TOOL_FAILED : TOOL_OK;
}
