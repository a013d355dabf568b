/* SPDX-License-Identifier: Apache-2.0 */
/* Which stored tensors were verified, and which are damaged: nothing of a damaged one is served.
 *
 * There is a once (once.h) for each run of bytes that has a checksum (source/source.h): a tensor, a
 * slice of a sliced one, or what several share. It is asked for before each read from the run.
 * With VERIFIED_ALL the first to ask checks all of it, and the others wait for that run alone. With
 * VERIFIED_KNOWN that is so only while the file is in doubt (io.h), or suspect (spot_check.h);
 * else only what verified_mark has marked, or verified_ensure has found, is damaged. As long as
 * there is nothing of that, asking is two atomic loads, and no memory is taken. Five bytes a run,
 * of which those that are never asked for take no pages. Safe from any thread.
 *
 * What was found damaged stays so. What was found good is good until there is a newer doubt about
 * the file: so a read is
 *
 *     struct shard_attempt a = shard_attempt(shard);
 *     do {
 *         rc = verified_ask(r, shard, t, s);
 *         if (rc == 0) {
 *             rc = shard_read(shard, r->waiter, off, len, buf);
 *         }
 *     } while (shard_again(&a, &rc));
 *
 * and verifies no more than the runs that it reads from. */
#ifndef CKPTFS_RENDER_VERIFIED_H
#define CKPTFS_RENDER_VERIFIED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cause.h"
#include "base/errint.h"
#include "base/once.h"
#include "plan/plan.h"
#include "render/reader.h"

struct verified;
struct verify_result;

enum verified_mode {
    VERIFIED_KNOWN, /* only what is known to be damaged is refused, and what is in doubt is verified
                     */
    VERIFIED_ALL,   /* `-o verify`, export: nothing is served before all of its run was verified */
};

/* A run of bytes of a file that has a checksum. */
struct verified_run {
    const struct tensor *tensor;
    const struct stored_slice *slice;
    uint64_t off;
    uint64_t end;
    uint64_t ends; /* the largest `end` of this one and of those before it in the file: runs may
                      overlap */
    uint32_t file; /* index into catalog.shards */
};

/* All of them, by file and offset; made when it is first needed, by verified_read. */
struct verified_runs {
    struct once once;
    struct verified_run *runs; /* owns */
    size_t count;
};

/* verified_open: for the tensors of c, borrowed for as long. -ENOMEM. verified_close: NULL is
 * legal. */
MUST_CHECK errint verified_open(const struct catalog *c, enum verified_mode mode,
                                struct verified **out);
void verified_close(struct verified *k);

/* verified_mark: tensor t, or its slice s if that is not NULL, is damaged as `why` says. From now
 * on no byte of its run is served in any file, and `why` is the cause of what fails. Where checks
 * are shared, both are about the check. Before others read. -ENOMEM; -EBADMSG: values that lie
 * where no check is. */
MUST_CHECK errint verified_mark(struct verified *k, const struct tensor *t,
                                const struct stored_slice *s, const struct verify_result *why);

/* verified_need: that tensor t, or its slice s if that is not NULL, may be served: 0; -EUCLEAN if
 * it is damaged, and the cause is noted; -EIO, -ENOMEM when that could not be found out this time;
 * -EINTR, -EAGAIN as once_need. r->verified is not NULL. */
MUST_CHECK errint verified_need(const struct reader *r, const struct tensor *t,
                                const struct stored_slice *s);

/* verified_ensure: as verified_need, and it was verified, whatever the mode is: what is found is
 * known from then on. */
MUST_CHECK errint verified_ensure(const struct reader *r, const struct tensor *t,
                                  const struct stored_slice *s);

/* verified_ensure_target: verified_ensure of all that t is made of, each tensor or slice whole,
 * also where t has a part of it. 0 where r->verified is NULL. */
MUST_CHECK errint verified_ensure_target(const struct reader *r, const struct target *t);

/* verified_ask: the gate of every read of bytes of t, or of its slice s, out of `shard`:
 * verified_need. Where r->verified is NULL, or t is (the bytes are of no tensor), -EIO if the file
 * is in doubt, since then it cannot be said whether they are right. */
MUST_CHECK errint verified_ask(const struct reader *r, const struct shard *shard,
                               const struct tensor *t, const struct stored_slice *s);

/* verified_runs: those of k, made or not. */
struct verified_runs *verified_runs(struct verified *k);

/* verified_wary: whether verified_need has anything to ask. */
bool verified_wary(const struct verified *k);

/* verified_read: bytes [off, off+len) of a shard that is a file, as shard_read. Where r->verified
 * is not NULL, verified_need is asked of every tensor that has bytes among them, and fails. Of a
 * file that is in doubt and not the catalog's, -EIO. */
MUST_CHECK errint verified_read(const struct reader *r, struct shard *file, uint64_t off,
                                size_t len, void *buf);

/* verified_print: what was found where the cause of a failure, of reads of c, has a `detail`, as
 * verify_print. */
void verified_print(const struct catalog *c, const struct cause *cause, struct buf *b);

struct verified_counts {
    uint32_t verified; /* tensors that were looked at from end to end */
    uint32_t damaged;
};

/* verified_counts: counts what is known by now. O(tensors). */
struct verified_counts verified_counts(struct verified *k);

#endif
