/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a view written to a directory: all without names first (tool/output.h), which they get
 * when the last one is complete and on the disk, so that nothing half-written ever has a final
 * name, and nothing is left of an export that ended before, even by SIGKILL. One that ends among
 * the names leaves whole files, and of those that point to others (index, state file,
 * saved_model.pb) none without them. With `force`, files that were there are replaced one by one in
 * that order: one that ends then leaves some old and some new ones. */
#ifndef CKPTFS_TOOL_EXPORT_H
#define CKPTFS_TOOL_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "tool/inputs.h"
#include "tool/output.h"
#include "view/view.h"

struct export_file {
    bool made; /* `file` is an index into view.made; else a number of content.h */
    uint32_t file;
    char *path; /* owns: where it goes */
    uint64_t bytes;
    struct output_file out;
};

struct export
{
    const struct view *view; /* borrows */
    struct diag *diag;
    struct once_waiter *waiter; /* borrows: how its reader waits (once.h); NULL: patiently */
    const char *graph;          /* borrows: as -g gives it; NULL: none */
    const char *file; /* borrows: where the one file of one kind goes, and nothing else is written;
                         NULL: files have the view's names */
    bool force;       /* files that are there are replaced, but for the view's own */
    bool in_place;    /* files cannot be moved from one directory to another (sandbox_moves) */
    struct inputs inputs;
    struct output output;
    struct export_file *files; /* owns */
    size_t count;
    size_t cap;
    uint64_t bytes;     /* of all files */
    struct cause *told; /* owns: each is one error, however many files it is in */
    size_t told_count;
    size_t told_cap;
};

enum export_stage {
    EXPORT_WRITING,
    EXPORT_SETTLING, /* all is written, and goes to the disk, which may take its time; told before
                        and after */
};

/* Told at first, and now and then, how many of all bytes are written; false ends the export, with
 * -EINTR, as long as no file has its name. */
typedef bool export_progress(void *context, enum export_stage stage, uint64_t done, uint64_t bytes);

/* export_plan: which files of `formats` (a set of FORMAT_BITs), and the map's sidecars, go where
 * below `directory`, whose text is borrowed: where there is a `file`, all of its path before its
 * name. Of several files where there may be one, that is an error. The directory is held from now
 * on, wherever it goes. Sizes are found, and files that are in the way, without `force`, are
 * errors. Nothing is written. */
MUST_CHECK errint export_plan(struct export *e, const char *directory, unsigned formats);

/* export_run: writes them. On failure all that was written is gone again, and the diag says why;
 * -EINTR has no message. Memory does not grow with sizes; each file holds a descriptor until the
 * end, as far as there are any. Tensors are verified where the view's `verified` says so. */
MUST_CHECK errint export_run(struct export *e, export_progress *progress, void *context);

void export_fini(struct export *e);

#endif
