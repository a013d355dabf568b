/* SPDX-License-Identifier: Apache-2.0 */
/* Where in the data files of a V2 checkpoint a target's bytes stand as they are: then a checkpoint
 * of the view may point there. */
#ifndef CKPTFS_VIEW_FORMATS_IN_PLACE_H
#define CKPTFS_VIEW_FORMATS_IN_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"
#include "source/catalog.h"

struct in_place {
    uint32_t shard;  /* index into catalog.shards, of a file */
    uint64_t off;    /* bytes in it */
    uint64_t bytes;  /* as stored */
    uint32_t crc32c; /* masked; only if `summed` */
    bool summed;     /* the checkpoint has the checksum of just these bytes */
};

/* in_place_run: whether target t, which has elements that are no strings, is one contiguous run of
 * a data file of `c`, as it is read, and where; its checksum is not looked for. */
bool in_place_run(const struct catalog *c, const struct target *t, struct in_place *out);

/* in_place_of: whether target t is one contiguous run of a data file of `c`, in the encoding of a
 * little-endian bundle, and where. False for one without elements: it stands nowhere. */
bool in_place_of(const struct catalog *c, const struct target *t, struct in_place *out);

/* in_place_slices: the slices that the checkpoint has t's source in, if t has elements and is all
 * of it, unchanged, and the source is stored in slices of a little-endian bundle; else NULL. */
const struct slices *in_place_slices(const struct catalog *c, const struct target *t);

#endif
