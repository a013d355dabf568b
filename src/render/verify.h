/* SPDX-License-Identifier: Apache-2.0 */
/* Every byte of a checkpoint's tensors against its stored checksum, in parallel.
 *
 * The checkpoint's driver says which runs of bytes have a checksum (source/source.h): a tensor or a
 * slice has one of its own, or several share one, which then makes all of them bad. Of those that
 * share, the values themselves are looked at, too, where they are coded or compressed: that they
 * can be unpacked, are well-formed, fit the dtype, and are as many as the shape says. */
#ifndef CKPTFS_RENDER_VERIFY_H
#define CKPTFS_RENDER_VERIFY_H

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/errint.h"
#include "base/pages.h"
#include "source/source.h"

enum verify_outcome {
    VERIFY_GOOD,
    VERIFY_CHECKSUM,   /* the bytes, or those of its block, are not those that were saved */
    VERIFY_UNREADABLE, /* the shard cannot give them, or goes on changing */
    VERIFY_MALFORMED,  /* a string or variant tensor whose lengths do not fit */
    VERIFY_VALUES,  /* coded values that cannot be decoded, do not fit the dtype, or are too few or
                      too many */
    VERIFY_UNKNOWN, /* resources, unknown types, big-endian variants: nothing can be checked */
};

/* What came of one check. The checksums, masked, are set but for VERIFY_UNREADABLE and
 * VERIFY_UNKNOWN. */
struct verify_result {
    enum verify_outcome outcome;
    uint32_t doubt;  /* about the file, in which it was checked (io.h) */
    uint32_t found;  /* of the bytes that are there */
    uint32_t stored; /* as the checkpoint says */
};

/* A tensor, or a slice of one, or what else a check is over. */
struct verify_unit {
    const struct tensor *tensor; /* NULL: all that the check is over, no tensor among it, or more
                                    than tensors */
    const struct stored_slice *slice; /* NULL: the whole tensor */
    uint64_t check;                   /* its number (source.h), or VERIFY_NO_CHECK */
    struct verify_result result;      /* after verify_run */
};

#define VERIFY_NO_CHECK UINT64_MAX

struct verify {
    const struct catalog *catalog; /* borrows; its shards are open */
    struct verify_unit *units;     /* owns; in order of shard and offset, for sequential reading;
                                      those of one check follow each other */
    uint32_t count;
    uint64_t bytes; /* that all checks are over */
};

/* Called from one of the threads, never from two at once, about four times a second. */
typedef void (*verify_progress)(void *context, uint64_t bytes_done, uint64_t bytes);

/* verify_init: the units of all tensors; of a joined catalog, no others, and to be listed only.
 * -ENOMEM. To be given to verify_fini in either case. */
MUST_CHECK errint verify_init(struct verify *v, const struct catalog *c);
void verify_fini(struct verify *v);

/* verify_run: fills the results, with `threads` threads, of which the caller's is one. Each has a
 * buffer of SOURCE_BUFFER bytes. progress may be NULL. Damage is no failure. -ENOMEM. */
MUST_CHECK errint verify_run(struct verify *v, unsigned threads, verify_progress progress,
                             void *context);

/* ---- one check, for those who need not all (verified.h) */

/* verify_buffer: SOURCE_BUFFER bytes, to be freed; NULL when memory is short. */
static inline char *verify_buffer(void)
{
    return pages_alloc(SOURCE_BUFFER);
}

/* verify_check: one check, through `buf` of SOURCE_BUFFER bytes, to *out. The meter may be NULL. 0
 * whatever the outcome is; -EINTR where w is interrupted (once.h); -ENOMEM. */
MUST_CHECK errint verify_check(const struct catalog *c, struct once_waiter *w,
                               const struct source_check *k, char *buf, struct source_meter *meter,
                               struct verify_result *out);

/* verify_words: adds the outcome to b, such as "checksum mismatch"; with the checksums where they
 * differ. */
void verify_words(const struct verify_result *r, struct buf *b);

/* verify_print: adds to b, visibly, "NAME [0:4, 0:3]: checksum mismatch: stored 9c3a54b1, found
 * 00c0ffee, in PATH", or "in the block at byte N (N bytes) of PATH". */
void verify_print(const struct catalog *c, const struct tensor *t, const struct stored_slice *s,
                  const struct verify_result *r, struct buf *b);

#endif
