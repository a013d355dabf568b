/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool export`: the files of the view, written to a directory, or one of them. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
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

/* ---- where it goes --------------------------------------------------------------------------- */

/* Whether the operand is the file itself. */
static bool is_file(const char *operand)
{
    return str_ends(str_from(operand), STR(".safetensors"));
}

const char *tool_export_output(const struct tool_args *args, struct arena *a)
{
    if (args->operand_count < 2) {
        return NULL;
    }
    struct str path = str_from(args->operands[1]);
    return is_file(path.ptr) ? arena_cstr(a, str_head(path, (size_t)(str_rfind(path, '/') + 1)))
                             : path.ptr;
}

/* ---- what it says ---------------------------------------------------------------------------- */

/* An export, and what came of it. */
struct exporting {
    struct export e;
    struct tool_bar bar;
    const char *to; /* the operand */
    bool written;
    double seconds;
};

static void print_text(const struct exporting *x, struct tool_out *o)
{
    const struct export *e = &x->e;
    buf_printf(&o->text, "%zu file%s, ", e->count, e->count == 1 ? "" : "s");
    report_size(&o->text, e->bytes);
    buf_printf(&o->text, ", %.1f s, from ", x->seconds);
    report_paths(e->view, &o->text);
    buf_text(&o->text, " to ");
    buf_visible(&o->text, str_from(e->count == 1 ? e->files[0].path : x->to));
    buf_char(&o->text, '\n');
}

static void print_files(struct json *j, const struct exporting *x)
{
    json_key(j, "files");
    json_array(j, JSON_BLOCK);
    for (size_t i = 0; x->written && i < x->e.count; i++) {
        json_object(j, JSON_LINE);
        json_key(j, "path");
        json_str(j, str_from(x->e.files[i].path));
        json_key(j, "bytes");
        json_uint(j, x->e.files[i].bytes);
        json_object_end(j);
    }
    json_array_end(j);
}

static void print_json(const struct exporting *x, const struct view *v, const char *format,
                       const struct diag *d, struct tool_out *o)
{
    struct json j = json_begin(&o->text);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "version");
    json_uint(&j, 1);
    report_checkpoint(&j, v);
    report_named_checkpoints(&j, v);
    json_key(&j, "format");
    json_text(&j, format);
    json_key(&j, "to");
    json_str(&j, str_from(x->to));
    print_files(&j, x);
    json_key(&j, "bytes");
    json_uint(&j, x->written ? x->e.bytes : 0);
    json_key(&j, "seconds");
    json_double(&j, x->seconds);
    report_entries(&j, d);
    json_object_end(&j);
    json_end(&j);
}

/* ---- the export ------------------------------------------------------------------------------ */

static errint open_view(const struct tool_args *args, unsigned format, struct view *v,
                        struct diag *d)
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
    return 0;
}

static errint export_view(const struct tool_args *args, unsigned format, struct view *v,
                          struct diag *d, struct exporting *x)
{
    errint rc = open_view(args, format, v, d);
    if (rc < 0) {
        return rc;
    }
    const char *directory = tool_export_output(args, &v->arena);
    if (!directory) {
        return diag_no_memory(d);
    }
    bar_begin(&x->bar, args->quiet);
    struct once_waiter waiter = {.interrupted = is_interrupted, .context = &x->bar};
    x->e = (struct export){.view = v,
                           .diag = d,
                           .waiter = &waiter,
                           .graph = args->graph,
                           .file = is_file(x->to) ? x->to : NULL,
                           .force = args->force,
                           .in_place = !sandbox_moves(args->sandbox),
                           .output = {.top = -1}};
    catch_signals();
    rc = export_plan(&x->e, directory, FORMAT_BIT(format));
    sandbox_narrow(args->sandbox, v);
    if (rc == 0) {
        rc = export_run(&x->e, progress, &x->bar);
    }
    bar_end(&x->bar);
    x->e.waiter = NULL;
    x->seconds = bar_seconds(&x->bar);
    x->written = rc == 0;
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

/* TOOL_OK, and *format; else why not is told. */
static int check_usage(const struct tool_args *args, unsigned *format)
{
    *format = format_of(args->format);
    if (args->operand_count > 2) {
        return tool_usage("export: one checkpoint and one directory or file, not '%s' too",
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
    bool file = is_file(args->operands[1]);
    if (file && args->format && *format != FORMAT_SAFETENSORS) {
        return tool_usage("export: '%s' is one safetensors file: for --format %s name a directory",
                          args->operands[1], args->format);
    }
    *format = file ? FORMAT_SAFETENSORS : *format;
    return *format == FORMAT_COUNT ? no_format(args->format) : TOOL_OK;
}

int tool_export(const struct tool_args *args, struct tool_out *o)
{
    unsigned format;
    int usage = check_usage(args, &format);
    if (usage != TOOL_OK) {
        return usage;
    }
    struct diag d;
    struct view v = {0};
    struct exporting x = {.to = args->operands[1], .e = {.output = {.top = -1}}};
    diag_init(&d);
    errint rc = export_view(args, format, &v, &d, &x);
    o->done = x.written ? "the files are complete" : NULL;
    errint told = tool_complain(&d, args->quiet, rc);
    rc = x.written ? rc : told; /* memory for words alone was short */
    if (args->json && rc != -EINTR) {
        print_json(&x, &v, view_formats[format]->export_name, &d, o);
    } else if (x.written) {
        print_text(&x, o);
    }
    export_fini(&x.e);
    view_close(&v);
    diag_fini(&d);
    if (rc == -EINTR && interrupted) {
        fprintf(stderr, "ckptool: interrupted, nothing was left behind\n");
    }
    return rc < 0 ? TOOL_FAILED : TOOL_OK;
}
