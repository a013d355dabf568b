/* SPDX-License-Identifier: Apache-2.0 */
/* The options of ckptool: one row each, which says for which commands it is, what is said of it,
 * and where in struct tool_args its value goes. `ckptool -h`, the parser and what shells complete
 * are made of them. */
#ifndef CKPTFS_TOOL_OPTIONS_H
#define CKPTFS_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "tool/commands.h"

enum option_kind {
    OPTION_FLAG,    /* a bool becomes true */
    OPTION_TEXT,    /* a const char *, the last one given */
    OPTION_CHOICE,  /* likewise, one of the choices */
    OPTION_NAMES,   /* an enum map_names, one of the choices */
    OPTION_LIST,    /* one more of an array of const char *, and of its uint32_t count */
    OPTION_NUMBER,  /* a uint64_t */
    OPTION_REAL,    /* a double that is not negative */
    OPTION_HELP,    /* asks for a text instead of the command's work */
    OPTION_VERSION, /* likewise */
};

struct tool_option {
    char letter; /* 0: it has none */
    const char *name;
    const char *value; /* NULL: takes none */
    const char *what;
    int commands; /* a set of enum command_bit */
    enum option_kind kind;
    size_t offset;                       /* in struct tool_args */
    size_t count;                        /* likewise, of an OPTION_LIST */
    enum word_kind words;                /* what its value is */
    const char *const *(*choices)(void); /* of its value, ended by NULL: all there are of an
                                            OPTION_CHOICE, else some; NULL: none */
};

enum { OPTIONS_MOST = 64 };

extern const struct tool_option options[];
extern const size_t option_count;

/* option_by_letter, option_by_name: the option of the command with that letter, or that whole name;
 * NULL if it has none. */
const struct tool_option *option_by_letter(const struct command *c, char letter);
const struct tool_option *option_by_name(const struct command *c, struct str name);

/* option_keep: the option was given, with `value` where it takes one. `most` is how often one of
 * the command line can be at most; lists are in `a`. 0; -EINVAL for a bad value, which is told on
 * stderr; -ENOMEM. */
MUST_CHECK errint option_keep(const struct tool_option *o, const struct command *c,
                              const char *value, size_t most, struct tool_args *args,
                              struct arena *a);

/* option_nearest: the option, without "--", of one of these commands, that `word`, "--NAME" or
 * "--NAME=VALUE", may have meant; NULL if none. */
const char *option_nearest(int of_commands, const char *word);

#endif
