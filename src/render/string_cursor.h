/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of a string target one after the other, in C order, and where the bytes of each are:
 * what every way to write them out (raw files, text, another encoding) begins with.
 *
 *     string_cursor_to(cursor, reader, target, 0);
 *     struct string_element e;
 *     int got;
 *     while ((got = string_cursor_next(cursor, &e)) > 0) {
 *         ... shard_read(e.shard, reader->waiter, e.off, e.len, buf), in pieces of any size ...
 *     }
 *
 * Nothing of a stored run of strings is given before all of it was verified
 * (source/tf/strings.h). */
#ifndef CKPTFS_RENDER_STRING_CURSOR_H
#define CKPTFS_RENDER_STRING_CURSOR_H

#include <stdint.h>

#include "base/errint.h"
#include "plan/plan.h"
#include "render/reader.h"
#include "source/tf/strings.h"

struct string_element {
    struct shard *shard;
    uint64_t off; /* its bytes are [off, off + len) of the shard */
    uint64_t len;
    uint64_t end; /* bytes up to here may be read too: those of the next elements are likely to be
                     there */
};

/* In the caller's storage (67 KiB); owns nothing that needs freeing. Used by one thread. */
struct string_cursor {
    const struct reader *reader;    /* borrows: who reads its elements */
    const struct target_form *form; /* borrows */
    uint64_t elements;              /* of the target */
    uint64_t next;                  /* of them */
    int64_t index[SHAPE_RANK_MOST]; /* of the element `next` */
    uint32_t piece;                 /* that has it, if there is one */
    int64_t left;    /* elements from it on that follow each other in the piece: on the last axis */
    uint64_t number; /* of it in the piece's shard */
    uint64_t compared; /* with pieces, to find the right one */
    struct strings_walk walk;
};

/* string_cursor_to: makes `element` of string target t the next one; the count of elements is its
 * end. -EINVAL if t has no strings, or not so many; otherwise nothing is read. */
MUST_CHECK errint string_cursor_to(struct string_cursor *cursor, const struct reader *r,
                                   const struct target *t, uint64_t element);

/* string_cursor_next: the next element: 1; 0 at the end. -EBADMSG for damage, -EIO, -ENOMEM;
 * -EINTR, -EAGAIN as once_need; -EOVERFLOW for pieces that are so many and so entangled that going
 * on would take too long. */
MUST_CHECK int string_cursor_next(struct string_cursor *cursor, struct string_element *out);

#endif
