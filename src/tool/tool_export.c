/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool export`: the files of the view, written to a directory. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/once.h"
#include "base/url.h"
#include "source/source.h"
#include "tool/export.h"
#include "tool/tool.h"
#include "view/left_out.h"
#include "view/report.h"
#include "view/saved_model.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

/* Whoever ends it wants no half-written files; nor does a file that may not be so large, which
 * writing then says. A reader of messages or of the summary that has left is no reason to end. */
static void catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaction(signals[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
        }
    }
}

/* Asked while checksums are compared or found, before bytes can be written. */
static bool is_interrupted(void *bar)
{
    bar_wait(bar, "checking");
    return interrupted;
}

static bool progress(void *bar, enum export_stage stage, uint64_t done, uint64_t bytes)
{
    if (stage == EXPORT_SETTLING) {
        bar_say(bar, "writing to the disk");
    } else {
        bar_draw(bar, done, bytes);
    }
    return !interrupted;
}

/* The row of the format; FORMAT_COUNT: there is none. */
static unsigned format_of(const char *name)
{
    unsigned i = 0;
    while (i < FORMAT_COUNT && !(name && strcmp(view_formats[i]->export_name, name) == 0)) {
        i++;
    }
    return i;
}

/* What the format cannot hold is said, not dropped silently. */
static void warn_left_out(const struct view *v, unsigned format, struct diag *d)
{
    struct left_out_cursor at = left_out_first(v);
    for (struct left_out l; left_out_next(&at, &l);) {
        if (l.files & FORMAT_BIT(format)) {
            diag_warn(d, DIAG_UNSUPPORTED, "", l.name, "'%s' is left out: %s",
                      diag_visible(d, l.name), l.reason);
        }
    }
}

static errint export_view(const struct tool_args *args, unsigned format, struct view *v,
                          struct diag *d, struct tool_out *o)
{
    struct view_request request = tool_request(args, VIEW_DATA);
    /* An index that points into files of another directory would be of no use, and a copy that
     * outlives the checkpoint must not have its damage. */
    request.compact = true;
    request.verified = VERIFIED_ALL;
    errint rc = view_open(&request, d, v);
    if (rc < 0) {
        return rc;
    }
    source_shrink(v->catalog, SSTABLE_CACHE_SMALL);
    warn_left_out(v, format, d);
    if (format == FORMAT_TENSORFLOW) {
        saved_model_warn(v, d);
    }
    struct tool_bar bar;
    bar_begin(&bar, args->quiet);
    struct once_waiter waiter = {.interrupted = is_interrupted, .context = &bar};
    struct export e = {.view = v,
                       .diag = d,
                       .waiter = &waiter,
                       .graph = args->graph,
                       .force = args->force,
                       .in_place = !sandbox_moves(args->sandbox),
                       .output = {.top = -1}};
    catch_signals();
    rc = export_plan(&e, args->operands[1], FORMAT_BIT(format));
    sandbox_narrow(args->sandbox, v);
    if (rc == 0) {
        rc = export_run(&e, progress, &bar);
    }
    bar_end(&bar);
    if (rc == 0) {
        double seconds = bar_seconds(&bar);
        buf_printf(&o->text, "%zu file%s, ", e.count, e.count == 1 ? "" : "s");
        report_size(&o->text, e.bytes);
        buf_printf(&o->text, ", %.1f s, from ", seconds);
        report_paths(v, &o->text);
        buf_char(&o->text, '\n');
        o->done = "the files are complete";
    }
    export_fini(&e);
    return rc;
}

static int no_format(const char *wanted)
{
    const char *known[FORMAT_COUNT];
    for (unsigned i = 0; i < FORMAT_COUNT; i++) { /* those of one file for many tensors first */
        known[i] = view_formats[FORMAT_COUNT - 1 - i]->export_name;
    }
    if (wanted) {
        return tool_usage_choice("--format", wanted, known, ARRAY_LEN(known));
    }
    CLEANUP_BUF struct buf list = {0};
    buf_list(&list, known, ARRAY_LEN(known), " or ");
    return tool_usage("export: which --format? %s", buf_view(&list).ptr);
}

int tool_export(const struct tool_args *args, struct tool_out *o)
{
    unsigned format = format_of(args->format);
    if (args->operand_count > 2) {
        return tool_usage("export: one checkpoint and one directory, not '%s' too",
                          args->operands[2]);
    }
    if (args->operand_count < 2) {
        return tool_usage(args->operand_count ? "export: to which directory?"
                                              : "export: which checkpoint?");
    }
    struct str url = url_in(str_from(args->operands[1]));
    if (url.ptr) {
        return tool_usage("export: '" STR_FMT
                          "' is no local path: write to one, and copy it from there",
                          STR_ARG(url));
    }
    if (args->operands[1][0] == '\0') {
        return tool_usage("export: the directory's name is empty");
    }
    if (format == FORMAT_COUNT) {
        return no_format(args->format);
    }
    struct diag d;
    struct view v = {0};
    diag_init(&d);
    errint rc = export_view(args, format, &v, &d, o);
    errint told = tool_complain(&d, args->quiet, rc);
    rc = o->done ? rc : told; /* memory for words alone was short */
    view_close(&v);
    diag_fini(&d);
    if (rc == -EINTR && interrupted) {
        fprintf(stderr, "ckptool: interrupted, nothing was left behind\n");
    }
    return rc < 0 ? TOOL_FAILED : TOOL_OK;
}
