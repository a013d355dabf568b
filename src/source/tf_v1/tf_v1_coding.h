/* SPDX-License-Identifier: Apache-2.0 */
/* Which field of TensorProto has the values of a dtype, and how
 * (tensorflow/core/framework/tensor.proto). */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_CODING_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_CODING_H

#include <stdbool.h>
#include <stdint.h>

/* How the values of a dtype are stored. */
struct tf_v1_coding {
    uint8_t field; /* of TensorProto; 0: V1 has no such dtype */
    bool fixed;    /* as in memory; else a varint each */
    uint8_t bytes; /* of a value, decoded; 0: strings, a field each, which strings.h reads */
    uint8_t each;  /* values an element: 2 for complex */
    uint64_t low;  /* the least legal value, in two's complement */
    uint64_t span; /* the greatest minus the least */
};

/* tf_v1_coding: of that dtype; zeros where V1 has none. */
struct tf_v1_coding tf_v1_coding(unsigned dtype);

#endif
