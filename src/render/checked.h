/* SPDX-License-Identifier: Apache-2.0 */
/* Which stored tensors were verified, and which are damaged: nothing of a damaged one is served.
 *
 * There is a once (once.h) for each run of bytes that has a checksum of its own: a tensor, a slice
 * of a sliced one, a data block of a V1 file. Whoever is about to read from a run asks for it. With
 * CHECKED_ALL the first to ask checks all of it, and the others wait for that run alone. With
 * CHECKED_KNOWN that is so only while the file is in doubt (shard.h), or suspect (spot_check.h);
 * else only what checked_mark has marked, or checked_verify has found, is damaged. As long as there
 * is nothing of that, asking is two atomic loads, and no memory is taken. Five bytes a run, of
 * which those that are never asked for take no pages. Safe from any thread.
 *
 * What was found damaged stays so. What was found good is good until there is a newer doubt about
 * the file: so a read is
 *
 *     struct shard_attempt a = shard_attempt(shard);
 *     do {
 *         rc = checked_ask(c, shard, t, s);
 *         rc = rc < 0 ? rc : shard_read(shard, off, len, buf);
 *     } while (shard_again(&a, &rc));
 *
 * and verifies no more than the runs that it reads from. */
#ifndef CKPTFS_RENDER_CHECKED_H
#define CKPTFS_RENDER_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cause.h"
#include "base/errint.h"
#include "base/once.h"
#include "plan/plan.h"
#include "source/catalog.h"

struct checked;
struct verify_result;

enum checked_mode {
    CHECKED_KNOWN, /* only what is known to be damaged is refused, and what is in doubt is verified
                    */
    CHECKED_ALL,   /* `-o verify`, export: nothing is served before all of its run was verified */
};

/* A run of bytes of a file that has a checksum. */
struct checked_run {
    const struct tensor *tensor;
    const struct stored_slice *slice;
    uint64_t off;
    uint64_t end;
    uint64_t ends; /* the largest `end` of this one and of those before it in the file: runs may
                      overlap */
    uint32_t file; /* index into catalog.shards */
};

/* All of them, by file and offset; made when it is first needed, by checked_read. */
struct checked_runs {
    struct once once;
    struct checked_run *runs; /* owns */
    size_t count;
};

/* checked_open: for the tensors of c, borrowed for as long; c->checked is for the caller to set.
 * -ENOMEM. checked_close: NULL is legal. */
MUST_CHECK errint checked_open(const struct catalog *c, enum checked_mode mode,
                               struct checked **out);
void checked_close(struct checked *k);

/* checked_mark: tensor t, or its slice s if that is not NULL, is damaged as `why` says: from now on
 * no byte of its run is served in any file, and that is the cause of what fails. Of V1, `why` is
 * about the block, and so is the mark. To be called before others read. -ENOMEM; -EBADMSG: V1
 * values that lie in no block. */
MUST_CHECK errint checked_mark(struct checked *k, const struct tensor *t,
                               const struct stored_slice *s, const struct verify_result *why);

/* checked_need: that tensor t, or its slice s if that is not NULL, may be served: 0; -EUCLEAN if it
 * is damaged, and the cause is noted; -EIO, -ENOMEM when that could not be found out this time;
 * -EINTR, -EAGAIN as once_need. */
MUST_CHECK errint checked_need(struct checked *k, const struct tensor *t,
                               const struct stored_slice *s);

/* checked_verify: likewise, and it was verified, whatever the mode is: what is found is known from
 * then on. checked_verify_target: all that t is made of, each tensor or slice whole, also where t
 * has a part of it. */
MUST_CHECK errint checked_verify(struct checked *k, const struct tensor *t,
                                 const struct stored_slice *s);
MUST_CHECK errint checked_verify_target(struct checked *k, const struct target *t);

/* checked_ask: before a read of bytes of t, or of its slice, out of `shard`: as checked_need of
 * c->checked. Where that is NULL, or t (the bytes are of no tensor), -EIO if the file is in doubt:
 * nobody can say whether they are right. */
MUST_CHECK errint checked_ask(const struct catalog *c, const struct shard *shard,
                              const struct tensor *t, const struct stored_slice *s);

/* checked_runs: those of k, made or not. */
struct checked_runs *checked_runs(struct checked *k);

/* checked_wary: whether checked_need has anything to ask. */
bool checked_wary(const struct checked *k);

/* checked_read: bytes [off, off+len) of a shard that is a file, as shard_read. c->checked, if there
 * is one, is asked for every tensor that has bytes among them: -EUCLEAN if one is damaged, and as
 * checked_need. Of a file that is in doubt and not the catalog's, -EIO. */
MUST_CHECK errint checked_read(const struct catalog *c, struct shard *file, uint64_t off,
                               size_t len, void *buf);

/* checked_print: what was found where the cause of a failure has a `detail`, as verify_print. */
void checked_print(const struct checked *k, const struct cause *c, struct buf *b);

struct checked_counts {
    uint32_t verified; /* tensors that were looked at from end to end */
    uint32_t damaged;
};

/* checked_counts: goes over all tensors. */
struct checked_counts checked_counts(struct checked *k);

#endif
