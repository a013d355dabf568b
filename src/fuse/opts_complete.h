/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptfs --complete WORD...`: what a shell may offer for the last word of a command line that is
 * being typed. */
#ifndef CKPTFS_FUSE_OPTS_COMPLETE_H
#define CKPTFS_FUSE_OPTS_COMPLETE_H

#include "base/buf.h"

/* opts_complete: adds the answer (base/candidates.h) for the last of these words, which stand after
 * the program's name. No checkpoint is opened. */
void opts_complete(int argc, char **argv, struct buf *b);

#endif
