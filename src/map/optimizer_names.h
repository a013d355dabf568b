/* SPDX-License-Identifier: Apache-2.0 */
/* The names that optimizers give their variables: slots, which stand beside a weight, and their own
 * scalars. `global_step` is none of them. */
#ifndef CKPTFS_MAP_OPTIMIZER_NAMES_H
#define CKPTFS_MAP_OPTIMIZER_NAMES_H

#include <stdbool.h>

#include "base/str.h"

/* optimizer_owns: whether a variable of that name is an optimizer's:
 *
 *   W/Adam, W/Adam_1, W/Momentum ...    TF1 (tensorflow/python/training/slot_creator.py)
 *   W/adam_m, W/adam_v                  Google's BERT and ALBERT (optimization.py)
 *   W_slot_vr, W_slot_vc, W_slot_v      mesh TensorFlow, T5 (mesh_tensorflow/optimize.py)
 *   K/.OPTIMIZER_SLOT/...               Keras, by objects (keras/optimizers/optimizer_v2)
 *   optimizer/.../.ATTRIBUTES/...       its own, by objects
 *   Adam/W/m, training/Adam/...         Keras, by names
 *   beta1_power, beta2_power_1          Adam's own */
bool optimizer_owns(struct str name);

#endif
