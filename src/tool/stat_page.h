/* SPDX-License-Identifier: Apache-2.0 */
/* The page of `ckptool stat --html`: a treemap of bytes by scope, a table, a histogram a tensor. It
 * gets its name when it is complete and on the disk: nothing half-written is ever there. */
#ifndef CKPTFS_TOOL_STAT_PAGE_H
#define CKPTFS_TOOL_STAT_PAGE_H

#include "tool/inputs.h"
#include "tool/output.h"
#include "tool/stat.h"

struct stat_page {
    struct diag *diag; /* borrows: all errors are in it */
    const char *path;  /* borrows: as the user gives it */
    bool force;        /* a file that is there is replaced, but none of the view's */
    mode_t mode;
    struct buf folder; /* owns: of the path */
    struct output output;
    struct output_file file;
};

/* stat_page_open: whether the page can go to p->path; nothing is made. `graph`, as -g gives it
 * (NULL: none), is one of the files that it does not replace. */
MUST_CHECK errint stat_page_open(struct stat_page *p, const struct view *v, const char *graph);

/* stat_page_write: writes it. On failure nothing is left of it. */
MUST_CHECK errint stat_page_write(struct stat_page *p, const struct stat_list *l);

/* stat_page_close: also of one that was not opened, with -1 as output.top and file.fd. */
void stat_page_close(struct stat_page *p);

#endif
