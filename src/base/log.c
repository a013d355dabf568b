/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>

#include "base/buf.h"

static struct {
    const char *program;
    enum log_level level;
    bool syslog;
} sink = {"ckptfs", LOG_LEVEL_WARNING, false};

static atomic_uint errors;

static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

void log_init(const char *program, enum log_level level)
{
    sink.program = program;
    sink.level = level;
}

void log_open_syslog(void)
{
    openlog(sink.program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_to_syslog(void)
{
    openlog(sink.program, LOG_PID, LOG_DAEMON);
    sink.syslog = true;
}

void log_to_stderr(void)
{
    sink.syslog = false;
}

unsigned log_errors(void)
{
    return atomic_load(&errors);
}

bool log_enabled(enum log_level level)
{
    return level <= sink.level;
}

/* What is left of a text when there is no memory to make it safe. */
static const char *mask(char *text)
{
    for (char *p = text; *p; p++) {
        *p = *p >= 0x20 && *p < 0x7f ? *p : '?';
    }
    return text;
}

void log_at(enum log_level level, const char *fmt, ...)
{
    if (!log_enabled(level)) {
        return;
    }
    if (level == LOG_LEVEL_ERROR) {
        atomic_fetch_add(&errors, 1);
    }
    int saved = errno;
    char text[4096]; /* one write a line, so that lines of threads do not mix */
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    CLEANUP_BUF struct buf safe = {0};
    buf_safe(&safe, str_from(text));
    const char *shown = safe.failed ? mask(text) : buf_view(&safe).ptr;
    if (sink.syslog) {
        syslog(priorities[level], "%s", shown);
    } else {
        fprintf(stderr, "%s: %s\n", sink.program, shown);
    }
    errno = saved;
}
