/* SPDX-License-Identifier: Apache-2.0 */
/* Which stored tensors were verified, for `-o verify`: nothing of a damaged one is served.
 *
 * There is a cell (cell.h) for each run of bytes that has a checksum of its own: a tensor, a slice of a sliced one, a data block of a V1 file.
 * render_read asks for each of them that it is about to read from; the first to ask checks all of it, the others wait for that run alone. What is
 * found stays. One byte a run, and nothing at all without -o verify. Safe from any thread. */
#ifndef CKPTFS_BYTES_CHECKED_H
#define CKPTFS_BYTES_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cell.h"
#include "base/errint.h"
#include "format/catalog.h"

struct checked;

/* A run of bytes of a file that has a checksum. */
struct checked_run {
    const struct tensor *tensor;
    const struct stored_slice *slice;
    uint64_t off;
    uint64_t end;
    uint64_t ends; /* the largest `end` of this one and of those before it in the file: runs may overlap */
    uint32_t file; /* index into catalog.shards */
};

/* All of them, by file and offset; made when it is first needed, by checked_read. */
struct checked_runs {
    struct cell cell;
    struct checked_run *runs; /* owns */
    size_t count;
};

/* checked_open: for the tensors of c, borrowed for as long; c->checked is for the caller to set. -ENOMEM. checked_close: NULL is legal. */
MUST_CHECK errint checked_open(const struct catalog *c, struct checked **out);
void checked_close(struct checked *k);

/* checked_need: that tensor t, or its slice s if that is not NULL, is undamaged: 0; -EUCLEAN if it is not; -EIO, -ENOMEM when that could not be
 * found out this time; -EINTR, -EAGAIN as cell_need. */
MUST_CHECK errint checked_need(struct checked *k, const struct tensor *t, const struct stored_slice *s);

/* checked_runs: those of k, made or not. */
struct checked_runs *checked_runs(struct checked *k);

/* checked_read: bytes [off, off+len) of a shard that is a file, as shard_read. With -o verify (c->checked) every tensor that has bytes among them must be undamaged:
 * -EUCLEAN if one is not, and as checked_need. */
MUST_CHECK errint checked_read(const struct catalog *c, struct shard *file, uint64_t off, size_t len,
                               void *buf);

/* checked_news: a damaged tensor that was not told of: true, and its line, without a newline, added to b. Each comes once. */
bool checked_news(struct checked *k, struct buf *b);

struct checked_counts {
    uint32_t verified; /* tensors that were looked at from end to end */
    uint32_t damaged;
};

/* checked_counts: goes over all tensors. */
struct checked_counts checked_counts(struct checked *k);

#endif
