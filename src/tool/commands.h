/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of ckptool: one row each, from which `ckptool -h`, the parser and what shells
 * complete are made. */
#ifndef CKPTFS_TOOL_COMMANDS_H
#define CKPTFS_TOOL_COMMANDS_H

#include <stddef.h>

#include "tool/tool.h"

/* A bit for each command, for sets of them. */
enum command_bit {
    FOR_LIST = 1 << 0,
    FOR_PLAN = 1 << 1,
    FOR_CAT = 1 << 2,
    FOR_EXPORT = 1 << 3,
    FOR_VERIFY = 1 << 4,
    FOR_MAP = 1 << 5,
    FOR_STAT = 1 << 6,
    FOR_DIFF = 1 << 7,
    FOR_VIEW = FOR_PLAN | FOR_CAT | FOR_EXPORT | FOR_STAT, /* those that open a view by a map */
    FOR_ALL = -1
};

/* What stands in the place of an operand or of an option's value: what shells offer there. */
enum word_kind {
    WORD_OTHER,    /* nothing that could be known, or the option's choices */
    WORD_FILE,     /* paths; checkpoints are such */
    WORD_MAP,      /* names of ready maps, and paths */
    WORD_TENSOR,   /* names of the tensors of the first operand, as shell patterns */
    WORD_SOURCE,   /* likewise, as maps have them */
    WORD_VARIABLE, /* names of the view's variables and parts */
    WORD_TARGET,   /* likewise, as shell patterns */
};

enum { COMMAND_WORDS_MOST = 3 };

struct command {
    const char *name;
    const char *operands;
    const char *what;
    const char *example; /* of its operands and options */
    enum command_bit bit;
    enum word_kind words[COMMAND_WORDS_MOST]; /* of the operands */
    bool repeated;                            /* so are those after words[] */
    int trouble; /* the exit status when something goes wrong: TOOL_FAILED, but where that means
                    something else */
    /* The directory that it writes to, or will make, in words of the command line or in `a`; NULL,
     * also for the function: none. */
    const char *(*output)(const struct tool_args *args, struct arena *a);
    int (*run)(const struct tool_args *args, struct tool_out *o);
};

extern const struct command commands[];
extern const size_t command_count;

/* command_find: the command of that name, or NULL. */
const struct command *command_find(const char *name);

/* command_nearest: the name of a command, or "help", that `name` may have meant; NULL if none. */
const char *command_nearest(const char *name);

/* commands_print: adds all names: "list, plan or cat". */
void commands_print(struct buf *b);

#endif
