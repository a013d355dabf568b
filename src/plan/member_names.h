/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors that a source of a rule may be: those of the checkpoint that it names, or of the one
 * without a name. Private to src/plan. */
#ifndef CKPTFS_PLAN_MEMBER_NAMES_H
#define CKPTFS_PLAN_MEMBER_NAMES_H

#include <stdint.h>

#include "map/expand.h"
#include "map/expression.h"
#include "plan/name_tails.h"
#include "source/catalog_join.h"

/* member_of_source: the catalog that a source, which is no step, looks for its names in; NULL: its
 * checkpoint could not be opened, which was said. */
const struct catalog *member_of_source(const struct catalog *c,
                                       const struct expression_source *source);

/* What the wildcards of a source are held against. */
struct member_names {
    const struct catalog *member;
    uint32_t graph; /* number of the object graph, which is not among them; UINT32_MAX: all are */
    const struct name_tails *tails; /* of the member; NULL: none were made */
};

/* member_names_of: those of source `i`, whose checkpoint is open. An object graph is of its own
 * checkpoint alone: no wildcard of a rule that has a source of a named checkpoint matches one. */
struct member_names member_names_of(const struct catalog *c, const struct expression *e,
                                    uint32_t i);

/* member_names_listed: the names, in order; n stays where it is.
 *
 * member_names_tensor: the tensor of name `i` of that list. */
struct expand_names member_names_listed(const struct member_names *n);
const struct tensor *member_names_tensor(const struct member_names *n, uint32_t i);

#endif
