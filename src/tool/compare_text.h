/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and places of tensors as `ckptool stat` and `ckptool diff` print them. */
#ifndef CKPTFS_TOOL_COMPARE_TEXT_H
#define CKPTFS_TOOL_COMPARE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "compare/histogram.h"
#include "plan/plan.h"
#include "tensor/shape.h"

/* text_number: adds a number: for people with six digits, else (`exact`) the shortest decimal that
 * reads back; "nan", "inf". */
void text_number(struct buf *b, double value, bool exact);

/* text_index: adds where element number `i`, in C order, of a tensor of that shape is: "[3, 5]".
 * json_index: the same, as the next value of j. */
void text_index(struct buf *b, struct shape shape, uint64_t i);
void json_index(struct json *j, struct shape shape, uint64_t i);

/* text_tensor: adds "float32 [3, 5]". json_tensor: the members "dtype" and "shape". */
void text_tensor(struct buf *b, const struct target *t);
void json_tensor(struct json *j, const struct target *t);

/* text_marks: adds a mark for each bin: a blank where it is empty, else a bar, the higher the more;
 * without `utf8` a digit from 1 to 8. */
void text_marks(struct buf *b, const struct histogram *h, bool utf8);

/* text_is_utf8: whether the environment says that terminals show UTF-8: LC_ALL, LC_CTYPE, LANG, the
 * first that is set; none: they do not. */
bool text_is_utf8(void);

#endif
