/* SPDX-License-Identifier: Apache-2.0 */
/* Two string tensors, element by element, as the bytes that they are. */
#ifndef CKPTFS_COMPARE_STRING_DIFFERENCE_H
#define CKPTFS_COMPARE_STRING_DIFFERENCE_H

#include <stdbool.h>

#include "compare/difference.h"
#include "compare/pairs.h"
#include "render/reader.h"

/* string_difference: of a pair of string tensors of one shape; readers[0] reads A, readers[1] B.
 * Adds what it finds to d; without `all` it stops at the first difference. Sets *rc to 0, or to why
 * a side could not be read, which the return value says: 0 is A, 1 is B. */
int string_difference(struct reader readers[2], const struct pair *p, bool all,
                      struct difference *d, errint *rc);

#endif
