/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that no worker may wait for (once.h): they are taken off the worker's hands and tried
 * again and again, by one thread more, which is no worker, and by workers that have just answered
 * something. So one worker at least is always there for what needs no waiting, and nothing that
 * could be answered waits behind something that cannot. An interrupted one is answered at once. */
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

/* Answers it, with that patience; false if it would have to wait longer, and is not answered. */
typedef bool deferred_answer(const struct deferred_request *r, enum once_patience patience);

/* deferred_start: after the daemon has forked. -ENOMEM, -EAGAIN. */
MUST_CHECK errint deferred_start(deferred_answer *answer, struct deferred **out);

/* deferred_add: the request is no longer the caller's; but false if memory is short: then it is. */
MUST_CHECK bool deferred_add(struct deferred *o, const struct deferred_request *r);

/* deferred_help: a worker that has time tries the oldest. */
void deferred_help(struct deferred *o);

/* deferred_stop: ends the thread and frees all; what waits is answered with EINTR. After the last
 * worker; NULL is legal. */
void deferred_stop(struct deferred *o);

#endif
