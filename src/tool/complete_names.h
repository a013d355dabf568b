/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a checkpoint's tensors, or of a view's variables, as candidates for a word. */
#ifndef CKPTFS_TOOL_COMPLETE_NAMES_H
#define CKPTFS_TOOL_COMPLETE_NAMES_H

#include "base/candidates.h"
#include "tool/commands.h"

/* complete_names: adds those that the word's kind says, of the checkpoint and the map in `args`,
 * each with dtype and shape; of many, the scopes that they are in. What cannot be opened has no
 * names, and that is told nowhere. Enters the sandbox. */
void complete_names(struct candidates *c, enum word_kind kind, const struct tool_args *args);

#endif
