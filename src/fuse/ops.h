/* SPDX-License-Identifier: Apache-2.0 */
/* FUSE requests answered from a view: each finds its file, calls the layer below, and replies.
 *
 * A view never changes, so the kernel may keep for ever all that it learns: attributes, entries,
 * missing names, directories, pages. Inode number = file + 1 (view/content.h). */
#ifndef CKPTFS_FUSE_OPS_H
#define CKPTFS_FUSE_OPS_H

#include <fuse_lowlevel.h>

#include "fuse/deferred.h"
#include "fuse/kernel_cache.h"
#include "fuse/open_file.h"
#include "fuse/read_errors.h"
#include "sandbox/sandbox.h"
#include "view/attr.h"
#include "view/stats.h"
#include "view/view.h"

/* The session's user data. Borrows all; only the counters and the open files change. */
struct ops_context {
    const struct view *view;
    const struct attr_policy *policy;
    struct read_errors *read_errors;
    struct kernel_cache *kernel_cache;
    const struct sandbox *sandbox;
    struct deferred *deferred;    /* for what no worker may wait for */
    struct fuse_session *session; /* whose end ends waiting */
    uint64_t total_bytes;         /* of all targets, for statfs: ops_total_bytes */
    unsigned max_read;            /* as given to the session, to which it must be equal; 0 if not */
    unsigned threads;             /* that answer at the same time */
    bool inited;                  /* INIT was answered */
    struct stats stats;
    struct open_files files;
};

extern const struct fuse_lowlevel_ops ops_table;

/* ops_answer: for deferred_start. */
deferred_answer ops_answer;

/* ops_total_bytes: the sum of the sizes of all targets, at most UINT64_MAX. Strings are left out:
 * their sizes are not known. */
uint64_t ops_total_bytes(const struct plan *p);

#endif
