/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of the options of ckptfs: `ckptfs -h` and what shells complete are made of it. */
#ifndef CKPTFS_FUSE_OPTS_HELP_H
#define CKPTFS_FUSE_OPTS_HELP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/candidates.h"

/* What the value of an option is. */
enum opts_value { OPTS_VALUE_OTHER, OPTS_VALUE_FILE, OPTS_VALUE_MAP };

struct opts_help {
    const char *spellings; /* "-m FILE, -o map=FILE": each with a value or without */
    const char *what;      /* lines */
    enum opts_value value;
    const char *choices; /* of the value, "key|friendly"; NULL: others */
    bool libfuse;        /* libfuse prints what it is */
};

/* All options that have a meaning; ended by one without spellings. */
extern const struct opts_help opts_help[];

/* One spelling of an option. */
struct opts_spelling {
    struct str option; /* "-m", "--map=", "map=", "npy": without a value */
    bool named;        /* it stands behind -o */
    bool value;        /* it takes one */
};

/* opts_spelling_next: takes the first spelling off *rest, which begins as opts_help.spellings;
 * false: there is none left. */
bool opts_spelling_next(struct str *rest, struct opts_spelling *out);

/* opts_help_print: adds the text of -h up to libfuse's own options. */
void opts_help_print(struct buf *b);

#endif
