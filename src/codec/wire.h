/* SPDX-License-Identifier: Apache-2.0 */
/* A walker of protobuf's wire format over a file of any size, which is never held in memory: graphs
 * have hundreds of MB of constants that are not needed here
 * (https://protobuf.dev/programming-guides/encoding).
 *
 * A message is a window of the file. wire_next steps from field to field and jumps over what a
 * field holds; a field of bytes is itself a window, to be entered, copied or left alone:
 *
 *     struct wire_window at = wire_whole(w);
 *     struct wire_window graph;
 *     int rc;
 *     while ((rc = wire_next_of(w, &at, 2, &graph)) > 0) {
 *         errint bad = walk_graph(w, graph);
 *         ...
 *
 * Everything is checked: fields and lengths that pass the end of their window, varints over 64
 * bits, field number 0, groups (which TensorFlow's messages never had) and unknown wire types are
 * -EBADMSG, and windows nested deeper than WIRE_DEPTH_MOST -EOVERFLOW. After either, `wrong` says
 * in words what, and `wrong_at` where. A file that has become shorter is -EIO. A walker is used by
 * one thread. */
#ifndef CKPTFS_CODEC_WIRE_H
#define CKPTFS_CODEC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"
#include "io/io.h"

enum { WIRE_DEPTH_MOST = 64, WIRE_BUFFER_BYTES = 64 << 10, WIRE_GATHER_FIELDS_MOST = 16 };

#define WIRE_NOWHERE UINT64_MAX /* a place that is the whole file */

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Bytes [off, end) of the file. */
struct wire_window {
    uint64_t off;
    uint64_t end;
    unsigned depth; /* of nesting; the file itself has 0 */
};

struct wire_field {
    uint32_t number; /* 1 to 2^29 - 1 */
    enum wire_type type;
    uint64_t at;              /* where its tag is */
    uint64_t value;           /* of a varint or a fixed one */
    struct wire_window bytes; /* of WIRE_BYTES, what is in it; of a number, what encodes it */
};

/* In the caller's storage; owns nothing that needs freeing. */
struct wire {
    struct io *io;              /* borrows */
    struct once_waiter *waiter; /* borrows: how reads wait; NULL as wire_init sets it */
    uint64_t size;              /* of the file */
    const char *wrong;
    uint64_t wrong_at;
    uint64_t base; /* the buffer holds [base, base + filled) of the file */
    size_t filled;
    size_t ahead; /* how much the next read takes: little after a jump, more while reading goes
                     on */
    uint8_t buffer[WIRE_BUFFER_BYTES];
};

/* wire_init: a walker over the first `size` bytes of the io, which stays the caller's. Reads
 * nothing. */
void wire_init(struct wire *w, struct io *io, uint64_t size);

static inline struct wire_window wire_whole(const struct wire *w)
{
    return (struct wire_window){0, w->size, 0};
}

static inline uint64_t wire_len(struct wire_window at)
{
    return at.end - at.off;
}

/* wire_next: the next field of the message *at, which moves past it: 1 and *f; 0 at the end;
 * negative on failure. */
MUST_CHECK int wire_next(struct wire *w, struct wire_window *at, struct wire_field *f);

/* wire_next_bytes, wire_next_of: the next field that is WIRE_BYTES, of any number, or of that one;
 * others are passed over. */
MUST_CHECK int wire_next_bytes(struct wire *w, struct wire_window *at, struct wire_field *f);
MUST_CHECK int wire_next_of(struct wire *w, struct wire_window *at, uint32_t number,
                            struct wire_window *bytes);

/* wire_varint: a bare varint at the head of *at, which moves past it. -EBADMSG: it passes the end
 * of the window, or has over 64 bits. */
MUST_CHECK errint wire_varint(struct wire *w, struct wire_window *at, uint64_t *value);

/* wire_view: bytes from the head of the window on, borrowed until the next call: at least `least`
 * (at most WIRE_BUFFER_BYTES), or all that it has, and as many more as happen to be at hand. */
MUST_CHECK errint wire_view(struct wire *w, struct wire_window at, size_t least,
                            const uint8_t **bytes, size_t *len);

/* wire_read: all bytes of the window into buf; -EOVERFLOW if they are more than cap. */
MUST_CHECK errint wire_read(struct wire *w, struct wire_window at, size_t cap, void *buf);

/* wire_is: 1 if the window holds exactly `text`, of at most 64 bytes, else 0; or -EIO. */
MUST_CHECK int wire_is(struct wire *w, struct wire_window at, struct str text);

/* wire_bytes: a copy of the window's bytes, allocated in `a`; -EOVERFLOW if they are more than
 * `limit`. */
MUST_CHECK errint wire_bytes(struct wire *w, struct wire_window at, size_t limit, struct arena *a,
                             struct str *out);

/* wire_gather: a message made of those fields of the message `at` whose bit (1 << number) is set in
 * `known`, allocated in `a`: what may be given to protobuf-c, which copies fields that it does not
 * know, and joins the pieces of a repeated message anew for each. -EOVERFLOW if they are more than
 * `limit` bytes or WIRE_GATHER_FIELDS_MOST fields. */
MUST_CHECK errint wire_gather(struct wire *w, struct wire_window at, uint32_t known, size_t limit,
                              struct arena *a, struct str *out);

/* wire_blame: sets the words and the place, WIRE_NOWHERE if they are about the whole file, and
 * returns rc: for what a caller finds wrong with bytes that it got here. */
errint wire_blame(struct wire *w, errint rc, uint64_t at, const char *wrong);

#endif
