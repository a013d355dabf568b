/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that no worker may wait for (once.h). They are tried again and again: by one thread
 * more, which is no worker, and by workers that have just answered something. So at least one
 * worker is always there for what needs no waiting, and nothing that could be answered waits behind
 * something that cannot. An interrupted request is answered at once. Any thread. */
#ifndef CKPTFS_FUSE_DEFERRED_H
#define CKPTFS_FUSE_DEFERRED_H

#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"
#include "base/once.h"

struct deferred;
struct open_file;

enum deferred_kind { DEFERRED_READ, DEFERRED_GETATTR };

struct deferred_request {
    fuse_req_t req;
    enum deferred_kind kind;
    uint32_t file; /* that is read, or asked about */
    /* Of a read: */
    struct open_file *open;
    off_t off;
    size_t size;
};

/* Answers r, and waits with that patience at most. False: it would have to wait longer, and r is
 * not answered. */
typedef bool deferred_answer(const struct deferred_request *r, enum once_patience patience);

/* deferred_start: starts the thread, after the daemon has forked. -ENOMEM, -EAGAIN. */
MUST_CHECK errint deferred_start(deferred_answer *answer, struct deferred **out);

/* deferred_add: takes the request over, copied, and will answer it. False if memory is short: then
 * the caller has to answer it. */
MUST_CHECK bool deferred_add(struct deferred *o, const struct deferred_request *r);

/* deferred_help: tries the oldest request, in a worker that has time. */
void deferred_help(struct deferred *o);

/* deferred_stop: ends the thread, after the last worker, and frees all. What still waits is
 * answered with EINTR. NULL is legal. */
void deferred_stop(struct deferred *o);

#endif
