/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of the object graph record are: one scalar string tensor,
 * `_CHECKPOINTABLE_OBJECT_GRAPH`. */
#ifndef CKPTFS_SOURCE_TF_V2_OBJECTS_RECORD_H
#define CKPTFS_SOURCE_TF_V2_OBJECTS_RECORD_H

#include "base/arena.h"
#include "base/errint.h"
#include "codec/wire.h"
#include "io/shard.h"
#include "source/catalog_names.h"

#define OBJECTS_RECORD_MOST (UINT64_C(2) << 30) /* bytes: protobuf makes no larger message */

struct objects_record {
    const char *path;  /* of its data file; the catalog's */
    struct shard file; /* that file, opened for this alone: the catalog's shards are not, yet */
    struct arena arena;
    uint64_t off; /* of its first byte in the file */
    uint64_t len;
    const char *why; /* after a failure: in words, static */
};

/* objects_record_open: finds the string that tensor t of c holds, and compares both of its
 * checksums (tensor_bundle.cc, ReadStringTensor) without keeping it. The record must be given to
 * objects_record_close in any case. Failures have `why` set: -EBADMSG for bytes that are not such a
 * tensor's, -EOVERFLOW over OBJECTS_RECORD_MOST, or what opening the file gives. */
MUST_CHECK errint objects_record_open(const struct catalog *c, const struct tensor *t,
                                      struct objects_record *out);
void objects_record_close(struct objects_record *r);

/* objects_record_wire: a walker over the record, which must stay open. */
void objects_record_wire(struct objects_record *r, struct wire *w);

#endif
