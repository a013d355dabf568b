/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a view written to a directory: all under temporary names first, then renamed, so that nothing half-written ever has a final name. */
#ifndef CKPTFS_SERVE_EXPORT_H
#define CKPTFS_SERVE_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "files/view.h"
#include "serve/origins.h"

struct export_file {
    bool made; /* `file` is an index into view.made; else a number of content.h */
    uint32_t file;
    char *path;      /* owns: where it goes */
    char *temporary; /* owns: what it is called until all are complete; NULL before and after */
    uint64_t bytes;
    bool named; /* it has its final name */
};

struct export
{
    const struct view *view; /* borrows */
    struct diag *diag;
    const char *graph; /* borrows: as -g gives it; NULL: none */
    bool force;        /* files that are there are replaced, but for the view's own */
    struct origins origins;
    struct export_file *files; /* owns */
    size_t count;
    size_t cap;
    char **directories; /* owns: those that were made here, outermost first */
    size_t directory_count;
    size_t directory_cap;
    uint64_t bytes;     /* of all files */
    struct cause *told; /* owns: each is one error, however many files it is in */
    size_t told_count;
    size_t told_cap;
};

enum export_stage {
    EXPORT_WRITING,
    EXPORT_SETTLING, /* all is written, and goes to the disk, which may take its time; told before and after */
};

/* Told at first, and now and then, how many of all bytes are written; false ends the export, with -EINTR, as long as no file has its name. */
typedef bool export_progress(void *context, enum export_stage stage, uint64_t done, uint64_t bytes);

/* export_plan: which files of `kinds` (a set of enum view_files), and the map's sidecars, go where below `directory`. Their sizes are found, and files that are in the way, without
 * `force`, are errors. Nothing is written. */
MUST_CHECK errint export_plan(struct export *e, const char *directory, unsigned kinds);

/* export_run: writes them. On failure all that was written is gone again, and the diag says why; -EINTR has no message. Memory does not grow with
 * sizes. Tensors are verified where the catalog's `checked` says so. */
MUST_CHECK errint export_run(struct export *e, export_progress *progress, void *context);

void export_fini(struct export *e);

#endif
