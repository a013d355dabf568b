/* SPDX-License-Identifier: Apache-2.0 */
/* The directory that an export writes to, held by descriptor: whoever renames it meanwhile finds
 * everything where it went, or nothing.
 *
 * A file has no name while it is written (O_TMPFILE), and directories that are missing are made
 * when the first file gets its name: whenever the program ends before that, even by SIGKILL,
 * nothing is left. The calls, in their order:
 *
 *   1. output_find
 *   2. of each file: output_create, writing to its fd, output_written
 *   3. of one file of each file system: output_sync
 *   4. of each file: output_give_name
 *   5. after a failure: output_take_back of each file, output_remove_made
 *   6. output_close
 *
 * Where the file system has no such files (NFS, FAT, FUSE), where there is no /proc, or where
 * descriptors run out (each file holds one until it has its name), a file is called
 * .ckptfs-partial-XXXXXX until then, in its directory, and that is what SIGKILL leaves. So is, for
 * the moment between two system calls, a file that replaces another: it is complete by then.
 *
 * In the sandbox, a directory that is moved out of the one that was there at first cannot be
 * written to any more, nor cleaned up.
 *
 * Paths are those of the files, with the directory's text in front: what messages name. All errors
 * are in the diag. One thread. */
#ifndef CKPTFS_TOOL_OUTPUT_H
#define CKPTFS_TOOL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/errint.h"
#include "tool/output_folder.h"

#define OUTPUT_TEMPORARY ".ckptfs-partial-XXXXXX" /* letters and digits stand for the X */

struct output_made;

struct output {
    struct diag *diag;     /* borrows */
    const char *directory; /* borrows: as the user gives it */
    const char *missing;   /* of that text, what has to be made below `top`; "": nothing */
    size_t below;          /* bytes of a path before its name in the directory */
    int top; /* owns: the directory, or while something is missing the nearest one above */
    struct output_folder folder; /* owns: that of the file that was asked for last */
    bool in_place; /* no file is made without a name: none could be linked to where it belongs, or
                      wait for it */
    unsigned descriptors;     /* as many may be open while files are written */
    struct output_made *made; /* owns: directories that were made here, outermost first */
    size_t made_count;
    size_t made_cap;
};

/* A file that is being written. {.fd = -1} before. */
struct output_file {
    int fd;          /* owns: to write to; -1: closed */
    char *temporary; /* owns: its name in the directory for the time being; NULL: it has none, or
                        its own */
    dev_t device;    /* the file system that it is on */
    bool named;
};

/* output_find: looks for `directory`, which need not be there. Nothing is made. To be given to
 * output_close in either case. */
MUST_CHECK errint output_find(const char *directory, struct diag *d, struct output *out);

/* output_stat: what is at `path`, a link itself: 0, or -ENOENT without an error in the diag. A link
 * above it, below the directory, is an error: nothing is written through one. */
MUST_CHECK errint output_stat(struct output *o, const char *path, struct stat *st);

/* output_folder: enters the directory of `path`, o->folder; *last is the name in it, and borrows.
 * The errors of output_folder_enter, without an error in the diag. */
MUST_CHECK errint output_folder(struct output *o, const char *path, const char **last);

/* output_create: a new file for `path`. Without a name it has `mode`, less the umask; with one for
 * the time being only its owner may read it. */
MUST_CHECK errint output_create(struct output *o, const char *path, mode_t mode,
                                struct output_file *out);

/* output_written: closes f->fd if the file can be found without. */
void output_written(struct output_file *f);

/* output_sync: all that was written on the file system of f goes to the disk. */
MUST_CHECK errint output_sync(struct output *o, const char *path, const struct output_file *f);

/* output_give_name: f is found at `path` from now on, at once and whole; what was there is an
 * error, or with `replace` gone. */
MUST_CHECK errint output_give_name(struct output *o, const char *path, bool replace,
                                   struct output_file *f);

/* output_take_back: f is gone; with `keep`, unless it has its name. */
void output_take_back(struct output *o, const char *path, bool keep, struct output_file *f);

/* output_remove_made: the directories that were made are gone, wherever they are by now; but those
 * in which somebody else put something. */
void output_remove_made(struct output *o);

/* output_drop: gives back what f holds, and touches no file. */
void output_drop(struct output_file *f);

void output_close(struct output *o);

#endif
