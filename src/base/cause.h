/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request failed: the cause itself, whichever file of the view has shown it.
 *
 * A fault is found far below the code that tells of it, and an errno does not say which of a
 * thousand files it was. So the function that finds one notes it for its thread, as errno is set,
 * and the one that answers the request asks what was noted. One cause is one log line, however many
 * files show it.
 *
 * What is found damaged once is not looked at again (once.h). Its cause is kept, for later
 * requests. Safe from any thread. */
#ifndef CKPTFS_BASE_CAUSE_H
#define CKPTFS_BASE_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"

enum cause_kind {
    CAUSE_NONE,
    CAUSE_FILE,   /* `what` is a struct io, of a file. -ESTALE: it changed since it was opened;
                     else why it cannot be read */
    CAUSE_DOUBT,  /* `what` is a struct io, of a file: it may have changed since it was opened
                     (io/file_watch.h), and what is read cannot be verified (-EIO) */
    CAUSE_BLOCK,  /* `what` is a struct io, of a V1 file: its block at byte `number` is damaged
                     (-EBADMSG) */
    CAUSE_TENSOR, /* `what` is a struct tensor. -EBADMSG: its bytes are damaged; -ERANGE: a value
                     does not fit dtype `number`; -EOVERFLOW: string_cursor.h */
    CAUSE_TARGET, /* `what` is a struct target: a value of it that is computed does not fit dtype
                     `number` (-ERANGE) */
};

struct cause {
    enum cause_kind kind;
    errint rc;
    const void *what;   /* borrowed */
    uint64_t number;    /* 0 where no meaning is given to it */
    const void *detail; /* borrowed: what render/verified.h knows of the damage, or NULL */
};

/* cause_clear: forgets what was noted in this thread: for the beginning of a request. */
void cause_clear(void);

/* cause_note: notes c for this thread, unless something was noted since cause_clear: the first is
 * the nearest to the fault. */
void cause_note(struct cause c);

/* cause_last: what was noted in this thread; its kind is CAUSE_NONE if nothing was. */
struct cause cause_last(void);

/* cause_same: whether both are one fault: whatever differs but `detail` makes two. */
bool cause_same(const struct cause *a, const struct cause *b);

/* cause_hash: equal where cause_same. */
uint64_t cause_hash(const struct cause *c);

/* cause_keep: keeps what is noted in this thread as the reason why `owner`, any address, is bad.
 *
 * cause_recall: notes in this thread what was kept for `owner`; nothing if nothing was, as where
 * memory was short. */
void cause_keep(const void *owner);
void cause_recall(const void *owner);

#endif
