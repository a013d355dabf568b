/* SPDX-License-Identifier: Apache-2.0 */
/* A number of the map, as `fill`, `pad`, `scale` and `add` take it. */
#ifndef CKPTFS_PLAN_OPS_NUMBER_H
#define CKPTFS_PLAN_OPS_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errint.h"
#include "base/str.h"
#include "tensor/arithmetic.h"
#include "tensor/dtype.h"

/* number_parse: a decimal number: an integer of 64 bits, exact, or a double ("0.5", "1e-3", "inf",
 * "nan"), or true and false, which are 1 and 0. False for anything else. */
bool number_parse(struct str text, struct number *out);

/* number_print: adds it to b, so that number_parse reads the same. */
void number_print(const struct number *n, struct buf *b);

/* number_element: the number as an element of the dtype, which is numeric, at `element` (16 bytes),
 * by the rules of casts. -ERANGE: an integer type does not hold it exactly. */
MUST_CHECK errint number_element(const struct number *n, enum dtype dtype, void *element);

#endif
