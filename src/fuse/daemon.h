/* SPDX-License-Identifier: Apache-2.0 */
/* Going into the background without lying: the parent waits until the child is live or has failed,
 * and exits with the truth.
 *
 * The fork comes before anything of the checkpoint is opened and before there is any thread, so all
 * that start-up has to say still goes to the terminal. A parent that is killed while it waits takes
 * the child with it. */
#ifndef CKPTFS_FUSE_DAEMON_H
#define CKPTFS_FUSE_DAEMON_H

#include <stddef.h>
#include <sys/types.h>

#include "base/errint.h"

struct daemon {
    int ready_fd; /* of the child: where it says that it is live; -1 in the foreground */
    pid_t parent; /* of the child */
};

/* daemon_fork: 0 in the child. 1 in the parent, after the child was live or has ended: *status is
 * the exit status for the parent. -errno when there can be no child. */
MUST_CHECK errint daemon_fork(struct daemon *d, int *status);

/* daemon_follow_parent: lets the child end with a parent that is killed. Again after each change of
 * the user, which takes that back. */
void daemon_follow_parent(const struct daemon *d);

/* daemon_live: what the child calls when it serves: leaves the terminal and lets the parent go.
 * -EPIPE when the parent is gone. Nothing is done in the foreground. */
MUST_CHECK errint daemon_live(struct daemon *d);

/* daemon_leave_terminal: a session of its own, `/` as the directory, /dev/null as descriptors 0 to
 * 2; the log goes to syslog. */
MUST_CHECK errint daemon_leave_terminal(void);

#endif
