/* SPDX-License-Identifier: Apache-2.0 */
/* The checksums of a V1 checkpoint: one for each data block of each file. A block has the values of
 * any number of tensors. */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_CHECKS_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_CHECKS_H

#include "source/source.h"
#include "source/tf_v1/tf_v1_blocks.h"

/* These are what source_driver says. */
uint64_t tf_v1_check_count(const struct catalog *c);
bool tf_v1_check_find(const struct catalog *c, const struct tensor *t, const struct stored_slice *s,
                      struct source_check *out);
void tf_v1_check_at(const struct catalog *c, uint64_t number, struct source_check *out);
MUST_CHECK errint tf_v1_check_sum(const struct catalog *c, struct once_waiter *w,
                                  const struct source_check *k, char *buf, struct source_meter *m,
                                  uint32_t *found);
void tf_v1_check_print(const struct source_check *k, struct buf *b);

#endif
