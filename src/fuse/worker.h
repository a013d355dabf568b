/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread that answers requests keeps: one reply buffer, used again and again, and its reader
 * of the view. Fresh memory for every reply would cost ten times the copy. Freed when the thread
 * ends. */
#ifndef CKPTFS_FUSE_WORKER_H
#define CKPTFS_FUSE_WORKER_H

#include <stddef.h>

#include "view/view.h"

struct worker {
    char *buf; /* owns */
    size_t cap;
    struct reader reader;
};

/* worker_self: the calling thread's worker, which reads v and no other view, with room for `need`
 * bytes in buf. Its reader waits as `waiter`, borrowed up to the next call, says. NULL when memory
 * is short. */
struct worker *worker_self(const struct view *v, struct once_waiter *waiter, size_t need);

/* worker_try: how many of `count` threads, WORKERS_MOST at most, can be there at the same time,
 * each with what it takes to answer requests from v. It starts them to find out, so that there is
 * no mount that cannot answer. */
enum { WORKERS_MOST = 24 };
unsigned worker_try(const struct view *v, unsigned count);

#endif
