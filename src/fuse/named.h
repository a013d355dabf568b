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

/* named_owner_in_texts: the owner, by owner_find, of the checkpoint that root's own texts lead to:
 * by the path in the map, if no argument gives a checkpoint, and by the latest one in the state
 * file of a directory. False if all is root's. It reads these texts, and a text that root copied
 * need not be root's own: to be called with no privilege but to become another user. */
bool named_owner_in_texts(const struct opts *o, struct owner *out);

#endif
