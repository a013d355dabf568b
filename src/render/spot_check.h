/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a V2 checkpoint's data files are those that its index describes: a few small tensors of
 * each against their checksums, before anything is served.
 *
 * TensorFlow renames the data files of a save, and then its index: in between, and where a file of
 * another save was copied, index and data do not belong together, although all sizes are right.
 * Such a file has (nearly) no tensor with the right checksum, a damaged one nearly all. Of each
 * file the SPOT_CHECK_MOST smallest tensors that are stored whole, have elements and are no larger
 * than SPOT_CHECK_BYTES are looked at, of tensors of one size integers first: counters change with
 * each save. The record of an object graph is none of them. (A V1 file has no index beside it.) */
#ifndef CKPTFS_RENDER_SPOT_CHECK_H
#define CKPTFS_RENDER_SPOT_CHECK_H

#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "source/catalog.h"

struct verified;

enum { SPOT_CHECK_MOST = 4, SPOT_CHECK_BYTES = 4096 };

/* What was looked at. */
struct spot_check {
    uint32_t tensors;
    uint64_t bytes; /* of them, as stored: all that was read */
};

/* spot_check_run: looks at the files of c that are open and used. A file in which all tensors are
 * wrong is an error, with the times of both files. Where some are, each gets a warning, `k`, which
 * is of the tensors of c, refuses it from now on, and the file is suspect, so that all else in it
 * is verified before it is served. -EBADMSG, -ENOMEM. */
MUST_CHECK errint spot_check_run(const struct catalog *c, struct verified *k, struct diag *d,
                                 struct spot_check *out);

#endif
