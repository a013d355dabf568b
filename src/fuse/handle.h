/* SPDX-License-Identifier: Apache-2.0 */
/* Open files whose text is rendered: reports, stats and faults. (A tensor needs no handle: its node
 * says all.)
 *
 * Stats and faults are what they were when the file was opened. A report never changes: report.txt,
 * which is short, is rendered at the first read of it, for all; report.json, of 200 bytes a target,
 * as it is read. Each open one goes on where its last read ended, and one that reads elsewhere
 * begins at the nearest of the marks that all share, about one a MiB. */
#ifndef CKPTFS_FUSE_HANDLE_H
#define CKPTFS_FUSE_HANDLE_H

#include <pthread.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/once.h"
#include "fuse/read_errors.h"
#include "view/report.h"
#include "view/stats.h"
#include "view/view.h"

struct handle;
struct mark;

/* All handles that are open: the kernel need not release them before the session ends. And what
 * they are rendered from, borrowed. */
struct handle_list {
    const struct view *view;
    const struct diag *diag;
    const struct stats *stats;
    struct read_errors *read_errors;
    pthread_mutex_t lock; /* PTHREAD_MUTEX_INITIALIZER; held for no longer than it takes to look */
    struct handle *first;
    struct mark *marks; /* owns; of report.json, ascending */
    size_t mark_count;
    size_t mark_cap;
    struct once surveyed; /* there are marks up to its end */
    struct once rendered; /* `text`, of report.txt, is there */
    struct buf text;      /* owns */
};

/* handle_open: of any text but TEXT_MAP; -ENOMEM. On
 * success *out is in `list`. */
MUST_CHECK errint handle_open(struct handle_list *list, enum text what, struct handle **out);
void handle_close(struct handle *h);

/* handle_close_all: what is still open when no request can come any more. */
void handle_close_all(struct handle_list *list);

/* handle_read: bytes [off, off + size) of the text, to `buf`; returns how many there are, less at
 * the end. Any thread. -ENOMEM; -EINTR, -EAGAIN as in base/once.h. */
MUST_CHECK ssize_t handle_read(struct handle *h, uint64_t off, size_t size, char *buf);

/* In fuse_file_info.fh; 0 is no handle. */
static inline uint64_t handle_to_fh(const struct handle *h)
{
    return (uintptr_t)h;
}

static inline struct handle *handle_from_fh(uint64_t fh)
{
    return (struct handle *)(uintptr_t)fh;
}

#endif
