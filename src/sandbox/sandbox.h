/* SPDX-License-Identifier: Apache-2.0 */
/* What a process that reads files of others cannot do any more, whatever is in those files.
 *
 * It is entered in two steps. Before the first byte of a checkpoint, map or graph is read: no
 * system calls but those of syscalls.h, no new rights, nothing is executed, written, or sent over a
 * network. And once all is found and open: nothing is read but what lies beside the files that are
 * held. Where the kernel has only some of it, that is on; what is missing is no error. */
#ifndef CKPTFS_SANDBOX_SANDBOX_H
#define CKPTFS_SANDBOX_SANDBOX_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/errint.h"
#include "sandbox/syscalls.h"
#include "view/view.h"

struct sandbox {
    enum syscall_user user;
    const char *output; /* borrows: of a writer, where its directory is or will be */
    const char *off;    /* borrows: how to do without, for what is told */
    bool on;            /* sandbox_enter was called; else all of what follows does nothing */
    errint filtered;    /* 0: system calls are */
    errint confined;    /* 0: files are, by `version` of Landlock */
    errint narrowed;    /* 0: reads are, too */
    int version;
};

/* sandbox_enter: the first step, as s->user, s->output and s->off say. Fills the rest of *s. Opens
 * what libc opens later by itself: time zone and log. To be called while there is one thread. */
void sandbox_enter(struct sandbox *s);

/* sandbox_moves: whether a file may be linked or renamed from one directory to another, where it
 * may be written: Landlock before 5.19 lets nobody. */
bool sandbox_moves(const struct sandbox *s);

/* sandbox_narrow: the second step: from now on only the files that `v` holds, and what lies beside
 * them, can be read. To be called while there is one thread. sandbox_narrow_all: likewise, of
 * `count` views. Whoever has several calls it once, for all of them. */
void sandbox_narrow(struct sandbox *s, const struct view *v);
void sandbox_narrow_all(struct sandbox *s, const struct view *const *views, unsigned count);

/* sandbox_print: adds what is on, in words: "sandbox: ...". */
void sandbox_print(const struct sandbox *s, struct buf *b);

/* sandbox_tell: logs one line for a system call that was refused, once for each number. To be
 * called now and then: without one it costs one load. Safe from any thread. */
void sandbox_tell(const struct sandbox *s);

#endif
