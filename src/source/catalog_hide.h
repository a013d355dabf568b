/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of a checkpoint that are to be as if it did not have them. */
#ifndef CKPTFS_SOURCE_CATALOG_HIDE_H
#define CKPTFS_SOURCE_CATALOG_HIDE_H

#include <stdint.h>

#include "base/errint.h"
#include "source/catalog.h"

/* catalog_hide: takes the tensors whose bit (number / 64, number % 64) is set out of c->tensors, to
 * c->dropped, in their order. To be called before anything has pointers to tensors. -ENOMEM. */
MUST_CHECK errint catalog_hide(struct catalog *c, const uint64_t *bits);

#endif
