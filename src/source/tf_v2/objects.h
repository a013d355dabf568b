/* SPDX-License-Identifier: Apache-2.0 */
/* The object graph of a checkpoint that tf.train.Checkpoint, Keras or a SavedModel wrote: what
 * names the variables have beside the paths of objects that are their keys
 * (tensorflow/core/protobuf/trackable_object_graph.proto).
 *
 * The record may be as large as the index, so it is walked where it lies (wire.h), twice: the
 * attributes of all nodes say which tensor a node is, then the slot variables say which tensor
 * belongs to which. */
#ifndef CKPTFS_SOURCE_TF_V2_OBJECTS_H
#define CKPTFS_SOURCE_TF_V2_OBJECTS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "codec/wire.h"
#include "source/catalog.h"
#include "source/tf_v2/object_tree.h"

/* What the graph says of one tensor. */
struct object_name {
    struct str full;  /* as a name-based Saver would have called it; empty: not recorded */
    struct str slot;  /* the name of the slot that it is; empty: it is none */
    uint32_t slot_of; /* position of the variable's tensor, or OBJECT_NONE */
};

/* objects_read: fills `names`, one for each tensor of c, from the graph that w walks; texts are
 * allocated in `a`. -EBADMSG and -EOVERFLOW with words in w->wrong, -EIO, -ENOMEM. The limits:
 * OBJECT_NODES_MOST nodes, 64 KiB and 512 components a name, and all names together what they are
 * in an index, 64 times its size and 64 MiB. */
MUST_CHECK errint objects_read(const struct catalog *c, struct wire *w, struct arena *a,
                               struct object_name *names);

/* objects_load: c->names from the record, if c has one. A record that cannot be read is a warning,
 * and c->names_fault says why: the keys are as good as ever. -ENOMEM. */
MUST_CHECK errint objects_load(struct catalog *c, struct diag *d);

#endif
