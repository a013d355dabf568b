/* SPDX-License-Identifier: Apache-2.0 */
/* An open file whose text was rendered when it was opened: reports and stats. (A tensor needs no handle: its node says all.) */
#ifndef CKPTFS_SERVE_HANDLE_H
#define CKPTFS_SERVE_HANDLE_H

#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "files/stats.h"
#include "files/view.h"

struct handle;

/* handle_open: renders the text of a NODE_REPORT_TEXT, NODE_REPORT_JSON or NODE_STATS; -ENOMEM. */
MUST_CHECK errint handle_open(const struct view *v, const struct diag *d, const struct stats *s,
                              enum node_kind kind, struct handle **out);
void handle_close(struct handle *h);

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
