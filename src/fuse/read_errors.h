/* SPDX-License-Identifier: Apache-2.0 */
/* What failed while the mount was live: one log line for each cause (base/cause.h), however many
 * files and reads show it. Further failures of a cause are counted. The last causes are in
 * .ckptfs/faults, too, for those who have no log to look at. Safe from any thread. */
#ifndef CKPTFS_FUSE_READ_ERRORS_H
#define CKPTFS_FUSE_READ_ERRORS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/errint.h"
#include "view/stats.h"
#include "view/view.h"

enum {
    FAULTS_KEPT = 100,    /* of the last ones there is a line in .ckptfs/faults */
    FAULTS_LOGGED = 1000, /* then the log says that it has no more of them */
};

struct read_errors;

/* read_errors_open: for the files of `v`, counted in `stats`, both borrowed as long as *out.
 * -ENOMEM. */
MUST_CHECK errint read_errors_open(const struct view *v, struct stats *stats,
                                   struct read_errors **out);

/* read_errors_met: a read of `file`, a number of content.h, at `off` was answered with `rc`, and
 * its cause is what is noted in this thread. */
void read_errors_met(struct read_errors *f, uint32_t file, uint64_t off, errint rc);

/* read_errors_say: a line that is in the log already, as of libfuse, belongs in .ckptfs/faults,
 * too. */
void read_errors_say(struct read_errors *f, const char *text);

/* read_errors_render: adds the last FAULTS_KEPT, in the order in which they were met, a line each:
 * the time of the first failure (UTC), how many there were of it, what is wrong. Control bytes are
 * escaped. */
void read_errors_render(struct read_errors *f, struct buf *b);

void read_errors_close(struct read_errors *f);

#endif
