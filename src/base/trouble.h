/* SPDX-License-Identifier: Apache-2.0 */
/* What the system could not do although nothing is wrong with what it was asked for: no memory, no
 * descriptor, a disk or a server that fails.
 *
 * Many functions look whether a file is there, or which names are near, and go on with less where
 * they get no answer: they return no such error. It is noted here, so that a wrong guess is not
 * taken for an answer (source/tf/locate.h), and what start-up says is wrong includes this
 * (trouble_tell.h). Safe from any thread. */
#ifndef CKPTFS_BASE_TROUBLE_H
#define CKPTFS_BASE_TROUBLE_H

#include "base/errint.h"

enum { TROUBLE_PATH_BYTES = 1024 };

struct trouble {
    errint rc;                     /* 0: there was none */
    char path[TROUBLE_PATH_BYTES]; /* what was looked at, perhaps cut; "" where it is not known, or
                                      for memory */
};

/* trouble_note: notes that `rc` came of `path`, which may be NULL. An rc that is an answer, as
 * -ENOENT and -EACCES are, is not noted. Returns rc. */
errint trouble_note(const char *path, errint rc);

/* trouble_count: how often something was noted. */
unsigned trouble_count(void);

/* trouble_first: the first that was noted since trouble_count() was `before`. */
struct trouble trouble_first(unsigned before);

#endif
