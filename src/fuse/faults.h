/* SPDX-License-Identifier: Apache-2.0 */
/* What failed while the mount was live: one log line for each cause (base/cause.h), however many
 * files and reads show it. What follows is counted, and the last of them are in .ckptfs/faults,
 * also where there is no log to look at. Safe from any thread. */
#ifndef CKPTFS_FUSE_FAULTS_H
#define CKPTFS_FUSE_FAULTS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/errint.h"
#include "view/stats.h"
#include "view/view.h"

enum {
    FAULTS_KEPT = 100,    /* of the last ones there is a line in .ckptfs/faults */
    FAULTS_LOGGED = 1000, /* then the log says that it has no more of them */
};

struct faults;

/* faults_open: for the files of `v`, counted in `stats`, both borrowed as long as *out. -ENOMEM. */
MUST_CHECK errint faults_open(const struct view *v, struct stats *stats, struct faults **out);

/* faults_met: a read of `file`, a number of content.h, at `off` was answered with `rc`, and its
 * cause is what is noted in this thread. */
void faults_met(struct faults *f, uint32_t file, uint64_t off, errint rc);

/* faults_say: a line that is in the log already, as of libfuse, belongs in .ckptfs/faults, too. */
void faults_say(struct faults *f, const char *text);

/* faults_render: adds the last FAULTS_KEPT, in the order in which they were met, a line each: the
 * time of the first failure (UTC), how many there were of it, what is wrong. Control bytes are
 * escaped. */
void faults_render(struct faults *f, struct buf *b);

void faults_close(struct faults *f);

#endif
