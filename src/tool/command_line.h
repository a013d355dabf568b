/* SPDX-License-Identifier: Apache-2.0 */
/* The words after a command, by the tables of commands and options. */
#ifndef CKPTFS_TOOL_COMMAND_LINE_H
#define CKPTFS_TOOL_COMMAND_LINE_H

#include "base/arena.h"
#include "tool/options.h"

/* What a command line asks for. */
enum request {
    REQUEST_RUN,
    REQUEST_HELP,
    REQUEST_VERSION,
    REQUEST_USAGE,  /* it is wrong, which is told on stderr */
    REQUEST_MEMORY, /* memory is short */
};

/* command_line_parse: argv[0] is the command, and argc counts it. The options go to *args, which
 * holds what they are without; so do the operands, which are of argv, in another order. Texts are
 * borrowed from argv, lists are in `a`. */
enum request command_line_parse(const struct command *c, int argc, char **argv,
                                struct tool_args *args, struct arena *a);

#endif
