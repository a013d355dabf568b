/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of an object-based checkpoint: paths of objects
 * (tensorflow/python/trackable/trackable_utils.py).
 *
 *     OBJECT/.ATTRIBUTES/VARIABLE_VALUE                              a variable
 *     VARIABLE/.OPTIMIZER_SLOT/OPTIMIZER/SLOT/.ATTRIBUTES/VARIABLE_VALUE   a slot
 *     OBJECT/.ATTRIBUTES/table-keys                                  anything else that an object
 *                                                                    saves */
#ifndef CKPTFS_SOURCE_TF_V2_OBJECTS_PATH_H
#define CKPTFS_SOURCE_TF_V2_OBJECTS_PATH_H

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"

/* objects_path: the path of what `key` names, as a name: OBJECT, VARIABLE/SLOT, or
 * OBJECT/table-keys, where `..` within a component is a dot and `.S` a slash. Borrows from the key,
 * or is allocated in `a` where they differ; empty for a key that is no such path, or names the root
 * object's value. -ENOMEM. */
MUST_CHECK errint objects_path(struct str key, struct arena *a, struct str *out);

#endif
