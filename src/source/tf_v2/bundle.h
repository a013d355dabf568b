/* SPDX-License-Identifier: Apache-2.0 */
/* A V2 checkpoint (tensor bundle) as a catalog:
 * tensorflow/core/util/tensor_bundle/tensor_bundle.cc.
 *
 * The first record is the header and must have the key "" (TensorFlow takes any first record). Keys
 * that have the form of a slice key (slice_key.h) are the parts of partitioned tensors: checked and
 * counted. Every other key is a tensor, also one that begins with a NUL. */
#ifndef CKPTFS_SOURCE_TF_V2_BUNDLE_H
#define CKPTFS_SOURCE_TF_V2_BUNDLE_H

#include "base/diag.h"
#include "base/errint.h"
#include "source/source.h"

extern const struct source_driver bundle_driver;

/* bundle_open: reads the whole index of `where`, and nothing of the data files. On success *out is
 * the caller's, to be given to catalog_close; its shards are named but not opened. Every record is
 * checked: dtype, shape (rank, overflow), offset and size (negative, overflow, size against dtype
 * and shape), shard id against the header, but for a sliced tensor only dtype and shape: there
 * TensorFlow leaves noise in the other fields. -EBADMSG with the tensor's name, what was found and
 * what was expected (up to 100 bad records are reported); -ENOTSUP for a version that refuses us;
 * -EOVERFLOW for a limit: a name 64 KiB and 512 components, 1 Mi shards, 16 Mi tensors. */
MUST_CHECK errint bundle_open(const struct location *where, struct diag *d, struct catalog **out);

#endif
