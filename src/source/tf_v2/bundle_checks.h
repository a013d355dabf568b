/* SPDX-License-Identifier: Apache-2.0 */
/* The checksums of a V2 checkpoint: one for each tensor that is stored whole, and for each slice.
 *
 * The masked CRC-32C covers the bytes as they are in the file; of a string tensor it covers the
 * lengths and then the bytes (tensorflow/core/util/tensor_bundle/tensor_bundle.cc,
 * ReadStringTensor), of a variant both of each element (variants.h). Checks are numbered as tensors
 * are, then as slices (slices.first). */
#ifndef CKPTFS_SOURCE_TF_V2_BUNDLE_CHECKS_H
#define CKPTFS_SOURCE_TF_V2_BUNDLE_CHECKS_H

#include "source/source.h"

/* These are what source_driver says. */
uint64_t bundle_check_count(const struct catalog *c);
bool bundle_check_find(const struct catalog *c, const struct tensor *t,
                       const struct stored_slice *s, struct source_check *out);
MUST_CHECK errint bundle_check_sum(const struct catalog *c, struct once_waiter *w,
                                   const struct source_check *k, char *buf, struct source_meter *m,
                                   uint32_t *found);

#endif
