/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/ops/table.h"

#include "plan/ops/op_type.h"

static const struct op_syntax *const rows[] = {
    &op_add.syntax,       &op_broadcast.syntax, &op_cast.syntax,      &op_concat.syntax,
    &op_expand.syntax,    &op_fill.syntax,      &op_flip.syntax,      &op_gather.syntax,
    &op_mean.syntax,      &op_pad.syntax,       &op_partition.syntax, &op_reshape.syntax,
    &op_scale.syntax,     &op_slice.syntax,     &op_split.syntax,     &op_squeeze.syntax,
    &op_stack.syntax,     &op_sub.syntax,       &op_sum.syntax,       &op_take.syntax,
    &op_transpose.syntax, &op_unstack.syntax,   &op_vocab.syntax,
};

const struct op_table op_table = {rows, sizeof(rows) / sizeof(*rows)};
