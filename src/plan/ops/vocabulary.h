/* SPDX-License-Identifier: Apache-2.0 */
/* Files of rows: vocabularies, one token a line, and lists of indices, one a line. */
#ifndef CKPTFS_PLAN_OPS_VOCABULARY_H
#define CKPTFS_PLAN_OPS_VOCABULARY_H

#include <stdint.h>

#include "base/errint.h"
#include "plan/ops/op_type.h"

enum { VOCABULARY_BYTES_MOST = 1 << 30, VOCABULARY_ROWS_MOST = 1 << 26 };

/* vocabulary_remap: for each line of the file `to`, the number of the equal line of `from`, from 0,
 * or VALUE_NOTHING: to *rows (malloc, the caller's) and *count; *lines is how many `from` has. As
 * TensorFlow reads them (tensorflow/core/kernels/generate_vocab_remapping_op.cc), but that a line
 * that `from` has twice is an error. A failure is explained in out->why: -EINVAL; or -ENOMEM. */
MUST_CHECK errint vocabulary_remap(const char *from, const char *to, struct op_result *out,
                                   int64_t **rows, int64_t *count, int64_t *lines);

/* vocabulary_indices: the integers of a file, one a line, to *rows (malloc, the caller's) and
 * *count. */
MUST_CHECK errint vocabulary_indices(const char *path, struct op_result *out, int64_t **rows,
                                     int64_t *count);

#endif
