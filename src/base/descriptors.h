/* SPDX-License-Identifier: Apache-2.0 */
/* The open files of this process. */
#ifndef CKPTFS_BASE_DESCRIPTORS_H
#define CKPTFS_BASE_DESCRIPTORS_H

#include <stddef.h>

#include "base/errint.h"

/* descriptors_close_all_but: closes all descriptors above 2 but the `count` in `keep`, which it
 * sorts. */
void descriptors_close_all_but(int *keep, size_t count);

/* descriptors_guard_stdio: opens /dev/null for those of descriptors 0 to 2 that are closed, so that
 * no file gets their number. */
void descriptors_guard_stdio(void);

/* descriptors_raise_limit: allows as many open files as the hard limit does. 0, or -errno where the
 * limit stays what it was. */
MUST_CHECK errint descriptors_raise_limit(void);

#endif
