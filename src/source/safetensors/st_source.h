/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors files as a checkpoint: one, or several with or without an index. */
#ifndef CKPTFS_SOURCE_SAFETENSORS_ST_SOURCE_H
#define CKPTFS_SOURCE_SAFETENSORS_ST_SOURCE_H

#include "source/source.h"

extern const struct source_driver st_driver;

/* st_open: reads the header of each file of `where`, or of each that its index names, and nothing
 * else. With an index, each tensor of it has to be in the file that it says; what else is in the
 * files is left out, with a warning. Without one, no two files may have a tensor of one name. On
 * success *out is the caller's, to be given to catalog_close. Errors are in d, those of all files:
 * -EBADMSG, -EOVERFLOW for a limit, -ENOENT, or as io_open. */
MUST_CHECK errint st_open(const struct location *where, struct diag *d, struct catalog **out);

#endif
