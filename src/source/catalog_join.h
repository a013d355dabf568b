/* SPDX-License-Identifier: Apache-2.0 */
/* Several checkpoints as one catalog: the one of the view, which may have no name, and those that a
 * map names.
 *
 * The tensors of all of them stand in one array, and so do shards and slices: indices and addresses
 * are those of the joined catalog, whichever member a tensor is of. Its `count` is that of the
 * member without a name, whose tensors come first: what looks for names there never sees those of
 * the others. catalog_all counts all of them.
 *
 *     tensors  | of the one without a name | of a       | of b |
 *              0 .. joined->count          ^ a->tensors          ^ catalog_all(joined)
 *
 * What tensors do not say by themselves, such as the driver, is asked of their member. The member
 * keeps its own names, state and arena. What all members unpack has to fit what one alone may keep
 * of it. What the joined catalog itself says (prefix, format, indexes) is that of the first
 * member. */
#ifndef CKPTFS_SOURCE_CATALOG_JOIN_H
#define CKPTFS_SOURCE_CATALOG_JOIN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/errint.h"
#include "source/catalog.h"

/* A checkpoint to be joined. */
struct catalog_part {
    struct catalog *catalog;
    const char *label; /* its name; lives as long as the joined catalog; NULL: it has none */
    uint32_t number;   /* for catalog_numbered; of the one without a name 0 */
};

/* catalog_join: the parts in one catalog, which owns them then; at least one, and only the first
 * may have no name. Before anything has pointers to their tensors or shards, and before shards are
 * open. -ENOMEM, and -EOVERFLOW: they have too many tensors or shards; the parts are the caller's
 * still. */
MUST_CHECK errint catalog_join(const struct catalog_part *parts, uint32_t count,
                               struct catalog **out);

/* catalog_member_count, catalog_member: the checkpoints that c has: itself where nothing was
 * joined. */
static inline uint32_t catalog_member_count(const struct catalog *c)
{
    return c->member_count ? c->member_count : 1;
}

static inline const struct catalog *catalog_member(const struct catalog *c, uint32_t i)
{
    return c->member_count ? c->members[i] : c;
}

/* catalog_numbered: the member of that number; NULL: there is none. Of a catalog that was not
 * joined, itself is number 0. */
const struct catalog *catalog_numbered(const struct catalog *c, uint32_t number);

/* catalog_of: the member that tensor t is of. O(log n) of the members. */
const struct catalog *catalog_of_joined(const struct catalog *c, const struct tensor *t);
static inline const struct catalog *catalog_of(const struct catalog *c, const struct tensor *t)
{
    return c->member_count ? catalog_of_joined(c, t) : c;
}

/* catalog_of_shard: the member that a shard is of. */
const struct catalog *catalog_of_shard(const struct catalog *c, uint32_t shard);

/* catalog_all: how many tensors all members have together. */
static inline uint32_t catalog_all(const struct catalog *c)
{
    return c->member_count ? c->all_count : c->count;
}

/* catalog_print_name: adds the name of a tensor, by which it is known, to b; that of a checkpoint
 * with a name follows after an '@'. catalog_visible_name: the same, control bytes escaped. */
void catalog_print_name(const struct catalog *c, const struct tensor *t, struct buf *b);
void catalog_visible_name(const struct catalog *c, const struct tensor *t, struct buf *b);

#endif
