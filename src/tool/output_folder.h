/* SPDX-License-Identifier: Apache-2.0 */
/* A directory at or below that of an export, entered through no symbolic link: what is written
 * lands below the directory that the user named. The one that was entered last stays open, since
 * files come folder by folder. */
#ifndef CKPTFS_TOOL_OUTPUT_FOLDER_H
#define CKPTFS_TOOL_OUTPUT_FOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/errint.h"
#include "base/str.h"

struct output_folder {
    char *name;   /* owns: below the export's directory, "" for that itself; NULL: memory was short,
                     and it is opened anew each time */
    int fd;       /* owns: O_PATH */
    dev_t device; /* its file system */
    bool whole;   /* it is `name`; else the nearest directory above that is there */
    bool open;    /* else none is, and the rest is of no meaning */
};

/* output_folder_enter: opens `name` below the directory `top`. -ENOENT if it is not there, -ELOOP
 * if a symbolic link is on the way, -ENOTDIR for anything else that is no directory; or why it
 * cannot be opened. On failure none is open. */
MUST_CHECK errint output_folder_enter(struct output_folder *f, int top, struct str name);

/* output_folder_near: opens `name`, or the nearest directory above that is there. Errors as of
 * output_folder_enter, but -ENOENT. */
MUST_CHECK errint output_folder_near(struct output_folder *f, int top, struct str name);

/* output_folder_leave: none is open. To be called before `top` becomes another directory. */
void output_folder_leave(struct output_folder *f);

/* output_folder_next: opens the directory `name` of the directory `parent`. A descriptor, or the
 * errors of output_folder_enter. */
MUST_CHECK int output_folder_next(int parent, const char *name);

#endif
