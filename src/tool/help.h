/* SPDX-License-Identifier: Apache-2.0 */
/* What `ckptool -h` prints, from the tables of commands and options. */
#ifndef CKPTFS_TOOL_HELP_H
#define CKPTFS_TOOL_HELP_H

#include "tool/commands.h"

/* help_print: adds the help of a command, or, for NULL, of all. */
void help_print(struct buf *b, const struct command *only);

#endif
