/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the mount that are rendered, each one as it was opened: reports, stats and faults.
 *
 * Stats and faults are what they were when the file was opened. A report never changes: report.txt,
 * which is short, is rendered at the first read of it, for all; report.json, of 200 bytes a target,
 * as it is read. Each open one goes on where its last read ended, and one that reads elsewhere
 * begins at the nearest of the marks that all share, about one a MiB. */
#ifndef CKPTFS_FUSE_RENDERED_TEXT_H
#define CKPTFS_FUSE_RENDERED_TEXT_H

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

struct rendered_text;
struct mark;

/* What all are rendered from, borrowed, and what they share. */
struct rendered_texts {
    const struct view *view;
    const struct diag *diag;
    const struct stats *stats;
    struct read_errors *read_errors;
    pthread_mutex_t lock; /* PTHREAD_MUTEX_INITIALIZER; over the marks; held for no longer than it
                             takes to look */
    struct mark *marks;   /* owns; of report.json, ascending */
    size_t mark_count;
    size_t mark_cap;
    struct once surveyed; /* there are marks up to its end */
    struct once rendered; /* `text`, of report.txt, is there */
    struct buf text;      /* owns */
};

void rendered_texts_fini(struct rendered_texts *all);

/* rendered_text_open: any text but TEXT_MAP. -ENOMEM. */
MUST_CHECK errint rendered_text_open(struct rendered_texts *all, enum text what,
                                     struct rendered_text **out);
void rendered_text_close(struct rendered_text *t); /* NULL is legal */

/* rendered_text_read: bytes [off, off + size) of the text, to `buf`; returns how many there are,
 * less at the end. Any thread. -ENOMEM; -EINTR, -EAGAIN as in base/once.h. */
MUST_CHECK ssize_t rendered_text_read(struct rendered_text *t, struct once_waiter *w, uint64_t off,
                                      size_t size, char *buf);

#endif
