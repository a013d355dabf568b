/* SPDX-License-Identifier: Apache-2.0 */
/* A V1 checkpoint, one table file or several, as a catalog:
 * tensorflow/core/util/tensor_slice_reader.cc.
 *
 * Each file has a metadata record of its own (tf_v1_meta.h); those of all files are united by
 * name. Every slice that they list must have a record in the same file, under the key that its
 * numbers make; records that no list names are passed over. A tensor whose one slice covers it is a
 * plain one, whose values are read from the file or through derived shards (tf_v1_values.h,
 * sstable_cache.h). */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_H

#include "base/diag.h"
#include "base/errint.h"
#include "source/source.h"

extern const struct source_driver tf_v1_driver;

/* tf_v1_open: reads metadata and keys of where->files, no values. On success *out is the caller's,
 * to be given to catalog_close; its shards are named but not opened: first the files, in order,
 * then the derived ones. Checked are dtypes, shapes (rank, overflow), slices (rank, bounds, listed
 * twice, without values), that files agree on dtype and shape, and numbers of values where they can
 * be seen without reading all of them. -EBADMSG with the tensor's name, what was found and what was
 * expected (up to 100 bad tensors are reported); -ENOTSUP for a version that refuses us; -EOVERFLOW
 * for a limit: a name 64 KiB and 512 components, a metadata record 64 MiB, 1 Mi files, 16 Mi
 * tensors. */
MUST_CHECK errint tf_v1_open(const struct location *where, struct diag *d, struct catalog **out);

#endif
