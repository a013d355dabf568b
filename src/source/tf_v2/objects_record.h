/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of the object graph record are: one scalar string tensor,
 * `_CHECKPOINTABLE_OBJECT_GRAPH`. */
#ifndef CKPTFS_SOURCE_TF_V2_OBJECTS_RECORD_H
#define CKPTFS_SOURCE_TF_V2_OBJECTS_RECORD_H

#include "base/errint.h"
#include "codec/wire.h"
#include "io/io.h"
#include "source/catalog_names.h"

/* Fields of TrackableObjectGraph, TrackableObject and SerializedTensor
 * (tensorflow/core/protobuf/trackable_object_graph.proto). */
enum {
    GRAPH_NODES = 1,
    NODE_ATTRIBUTES = 2,
    NODE_SLOTS = 3,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_FULL_NAME = 2,
    ATTRIBUTE_KEY = 3,
};

#define OBJECTS_RECORD_MOST (UINT64_C(2) << 30) /* bytes: protobuf makes no larger message */

struct objects_record {
    struct io io;     /* of the record's bytes, derived from `file` */
    const char *path; /* of its data file; the catalog's */
    struct io *file;  /* owns: that file, opened for this alone: the catalog's is not, yet */
    uint64_t off;     /* of its first byte in the file */
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

/* objects_record_tensor: sets *tensor to the position of the tensor of c whose key is in the window
 * `key` of w, by whichever name tensors are known, and else leaves it: keys of no tensor are legal,
 * lookup tables have such. `buffer` has CATALOG_NAME_MOST bytes. Fails as wire_read. */
MUST_CHECK errint objects_record_tensor(const struct catalog *c, struct wire *w,
                                        struct wire_window key, char *buffer, uint32_t *tensor);

/* objects_record_code: what a failure of objects_record_open or of reading the record is called. */
enum diag_code objects_record_code(errint rc);

#endif
