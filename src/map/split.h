/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow's even split of an axis: the first n mod k parts are one longer than the others
 * (tensorflow/python/ops/variable_scope.py, _compute_slice_dim_and_shape). */
#ifndef CKPTFS_MAP_SPLIT_H
#define CKPTFS_MAP_SPLIT_H

#include <stdint.h>

/* split_part: where part `part` of `parts` begins on an axis of length n, and how long it is. 0 <=
 * part < parts. */
static inline void split_part(int64_t n, int64_t parts, int64_t part, int64_t *start, int64_t *len)
{
    int64_t quotient = n / parts;
    int64_t rest = n % parts;
    *len = quotient + (part < rest);
    *start = part * quotient + (part < rest ? part : rest);
}

#endif
