/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow's partitioners: from a shape and a dtype to counts of parts per axis
 * (tensorflow/python/ops/partitioned_variables.py), with the same arithmetic.
 *
 *   5,1                                              the counts themselves
 *   fixed NUM_SHARDS [axis A]                        fixed_size_partitioner
 *   min_max MAX_PARTITIONS [axis A] [min_slice_size BYTES] [bytes_per_string_element BYTES]
 *                                                    min_max_variable_partitioner
 *   variable_axis MAX_SHARD_BYTES [axis A] [max_shards N] [bytes_per_string_element BYTES]
 *                                                    variable_axis_size_partitioner */
#ifndef CKPTFS_MAP_PARTITIONER_H
#define CKPTFS_MAP_PARTITIONER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "map/partition.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

enum partitioner_kind {
    PARTITIONER_NONE,
    PARTITIONER_COUNTS,
    PARTITIONER_FIXED,
    PARTITIONER_MIN_MAX,
    PARTITIONER_VARIABLE_AXIS,
};

struct partitioner {
    enum partitioner_kind kind;
    struct partition counts; /* PARTITIONER_COUNTS */
    int64_t first;           /* the number after the name */
    int64_t axis;
    int64_t min_slice_size; /* bytes */
    int64_t max_shards;     /* 0: no limit */
    int64_t bytes_per_string_element;
};

/* partitioner_parse: what follows `partition`; counts are allocated in `a`. -EINVAL or -EOVERFLOW,
 * with what was found and expected in d. */
MUST_CHECK errint partitioner_parse(struct str text, struct position at, struct arena *a,
                                    struct partitioner *out, struct diag *d);

/* partitioner_apply: the counts for a variable of that shape and dtype, allocated in `a`. NULL on
 * success, else why it cannot be partitioned so, as words that follow a variable's name ("has shape
 * [], ..."), allocated in `a`. */
MUST_CHECK const char *partitioner_apply(const struct partitioner *p, struct shape shape,
                                         enum dtype dtype, struct arena *a, struct partition *out);

/* partitioner_print: the operation as a map says it: "partition 5,1", "partition fixed 4 axis 1".
 * Nothing for PARTITIONER_NONE. */
void partitioner_print(struct buf *b, const struct partitioner *p);

#endif
