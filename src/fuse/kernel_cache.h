/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel keeps of the mount's files, and an end to that for the files of a shard whose
 * content changed under us. Safe from any thread. */
#ifndef CKPTFS_FUSE_KERNEL_CACHE_H
#define CKPTFS_FUSE_KERNEL_CACHE_H

#include <stdbool.h>

#include "base/errint.h"
#include "view/view.h"

struct kernel_cache;
struct fuse_session;

/* kernel_cache_open: of the files of `v`, borrowed as long as *out. -ENOMEM. */
MUST_CHECK errint kernel_cache_open(const struct view *v, struct kernel_cache **out);

/* kernel_cache_start: begins the thread that invalidates. A worker must not do it: the kernel waits
 * for pages whose reads the same worker may have to answer. Once, after the daemon has forked. */
MUST_CHECK errint kernel_cache_start(struct kernel_cache *k, struct fuse_session *session);

/* kernel_cache_drop_changed: if the file behind `shard`, a shard of the view, has failed for good,
 * or was found to have other bytes than were saved: the pages of all files that have bytes of it;
 * soon, and once for each change that was found. */
void kernel_cache_drop_changed(struct kernel_cache *k, struct shard *shard);

/* kernel_cache_stop: ends the thread; false if it hangs in the kernel, which then waits for reads
 * that nobody will answer any more: the connection must be aborted. Then the thread uses k until
 * the process ends, and kernel_cache_close must not be called. */
bool kernel_cache_stop(struct kernel_cache *k);
void kernel_cache_close(struct kernel_cache *k);

#endif
