/* SPDX-License-Identifier: Apache-2.0 */
/* By their names: which variable is the moving average of which. */
#ifndef CKPTFS_PLAN_SHADOW_NAMES_H
#define CKPTFS_PLAN_SHADOW_NAMES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"
#include "source/catalog.h"

/* The names of tensors with '_' for each '/', as Keras 3 has them in those of an optimizer's
 * variables. */
struct shadow_names {
    const struct catalog *catalog; /* borrows */
    struct arena *arena;           /* borrows */
    struct flat_name *flat;        /* sorted; NULL: not asked for yet */
    uint32_t flat_count;
};

/* shadow_weight: *out is the tensor that t is the moving average of, of the same shape; NULL: t is
 * none. With W for the weight's name, averages are called
 *
 *   W/ExponentialMovingAverage       TF1 (tensorflow/python/training/moving_averages.py)
 *   S/S/X/ExponentialMovingAverage   the same, applied in the variable scope S that S/X is in, as
 *                                    Tensor2Tensor's models are
 *   K/.OPTIMIZER_SLOT/O/average/...  slots of TensorFlow Addons and the model garden, by objects;
 *                                    K/.ATTRIBUTES/VARIABLE_VALUE is the weight
 *   W/average, O/W/average           the same by names, O the optimizer's
 *   O/average/W                      Keras 2.11 to 2.15
 *   O/W_average                      Keras 3, '_' for each '/' of W
 *
 * -ENOMEM. */
MUST_CHECK errint shadow_weight(struct shadow_names *n, const struct tensor *t,
                                const struct tensor **out);

/* shadow_base: the name before "/ExponentialMovingAverage" where `name` ends so; else ptr is
 * NULL. */
struct str shadow_base(struct str name);

/* shadow_belongs: whether `name` is below such a name: what TF1 keeps for an average. */
bool shadow_belongs(struct str name);

#endif
