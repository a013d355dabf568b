/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a partitioned tensor's parts: EncodeTensorNameSlice
 * (tensorflow/core/util/saved_tensor_slice_util.cc) in OrderedCode
 * (tensorflow/core/lib/strings/ordered_code.cc).
 *
 *   00 | name, with 00 -> 00 ff and ff -> ff 00 | 00 01 | num(rank) | for each axis: snum(start)
 *   snum(length)
 *   num   one byte L (0 to 8), then L bytes, big-endian
 *   snum  1 to 10 bytes, how many says the run of equal bits at its head */
#ifndef CKPTFS_SOURCE_TF_SLICE_KEY_H
#define CKPTFS_SOURCE_TF_SLICE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#include "base/str.h"

/* slice_key_valid: whether `key` is such a key from its first byte to its last. A tensor's own name
 * may start with a NUL as well, but is never one by accident. */
bool slice_key_valid(struct str key);

/* slice_key_encode: adds the key of a slice of `name`: for each of `rank` axes start[i] and len[i],
 * with len -1 for an axis that was not cut (the numbers are those of the owner's list: the key is
 * made from them as they are). */
void slice_key_encode(struct buf *b, struct str name, const int64_t *start, const int64_t *len,
                      unsigned rank);

#endif
