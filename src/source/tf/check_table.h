/* SPDX-License-Identifier: Apache-2.0 */
/* What no reader needs of the tables that TensorFlow writes. */
#ifndef CKPTFS_SOURCE_TF_CHECK_TABLE_H
#define CKPTFS_SOURCE_TF_CHECK_TABLE_H

#include "base/diag.h"
#include "base/errint.h"

/* tf_check_table: whether the metaindex block of the table at `path` is undamaged. Faults are in
 * the diag, as is that the file cannot be opened. -ENOMEM. */
MUST_CHECK errint tf_check_table(const char *path, struct diag *d);

#endif
