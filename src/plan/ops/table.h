/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the map's language. */
#ifndef CKPTFS_PLAN_OPS_TABLE_H
#define CKPTFS_PLAN_OPS_TABLE_H

#include "map/op.h"

/* op_table: all of them, for the parser of rules. */
extern const struct op_table op_table;

#endif
