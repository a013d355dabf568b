/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a slice in a V1 file: a repeated field of the TensorProto in its record
 * (tensorflow/core/framework/tensor.proto, tensorflow/core/util/saved_tensor_slice_util.h).
 *
 *   record   SavedTensorSlices { data = 2 }, SavedSlice { data = 3 }, TensorProto { float_val = 5,
 *            ... }
 *   field    packed: the encoded values one after the other; or not: each with a tag of its own; or
 *            several of either, which count as one
 *
 * Floating values in one packed field stand in the file as they are to be shown. All else goes
 * through a derived io (io.h), whose bytes are the decoded elements, little-endian. It keeps
 * no values, but a table of where each TF_V1_STEP-th of them begins, which the first read makes,
 * and checks every value meanwhile: that it is well-formed, that it fits the dtype, and that they
 * are as many as the shape says. Other reads wait for that (once.h); what was found damaged stays
 * so and is not looked at again. A read that fails for want of the file or of memory may succeed
 * later, and goes on where that one was. After a doubt about the file (io.h) the values are gone
 * over once more, and have to be where the table says: else they are damaged. */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_VALUES_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/once.h"
#include "codec/wire.h"
#include "io/io.h"
#include "source/tf_v1/tf_v1_coding.h"

enum { TF_V1_STEP = 1024 };

/* tf_v1_values_place: where the values of `record` are, `count` of them: 1 and their offset in
 * *off, if they stand there as they are; 0, if they are to be decoded. -EBADMSG with *why if they
 * cannot be as many; -EBADMSG, -EOVERFLOW, -EIO of the walker with w->wrong and *why NULL. Looks at
 * the heads of some fields only. */
MUST_CHECK int tf_v1_values_place(struct wire *w, struct wire_window record,
                                  const struct tf_v1_coding *coding, uint64_t count, uint64_t *off,
                                  const char **why);

/* tf_v1_values_io: an io of those values over `base`, in which `record` is; to be given to
 * io_close. -ENOMEM. */
MUST_CHECK errint tf_v1_values_io(struct io *base, struct wire_window record,
                                  const struct tf_v1_coding *coding, uint64_t count,
                                  struct io **out);

/* tf_v1_values_table: how the table of such an io is, with the bytes that it takes; ONCE_EMPTY of
 * any other io. */
enum once_state tf_v1_values_table(const struct io *io, uint64_t *bytes);

#endif
