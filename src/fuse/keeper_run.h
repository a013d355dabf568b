/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper does in its process. */
#ifndef CKPTFS_FUSE_KEEPER_RUN_H
#define CKPTFS_FUSE_KEEPER_RUN_H

#include "fuse/keeper.h"

/* keeper_run: answers the server at `socket` until that ends; then unmounts, and ends the process.
 */
_Noreturn void keeper_run(const struct keeper_task *task, int socket);

#endif
