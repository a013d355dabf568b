/* SPDX-License-Identifier: Apache-2.0 */
/* The words after a command, by the tables of commands and options. */
#ifndef CKPTFS_TOOL_COMMAND_LINE_H
#define CKPTFS_TOOL_COMMAND_LINE_H

#include <stdbool.h>

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

/* command_line_parse: argv[0] is the command, and argc counts it. The options go to *args, with
 * what they are where they are not given; so do the operands, which are of argv, in another order.
 * Texts are borrowed from argv, lists are in `a`. */
enum request command_line_parse(const struct command *c, int argc, char **argv,
                                struct tool_args *args, struct arena *a);

/* What a command line that is being typed has so far. */
struct typed_line {
    struct tool_args args;             /* what could be understood */
    const struct tool_option *waiting; /* the last word is this option, and its value comes next;
                                          NULL: it is none */
    bool ended;                        /* after `--` there are no options */
};

/* command_line_typed: as command_line_parse, but what is wrong is left out. What option_keep tells
 * of it goes to stderr. -ENOMEM. */
MUST_CHECK errint command_line_typed(const struct command *c, int argc, char **argv,
                                     struct typed_line *out, struct arena *a);

#endif
