/* SPDX-License-Identifier: Apache-2.0 */
/* Variant tensors in data files of V2 checkpoints: only their own op can read what is in them, but
 * checksums can be compared (tensorflow/core/util/tensor_bundle/tensor_bundle.cc,
 * WriteVariantTensor, ReadVariantTensor).
 *
 *     of each element: varint length | bytes | u32 masked crc so far
 *
 * The crc goes over the length as a fixed number of 8 bytes, the bytes, and then the 4 stored
 * bytes, from one element to the next. In the end it is the entry's crc32c. The entry's size is not
 * looked at by TensorFlow. */
#ifndef CKPTFS_SOURCE_TF_V2_VARIANTS_H
#define CKPTFS_SOURCE_TF_V2_VARIANTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "io/io.h"

enum { VARIANTS_BUFFER = 256 << 10 };

/* The elements of a tensor of variants, of a little-endian bundle. */
struct variants_run {
    uint64_t off; /* of the first in the data file */
    uint64_t elements;
    uint32_t crc32c; /* masked, as the entry says */
};

/* variants_check: reads the run in `file`, which is open, through `buf` of VARIANTS_BUFFER bytes.
 * *crc is the masked checksum that its entry should have; if an element's own checksum is wrong,
 * *crc is not run->crc32c. *bytes, set on failure too, is how many were looked at. -EBADMSG when
 * the lengths do not fit the file; -EIO, -ENOMEM; -EINTR where w is interrupted (once.h). */
MUST_CHECK errint variants_check(struct io *file, struct once_waiter *w,
                                 const struct variants_run *run, char *buf, uint32_t *crc,
                                 uint64_t *bytes);

#endif
