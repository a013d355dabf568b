/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/report.h"
#include "serve/tool.h"

void out_init(struct tool_out *o)
{
    const char *term = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");
    *o = (struct tool_out){.terminal = isatty(STDOUT_FILENO) == 1};
    o->colour = o->terminal && !(no_colour && no_colour[0]) && !(term && strcmp(term, "dumb") == 0);
}

/* All bytes, also to a descriptor that somebody made non-blocking. */
static errint write_all(const char *pos, size_t len)
{
    while (len > 0) {
        ssize_t put = write(STDOUT_FILENO, pos, len);
        if (put >= 0) {
            pos += put;
            len -= (size_t)put;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

errint out_flush(struct tool_out *o)
{
    if (!o->rc) {
        o->rc = buf_check(&o->text);
    }
    if (!o->rc) {
        o->rc = write_all(o->text.data, o->text.len);
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
        o->rc = write_all(bytes, len);
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
        fprintf(stderr, "ckptool: standard output: cannot write: %s\n", strerror(-o->rc));
    }
    return o->rc && status == TOOL_OK ? TOOL_FAILED : status;
}

void tool_complain(const struct diag *d, bool quiet)
{
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
}

int tool_usage(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("ckptool: ", stderr);
    vfprintf(stderr, fmt, args);
    fputs("; try 'ckptool -h'\n", stderr);
    va_end(args);
    return TOOL_USAGE;
}

const char *tool_checkpoint(const char *operand)
{
    return operand && strcmp(operand, "none") != 0 ? operand : NULL;
}
