/* SPDX-License-Identifier: Apache-2.0 */
/* What the system could not do although nothing is wrong with what it was asked for: no memory, no
 * descriptor, a disk or a server that fails.
 *
 * Many look whether a file is there, or which words to suggest, and go on with less where they get
 * no answer: they are not handed on such an error. It is noted here, so that a wrong guess is not
 * taken for an answer (source/tf/locate.h), and whoever tells what is wrong says this, too. Safe
 * from any thread. */
#ifndef CKPTFS_BASE_TROUBLE_H
#define CKPTFS_BASE_TROUBLE_H

#include <stdbool.h>

#include "base/diag.h"
#include "base/errint.h"

/* trouble_note: that `rc` came of `path`, which may be NULL. Nothing is noted of an answer, as
 * -ENOENT and -EACCES are. Returns rc. */
errint trouble_note(const char *path, errint rc);

/* trouble_count: how often something was noted. */
unsigned trouble_count(void);

/* trouble_tell: tells in d of the first that was noted since trouble_count() was `before`, unless
 * an entry of d has its words. Work that has failed, `rc`, gets an error, all other a warning; but
 * where memory was short it is an error in any case, since nobody knows what is missing then.
 * Returns rc, or the code of that error. */
MUST_CHECK errint trouble_tell(unsigned before, struct diag *d, errint rc);

/* trouble_refuse: likewise, but it is an error in any case: for work whose result may be wrong if
 * it went on without an answer. */
MUST_CHECK errint trouble_refuse(unsigned before, struct diag *d, errint rc);

#endif
