/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that writes what another one has read, while that reads on: some buffers go round
 * between the two. One thread uses a writer. */
#ifndef CKPTFS_TOOL_WRITER_H
#define CKPTFS_TOOL_WRITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/errint.h"

enum { WRITER_BYTES = 1 << 20, WRITER_BUFFERS = 4 };

struct writer {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* any of the below */
    pthread_t thread;
    bool started; /* else writer_put writes by itself */
    bool ended;
    size_t put;     /* buffers that were put so far; the next one is number put % WRITER_BUFFERS */
    size_t written; /* and those that were written, or thrown away after a failure */
    errint rc;      /* the first failure since writer_drain */
    struct {
        char *bytes; /* owns, WRITER_BYTES */
        size_t len;
        int fd;
    } buffers[WRITER_BUFFERS];
};

/* writer_init: starts the thread; where there can be none, writing is done at once. -ENOMEM. To be
 * given to writer_fini in either case. */
MUST_CHECK errint writer_init(struct writer *w);

/* writer_buffer: WRITER_BYTES bytes to be filled, once there is a buffer that is written. They are
 * the writer's. NULL: writing has failed, as writer_drain says. */
char *writer_buffer(struct writer *w);

/* writer_put: the first `len` bytes of that buffer are to be written to fd, which stays open until
 * writer_drain. */
void writer_put(struct writer *w, int fd, size_t len);

/* writer_drain: waits until nothing is left to write. 0, or why a write failed since the last time;
 * what was put after that is not written. */
MUST_CHECK errint writer_drain(struct writer *w);

/* writer_fini: after writer_drain, if anything was put. */
void writer_fini(struct writer *w);

#endif
