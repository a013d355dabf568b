/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: a small process that does for the server what needs the rights of the user who
 * mounts.
 *
 * The server opens and parses files of others, so it gives its rights away before (identity.h).
 * Without them it can neither mount, since /dev/fuse and mount(2) or fusermount3 want them, nor
 * unmount. The keeper was forked before; it has read nothing but the command line, mounts when it
 * is told that the view is open, and unmounts that very mount when the server ends, however that
 * ends: it sees the end of their connection. Of what a server that was taken over could send, only
 * the source's name goes anywhere; the options are the keeper's own.
 *
 * It holds the device as well, so that a mount whose server was killed can be told from every other
 * until it is unmounted; then it closes it, and readers that wait get their error. It leaves
 * signals to the server, so that `pkill ckptfs` ends that first. */
#ifndef CKPTFS_FUSE_KEEPER_H
#define CKPTFS_FUSE_KEEPER_H

#include <stdbool.h>

#include "base/errint.h"
#include "fuse/mountpoint.h"
#include "fuse/opts.h"

struct keeper {
    int socket; /* owns; -1: there is none */
};

/* What the keeper is for. Borrowed until keeper_start is back, and by the keeper. */
struct keeper_task {
    const struct opts *opts;
    const struct mountpoint *mountpoint;
    char **argv; /* of main: what `ps` shows of the keeper is written over it */
    int argc;
};

/* keeper_start: forks it. To be called while there is one thread and nothing was opened that is not
 * for all. */
MUST_CHECK errint keeper_start(const struct keeper_task *task, struct keeper *out);

/* keeper_mount: mounts; `source` is the name for the table of mounts. *device is the caller's. What
 * is wrong is logged by the keeper. */
MUST_CHECK errint keeper_mount(struct keeper *k, const char *source, int *device);

/* keeper_live: to be called when the first request is answered: the keeper sets the read-ahead, and
 * leaves the terminal unless the server stays there. -errno if the keeper is gone. */
MUST_CHECK errint keeper_live(struct keeper *k);

/* keeper_abort: ends the connection of the mount, so that the kernel fails every request that
 * waits. */
void keeper_abort(struct keeper *k);

/* keeper_end: unmounts, if that is not done yet, and lets the keeper end. When this is back nothing
 * is mounted any more, unless another mount covers ours: then the keeper has said so and waits for
 * the end of that. Without a keeper nothing is done. */
void keeper_end(struct keeper *k);

#endif
