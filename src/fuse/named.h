/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line names, and what texts of root's that it names go on to. */
#ifndef CKPTFS_FUSE_NAMED_H
#define CKPTFS_FUSE_NAMED_H

#include <stdbool.h>

#include "fuse/opts.h"
#include "fuse/owner.h"

/* named_owner: the owner, by owner_find, of the checkpoint that is given, or else of the map. False
 * if all is root's. */
bool named_owner(const struct opts *o, struct owner *out);

/* named_owner_in_texts: the same of what root's own map and state file say, which are read for
 * that: the path of the checkpoint that no argument gives, and that of the latest in a directory.
 * To be called without privileges, but to become somebody else: a text that root copied need not be
 * root's. */
bool named_owner_in_texts(const struct opts *o, struct owner *out);

#endif
