/* SPDX-License-Identifier: Apache-2.0 */
/* The log of the running daemon: one sink, four levels. Only src/sandbox, src/fuse and src/tool use
 * it.
 *
 * Messages: lower case, subject first, no full stop, no newline. errno is kept. Safe from any
 * thread. */
#ifndef CKPTFS_BASE_LOG_H
#define CKPTFS_BASE_LOG_H

#include <stdbool.h>

#include "base/errint.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* log_init: messages up to `level` go to stderr, each after "program: ". `program` is borrowed for
 * ever. */
void log_init(const char *program, enum log_level level);

/* log_open_syslog: connects to syslog already: where it is may not be found later. */
void log_open_syslog(void);

/* log_to_syslog: from now on messages go to syslog (a daemon has no terminal). log_to_stderr: they
 * go to stderr again, as at first. */
void log_to_syslog(void);
void log_to_stderr(void);

/* log_errors: how many lines of LOG_LEVEL_ERROR there were. */
unsigned log_errors(void);

bool log_enabled(enum log_level level);

FORMAT(2, 3) void log_at(enum log_level level, const char *fmt, ...);

#define log_error(...)   log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
