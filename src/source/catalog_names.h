/* SPDX-License-Identifier: Apache-2.0 */
/* The two names of a tensor of an object-based checkpoint: its key, which is a path of objects, and
 * a friendly one.
 *
 * The friendly name is the first of these that no other tensor has, as such or as its key:
 *
 *   1. of a slot whose variable has a name, that and the slot's: kernel/m. Of any other tensor the
 *      full name that is recorded, or else its path
 *   2. its path (objects_path.h)
 *   3. its key
 *
 * Of several that hold the same, by dtype, shape and checksum, the first by key has the name that
 * all of them would have.
 *
 * Tensors are known by one of both: by their keys, until catalog_use_friendly. The other one stands
 * beside them. A recorded name that several tensors share which differ, or that a slot has beside
 * variable/slot, is kept too, as an alias. */
#ifndef CKPTFS_SOURCE_CATALOG_NAMES_H
#define CKPTFS_SOURCE_CATALOG_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "source/catalog.h"

/* The tensor that holds an object graph: one string. It is the same in each save of a model
 * (tensorflow/python/trackable/base.py, OBJECT_GRAPH_PROTO_KEY). */
#define OBJECTS_KEY "_CHECKPOINTABLE_OBJECT_GRAPH"

enum { CATALOG_NAME_MOST = 64 << 10, CATALOG_COMPONENTS_MOST = 512 };

struct catalog_alias {
    struct str name;
    uint32_t tensor;
};

struct catalog_names {
    bool friendly;                 /* tensors are known, and sorted, by their friendly names */
    const struct str *other;       /* by tensor: the name that they are not known by */
    const uint32_t *by_other;      /* all tensors, sorted by that */
    struct catalog_alias *aliases; /* sorted by name, then by tensor */
    uint32_t alias_count;
};

struct object_name;

/* catalog_name_fits: whether a name has no more than CATALOG_NAME_MOST bytes and
 * CATALOG_COMPONENTS_MOST components. */
bool catalog_name_fits(struct str name);

/* catalog_names_text_most: bytes that all friendly names of c together may have. */
uint64_t catalog_names_text_most(const struct catalog *c);

/* catalog_names_build: c->names, from what the object graph says of each tensor, whose texts live
 * in c's arena. -ENOMEM. */
MUST_CHECK errint catalog_names_build(struct catalog *c, const struct object_name *names);

/* catalog_use_friendly: makes tensors known by their friendly names, sorted by them, and warns of
 * recorded names that several share. Nothing happens to a checkpoint without an object graph, whose
 * keys are names; one that cannot be read is an error. Before anything has pointers to tensors. */
MUST_CHECK errint catalog_use_friendly(struct catalog *c, struct diag *d);

/* catalog_warn_ambiguous: the warnings that catalog_use_friendly gives, of a catalog as it is. */
void catalog_warn_ambiguous(const struct catalog *c, struct diag *d);

/* catalog_key, catalog_friendly: both names of a tensor of c, whichever it is known by; the same
 * where there is no other. */
struct str catalog_key(const struct catalog *c, const struct tensor *t);
struct str catalog_friendly(const struct catalog *c, const struct tensor *t);

/* catalog_by_key: the tensor with that key, by whichever name tensors are known, or NULL. O(log
 * n). */
const struct tensor *catalog_by_key(const struct catalog *c, struct str key);

/* catalog_has_other: whether tensors of c have names that begin with `prefix`, by which they are
 * not known. */
bool catalog_has_other(const struct catalog *c, struct str prefix);

/* catalog_resolve: the tensors that an exact name may mean, up to `most` (1 or more) of them in
 * found[]; returns how many there are. The tensor whose key it is, is the only one; else those with
 * it as friendly name or alias. O(log n). */
uint32_t catalog_resolve(const struct catalog *c, struct str name, const struct tensor *found[],
                         uint32_t most);

#endif
