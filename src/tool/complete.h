/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool --complete WORD...`: what a shell may offer for the last word of a command line that is
 * being typed. */
#ifndef CKPTFS_TOOL_COMPLETE_H
#define CKPTFS_TOOL_COMPLETE_H

#include "tool/tool.h"

/* complete: the answer (base/candidates.h) for the last of these words, which stand after the
 * program's name. Nothing is told on stderr, which is closed for it, and what takes longer than two
 * seconds is given up: the process ends. Returns an exit status. */
int complete(int argc, char **argv, struct tool_out *o);

#endif
