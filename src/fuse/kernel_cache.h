/* SPDX-License-Identifier: Apache-2.0 */
/* The pages that the kernel keeps of the mount's files. Those of a data file whose content changed
 * under us have to be dropped. Safe from any thread. */
#ifndef CKPTFS_FUSE_KERNEL_CACHE_H
#define CKPTFS_FUSE_KERNEL_CACHE_H

#include <stdbool.h>

#include "base/errint.h"
#include "view/view.h"

struct kernel_cache;
struct fuse_session;

/* kernel_cache_open: for the files of `v`, which is borrowed as long as *out is open. -ENOMEM. */
MUST_CHECK errint kernel_cache_open(const struct view *v, struct kernel_cache **out);

/* kernel_cache_start: starts the thread that drops pages, once, after the daemon has forked. A
 * worker must not drop them: the kernel waits for pages whose reads the same worker may have to
 * answer. */
MUST_CHECK errint kernel_cache_start(struct kernel_cache *k, struct fuse_session *session);

/* kernel_cache_drop_changed: lets the thread drop the pages of all files of the mount that have
 * bytes of `shard`, if its data file has failed for good, or was found to have other bytes than
 * were saved. Once for each change that was found. */
void kernel_cache_drop_changed(struct kernel_cache *k, struct shard *shard);

/* kernel_cache_stop: ends the thread. False if it hangs in the kernel, which waits for reads that
 * will not be answered any more: the caller has to abort the connection, the thread uses k until
 * the process ends, and kernel_cache_close must not be called. */
bool kernel_cache_stop(struct kernel_cache *k);
void kernel_cache_close(struct kernel_cache *k);

#endif
