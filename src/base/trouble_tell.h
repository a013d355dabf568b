/* SPDX-License-Identifier: Apache-2.0 */
/* What the system could not do (trouble.h), among the errors of start-up. */
#ifndef CKPTFS_BASE_TROUBLE_TELL_H
#define CKPTFS_BASE_TROUBLE_TELL_H

#include "base/diag.h"
#include "base/errint.h"

/* trouble_tell: adds to d the first trouble that was noted since trouble_count() was `before`,
 * unless an entry of d has its words. `rc` is what the work came to. It is an error if rc is one,
 * or if memory was short, since it is not known what is missing then; else a warning. Returns rc,
 * or the code of the error that was added. */
MUST_CHECK errint trouble_tell(unsigned before, struct diag *d, errint rc);

/* trouble_refuse: like trouble_tell, but always an error: for work whose result may be wrong if it
 * went on without an answer. */
MUST_CHECK errint trouble_refuse(unsigned before, struct diag *d, errint rc);

#endif
