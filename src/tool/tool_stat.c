/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool stat`: what numbers the tensors of a view have. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/glob.h"
#include "base/grow.h"
#include "compare/read.h"
#include "compare/statistics.h"
#include "plan/nearest_name.h"
#include "render/text.h"
#include "tensor/dtype.h"
#include "tool/compare_text.h"
#include "tool/selection.h"
#include "tool/stat.h"
#include "tool/stat_page.h"
#include "tool/target_data.h"
#include "view/report.h"

struct stat_run {
    const struct tool_args *args;
    struct view view;
    struct diag *diag;
    struct stat_list list;
    const struct target **targets; /* owns; those of the list's rows */
    struct tool_bar bar;
    struct stat_page page;
};

/* ---- which ----------------------------------------------------------------------------------- */

static struct str target_name_at(const void *context, uint32_t i)
{
    const struct plan *p = context;
    return target_name(&p->targets[i]);
}

static errint complain_unmatched(const struct view *v, struct str pattern, struct diag *d)
{
    struct nearest_budget budget = {.left = 100 * 1000 * 1000};
    struct str nearest[DIAG_NEAREST];
    errint rc = diag_error(d, DIAG_VARIABLE_NOT_FOUND, "", pattern, "no tensor matches '%s'",
                           diag_visible(d, pattern));
    if (!glob_is_pattern(pattern)) {
        const struct nearest_list list = {target_name_at, v->plan, v->plan->count};
        unsigned count = nearest_names(pattern, list, &budget, nearest);
        for (unsigned i = 0; i < count; i++) {
            diag_nearest(d, nearest[i]);
        }
    }
    return rc;
}

/* A row for each tensor that PATTERN selects. */
static errint choose(struct stat_run *s, const struct view *v, struct diag *d)
{
    const char *word = s->args->operand_count > 1 ? s->args->operands[1] : "*";
    struct str pattern = str_from(word);
    struct item_cursor at = item_first(v);
    size_t cap = 0;
    s->list.count = 0; /* the view may be opened again */
    free(s->list.rows);
    s->list.rows = NULL;
    for (struct item item; item_next(&at, &item);) {
        if (!selection_matches(pattern, item.name)) {
            continue;
        }
        if (!grow(&s->list.rows, &cap, s->list.count, sizeof(*s->list.rows))) {
            return diag_no_memory(d);
        }
        s->list.rows[s->list.count++] = (struct stat_row){.item = item};
    }
    return s->list.count || s->args->operand_count < 2 ? 0 : complain_unmatched(v, pattern, d);
}

static errint open_chosen(struct view *v, struct diag *d, void *context)
{
    struct stat_run *s = context;
    errint rc = choose(s, v, d);
    if (rc < 0) {
        return rc;
    }
    free(s->targets);
    s->targets = calloc((size_t)s->list.count + 1, sizeof(*s->targets));
    if (!s->targets) {
        return diag_no_memory(d);
    }
    for (uint32_t i = 0; i < s->list.count; i++) {
        s->targets[i] = s->list.rows[i].item.target;
    }
    return target_data_open(v->catalog, s->targets, s->list.count, d);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void take(void *context, uint32_t i, const struct statistic *found)
{
    struct stat_run *s = context;
    struct stat_row *r = &s->list.rows[i];
    r->moments = found->moments;
    r->least = found->least;
    r->most = found->most;
    if (found->rc < 0) {
        struct str name = r->item.name;
        r->moments = (struct moments){0};
        r->fault = arena_cstr(&s->diag->arena, str_from(found->why));
        diag_error(s->diag, DIAG_FILE_UNREADABLE, "", name, "cannot read '%s': %s",
                   diag_visible(s->diag, name), found->why);
    }
}

static void progress(void *context, uint64_t done, uint64_t bytes)
{
    struct stat_run *s = context;
    bar_draw(&s->bar, done, bytes);
}

static errint read_all(struct stat_run *s)
{
    const struct statistics of = {
        .view = &s->view,
        .targets = s->targets,
        .count = s->list.count,
        .check = s->args->check,
        .context = s,
        .take = take,
        .progress = progress,
    };
    s->list.bytes = statistics_bytes(&of);
    bar_begin(&s->bar, s->args->quiet);
    errint rc = statistics_run(&of);
    bar_end(&s->bar);
    s->list.seconds = bar_seconds(&s->bar);
    return rc < 0 ? diag_no_memory(s->diag) : 0;
}

/* ---- --check --------------------------------------------------------------------------------- */

/* The first row with a number that is not finite; NULL. */
static const struct stat_row *find_bad(const struct stat_run *s)
{
    for (uint32_t i = 0; i < s->list.count; i++) {
        const struct moments *m = &s->list.rows[i].moments;
        if (m->nans + m->infinities) {
            return &s->list.rows[i];
        }
    }
    return NULL;
}

/* Adds the element itself. */
static void add_element(struct stat_run *s, const struct stat_row *r, struct buf *b)
{
    char element[16];
    const struct target *t = r->item.target;
    struct reader reader = view_reader(&s->view);
    size_t size = dtype_bytes(target_dtype(t));
    errint rc = read_bytes(&reader, t, r->moments.first_bad * size, size, element);
    reader_fini(&reader);
    if (rc == 0) {
        text_value(b, target_dtype(t), element);
    } else {
        buf_text(b, r->moments.nans ? "nan" : "inf");
    }
}

static void check_json(struct stat_run *s, const struct stat_row *bad, struct tool_out *o)
{
    CLEANUP_BUF struct buf value = {0};
    struct json j = json_begin(&o->text);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "version");
    json_uint(&j, 1);
    report_checkpoint(&j, &s->view);
    json_key(&j, "bad");
    if (bad) {
        add_element(s, bad, &value);
        json_object(&j, JSON_LINE);
        json_key(&j, "name");
        json_str(&j, bad->item.name);
        json_key(&j, "index");
        json_index(&j, target_shape(bad->item.target), bad->moments.first_bad);
        json_key(&j, "value");
        json_str(&j, buf_view(&value));
        json_object_end(&j);
    } else {
        json_null(&j);
    }
    json_object_end(&j);
    json_end(&j);
    o->text.failed |= value.failed;
}

static void check_text(struct stat_run *s, const struct stat_row *bad, struct tool_out *o)
{
    struct buf *b = &o->text;
    if (bad) {
        buf_visible(b, bad->item.name);
        buf_char(b, ' ');
        text_index(b, target_shape(bad->item.target), bad->moments.first_bad);
        buf_text(b, ": ");
        add_element(s, bad, b);
    } else {
        buf_printf(b, "%u tensor%s, ", s->list.count, s->list.count == 1 ? "" : "s");
        report_size(b, s->list.bytes);
        buf_printf(b, ", %.1f s: no NaN and no infinity", s->list.seconds);
    }
    buf_char(b, '\n');
}

/* ---- all ------------------------------------------------------------------------------------- */

/* The page, and where it is. */
static errint tell_page(struct stat_run *s, struct tool_out *o)
{
    errint rc = stat_page_write(&s->page, &s->list);
    if (rc == 0 && !s->args->json) {
        buf_visible(&o->text, str_from(s->args->html));
        buf_printf(&o->text, ": %u tensor%s, ", s->list.count, s->list.count == 1 ? "" : "s");
        report_size(&o->text, s->list.bytes);
        buf_printf(&o->text, ", %.1f s\n", s->list.seconds);
        o->done = "the page is complete";
    }
    return rc;
}

static errint tell(struct stat_run *s, struct tool_out *o, bool *bad)
{
    const struct stat_row *first = s->args->check ? find_bad(s) : NULL;
    *bad = first != NULL;
    if (s->args->check && s->args->json) {
        check_json(s, first, o);
    } else if (s->args->check) {
        check_text(s, first, o);
    } else if (s->args->json) {
        stat_json(&s->list, o);
    } else if (!s->args->html) {
        stat_table(&s->list, o);
    }
    return s->args->html ? tell_page(s, o) : 0;
}

static errint stat_view(struct stat_run *s, struct tool_out *o, bool *bad)
{
    struct view_request request = tool_request(s->args, VIEW_PLAN);
    request.values_only = true;
    request.targets_only = true;
    request.open_data = open_chosen;
    request.context = s;
    errint rc = view_open(&request, s->diag, &s->view);
    if (rc < 0) {
        return rc;
    }
    s->list.view = &s->view;
    s->list.utf8 = text_is_utf8();
    if (s->args->html) {
        rc = stat_page_open(&s->page, &s->view, s->args->graph);
        if (rc < 0) {
            return rc;
        }
    }
    if (o->terminal && !s->list.utf8 && !s->args->json && !s->args->check && !s->args->html) {
        diag_warn(s->diag, DIAG_UNSUPPORTED, "", STR(""),
                  "the terminal is not said to show UTF-8 (LC_ALL, LC_CTYPE, LANG): histograms are "
                  "digits");
    }
    sandbox_narrow(s->args->sandbox, &s->view);
    uint64_t errors_before = s->diag->errors;
    rc = read_all(s);
    if (rc < 0) {
        return rc;
    }
    rc = tell(s, o, bad);
    return rc == 0 && s->diag->errors > errors_before ? -EIO : rc;
}

int tool_stat(const struct tool_args *args, struct tool_out *o)
{
    if (args->operand_count < 1) {
        return tool_usage("stat: which checkpoint?");
    }
    if (args->operand_count > 2) {
        return tool_usage("stat: one pattern at most, not '%s' too (quote it from the shell)",
                          args->operands[2]);
    }
    if (args->html && args->check) {
        return tool_usage("stat: --check stops at the first number: --html is for all of them");
    }
    if (args->html && (args->html[0] == '\0' || str_ends(str_from(args->html), STR("/")))) {
        return tool_usage("stat: --html takes a file, not '%s'", args->html);
    }
    struct diag d;
    struct stat_run s = {
        .args = args,
        .diag = &d,
        .page = {.diag = &d,
                 .path = args->html,
                 .force = args->force,
                 .output = {.top = -1},
                 .file = {.fd = -1}},
    };
    bool bad = false;
    diag_init(&d);
    errint rc = stat_view(&s, o, &bad);
    out_flush(o);
    rc = tool_complain(&d, args->quiet, rc);
    stat_page_close(&s.page);
    view_close(&s.view);
    free(s.list.rows);
    free(s.targets);
    diag_fini(&d);
    return rc < 0 || bad ? TOOL_FAILED : TOOL_OK;
}
