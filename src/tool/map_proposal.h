/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool map CHECKPOINT [-g MODEL]`: a map to begin with, or the one from the checkpoint to a
 * model that has data. */
#ifndef CKPTFS_TOOL_MAP_PROPOSAL_H
#define CKPTFS_TOOL_MAP_PROPOSAL_H

#include "tool/tool.h"

/* map_proposal: the command; args has the one operand. Returns an exit status: TOOL_FAILED also
 * where a variable of the model is left over. */
int map_proposal(const struct tool_args *args, struct tool_out *o);

#endif
