/* SPDX-License-Identifier: Apache-2.0 */
/* Reads that failed while the mount is live: one log line for each file, or for each tensor that -o verify finds damaged, and an end to what the kernel has cached of the files of a
 * shard that changed under us. Safe from any thread. */
#ifndef CKPTFS_SERVE_FAULTS_H
#define CKPTFS_SERVE_FAULTS_H

#include <stdint.h>

#include "base/errint.h"
#include "files/view.h"

struct faults;
struct fuse_session;

/* faults_open: for the files of `v`, borrowed as long as *out. */
MUST_CHECK errint faults_open(const struct view *v, struct faults **out);

/* faults_start: begins the thread that invalidates. A worker must not do it: the kernel waits for pages whose reads the same worker
 * may have to answer. Once, after the daemon has forked. */
MUST_CHECK errint faults_start(struct faults *f, struct fuse_session *session);

/* faults_read_failed: a read of `file`, a number of content.h, at `off` was answered with `rc`. */
void faults_read_failed(struct faults *f, uint32_t file, uint64_t off, errint rc);

/* faults_stop: ends the thread; false if it hangs in the kernel, which then waits for reads that nobody will answer any more: the
 * connection must be aborted. Then the thread uses f until the process ends, and faults_close must not be called. */
bool faults_stop(struct faults *f);
void faults_close(struct faults *f);

#endif
