/* SPDX-License-Identifier: Apache-2.0 */
/* Open files whose text is rendered when they are opened: reports, stats and faults. (A tensor needs no handle: its node says all.) */
#ifndef CKPTFS_SERVE_HANDLE_H
#define CKPTFS_SERVE_HANDLE_H

#include <pthread.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "files/stats.h"
#include "files/view.h"
#include "serve/faults.h"

struct handle;

/* All handles that are open: the kernel need not release them before the session ends. And what they are rendered from, borrowed. */
struct handle_list {
    const struct view *view;
    const struct diag *diag;
    const struct stats *stats;
    struct faults *faults;
    pthread_mutex_t lock; /* PTHREAD_MUTEX_INITIALIZER */
    struct handle *first;
};

/* handle_open: renders the text of a NODE_REPORT_TEXT, NODE_REPORT_JSON, NODE_STATS or NODE_FAULTS; -ENOMEM. Opens of one
 * report share what was rendered first. On success *out is in `list`. */
MUST_CHECK errint handle_open(struct handle_list *list, enum node_kind kind, struct handle **out);
void handle_close(struct handle *h);

/* handle_close_all: what is still open when no request can come any more. */
void handle_close_all(struct handle_list *list);

/* handle_text: borrowed until handle_close. */
struct str handle_text(const struct handle *h);

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
