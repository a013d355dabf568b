/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/trouble_tell.h"
#include "base/write.h"
#include "tool/tool.h"
#include "view/report.h"

void out_init(struct tool_out *o)
{
    const char *term = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");
    *o = (struct tool_out){.terminal = isatty(STDOUT_FILENO) == 1, .trouble = TOOL_FAILED};
    o->colour = o->terminal && !(no_colour && no_colour[0]) && !(term && strcmp(term, "dumb") == 0);
}

errint out_flush(struct tool_out *o)
{
    if (!o->rc) {
        o->rc = buf_check(&o->text);
    }
    if (!o->rc) {
        o->rc = write_all(STDOUT_FILENO, o->text.data, o->text.len);
    }
    o->text.len = 0;
    return o->rc;
}

errint out_settle(struct tool_out *o)
{
    return o->text.len >= TOOL_OUT_BYTES || o->rc ? out_flush(o) : 0;
}

errint out_bytes(struct tool_out *o, const void *bytes, size_t len)
{
    if (out_flush(o) == 0) {
        o->rc = write_all(STDOUT_FILENO, bytes, len);
    }
    return o->rc;
}

int out_finish(struct tool_out *o, int status)
{
    out_flush(o);
    buf_fini(&o->text);
    /* Some file systems report a full disk only here. */
    if (close(STDOUT_FILENO) < 0 && !o->rc && errno != EBADF) {
        o->rc = -errno;
    }
    if (o->rc && o->rc != -EPIPE) {
        fprintf(stderr, "ckptool: standard output: cannot write: %s%s%s\n", strerror(-o->rc),
                o->done ? ", but " : "", o->done ? o->done : "");
    }
    return o->rc && status < o->trouble && !o->done ? o->trouble : status;
}

errint tool_complain(struct diag *d, bool quiet, errint rc)
{
    rc = trouble_tell(0, d, rc);
    if (rc < 0 && rc != -EINTR && !d->errors) {
        diag_error(d, DIAG_FILE_UNREADABLE, "", STR(""), "%s", strerror(-rc));
    }
    CLEANUP_BUF struct buf lines = {0};
    if (quiet) {
        report_errors(d, "ckptool", TOOL_DIAG_MOST, &lines);
    } else {
        report_diag(d, "ckptool", TOOL_DIAG_MOST, &lines);
    }
    if (lines.failed) {
        fputs("ckptool: out of memory\n", stderr);
    } else if (lines.len) {
        fwrite(lines.data, 1, lines.len, stderr);
    }
    return rc;
}

int tool_usage(const char *fmt, ...)
{
    CLEANUP_BUF struct buf text = {0};
    CLEANUP_BUF struct buf line = {0};
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    buf_safe(&line, buf_view(&text));
    fprintf(stderr, "ckptool: %s; try 'ckptool -h'\n",
            text.failed || line.failed ? "wrong usage" : buf_view(&line).ptr);
    return TOOL_USAGE;
}

int tool_usage_choice(const char *option, const char *value, const char *const *known, size_t count)
{
    CLEANUP_BUF struct buf list = {0};
    buf_list(&list, known, count, " or ");
    const char *all = buf_view(&list).ptr;
    const char *meant = nearest_word(str_from(value), known, count);
    if (meant) {
        return tool_usage("%s is %s, not '%s'; did you mean '%s'?", option, all, value, meant);
    }
    return tool_usage("%s is %s, not '%s'", option, all, value);
}

struct view_request tool_request(const struct tool_args *args, enum view_depth depth)
{
    const char *checkpoint = args->operands[0];
    return (struct view_request){
        .checkpoint = checkpoint && strcmp(checkpoint, "none") != 0 ? checkpoint : NULL,
        .map = args->map,
        .graph = args->graph,
        .extra = args->extra,
        .words = (const char *const *)args->operands + 1,
        .word_count = args->operand_count > 1 ? args->operand_count - 1 : 0,
        .depth = depth,
    };
}
