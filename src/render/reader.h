/* SPDX-License-Identifier: Apache-2.0 */
/* Who reads: what every read below src/view is given, from a request down to the bytes of a file.
 *
 * A reader is of one thread. It keeps what that thread's reads use again and again, so that no
 * request allocates. */
#ifndef CKPTFS_RENDER_READER_H
#define CKPTFS_RENDER_READER_H

#include "base/errint.h"
#include "base/once.h"
#include "plan/computed.h"
#include "source/catalog.h"

struct string_cursor;
struct verified;

enum {
    READER_WINDOW = 256 << 10, /* bytes read at once to gather runs that lie close together */
    READER_INPUTS = 64 << 10,  /* and of the inputs of arithmetic, together */
    READER_ELEMENT = 16        /* bytes that an element has at most */
};

/* What arithmetic needs. It is no small thing, and computed tensors are read within the reads of
 * others: on the stack there might be no room. */
struct reader_room {
    struct arithmetic_sums sums;
    char block[ARITHMETIC_BLOCK * READER_ELEMENT]; /* elements of one input */
    char made[ARITHMETIC_BLOCK * READER_ELEMENT];  /* results of which not all are wanted */
    char inputs[READER_INPUTS];
};

/* `{.catalog = c, .verified = k}` is one that has read nothing yet. */
struct reader {
    const struct catalog *catalog; /* borrows; its shards are open */
    struct verified *verified;     /* borrows: what is known to be damaged (verified.h). NULL:
                                      nothing is verified, and what is in doubt is refused */
    struct once_waiter *waiter;    /* borrows: how it waits (once.h); NULL: patiently */
    unsigned depth; /* of the computed tensor (computed.h) that is being read; 0: of none */
    char *windows[COMPUTED_DEPTH_MOST + 1]; /* owns, READER_WINDOW bytes for each depth; NULL before
                                               reader_need_window */
    struct reader_room *rooms[COMPUTED_DEPTH_MOST + 1]; /* owns, one for each depth; NULL before
                                                           reader_need_room */
    struct string_cursor *strings;                      /* owns; NULL before reader_need_strings */
};

/* reader_window: that of the depth. */
static inline char *reader_window(const struct reader *r)
{
    return r->windows[r->depth];
}

/* reader_need_window, reader_need_room: that of the depth is there. reader_need_strings: the cursor
 * is. -ENOMEM. */
MUST_CHECK errint reader_need_window(struct reader *r);
MUST_CHECK errint reader_need_room(struct reader *r);
MUST_CHECK errint reader_need_strings(struct reader *r);

/* reader_fini: frees what r owns. */
void reader_fini(struct reader *r);

#endif
