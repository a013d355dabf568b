/* SPDX-License-Identifier: Apache-2.0 */
/* The real files that a map shows beside the tensors, held open like the checkpoint's own (format/shard.h). */
#ifndef CKPTFS_FILES_SIDECARS_H
#define CKPTFS_FILES_SIDECARS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "format/shard.h"
#include "map/map.h"

struct sidecars {
    struct arena arena;
    struct shard *files; /* one for each of the map's, in its order */
    uint32_t count;
};

/* sidecars_open: opens those of `m`, borrowed as long as *out. Each that is missing or no regular file is an error with its line. To be given to
 * sidecars_close in either case. */
MUST_CHECK errint sidecars_open(const struct map *m, struct diag *d, struct sidecars *out);
void sidecars_close(struct sidecars *s);

#endif
