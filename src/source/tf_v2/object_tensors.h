/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a checkpoint, and which of its tensors each of them is. */
#ifndef CKPTFS_SOURCE_TF_V2_OBJECT_TENSORS_H
#define CKPTFS_SOURCE_TF_V2_OBJECT_TENSORS_H

#include "base/diag.h"
#include "base/errint.h"
#include "source/catalog.h"
#include "source/tf_v2/object_tree.h"

/* What an object saves that is no variable's value: the contents of a lookup table, say. Its
 * tensors have the key `key`, or one that begins with it: `table-keys` and `table-values` of
 * `table`. */
struct object_attribute {
    uint32_t node;
    struct str name; /* both in tree.texts */
    struct str key;
};

struct object_tensors {
    struct object_tree tree;
    uint32_t *tensors; /* owns; by node: what it is as a variable, an index into the catalog's
                          tensors, or OBJECT_NONE */
    bool *recorded;    /* owns; by node: that tensor's friendly name is the name that is recorded */
    struct object_attribute *attributes; /* owns; in the order of their nodes */
    size_t attribute_count;
};

/* object_tensors_read: reads the record of c's object graph, which c->names says is there, once
 * more, now with its edges. A failure is in the diag, and *out is empty but for what
 * object_tensors_fini frees; it is called in either case. */
MUST_CHECK errint object_tensors_read(const struct catalog *c, struct object_tensors *out,
                                      struct diag *d);
void object_tensors_fini(struct object_tensors *o);

#endif
