/* SPDX-License-Identifier: Apache-2.0 */
/* A map amid its reading: what its sections say, and the command line. Private to map.c. */
#ifndef CKPTFS_MAP_LOADING_H
#define CKPTFS_MAP_LOADING_H

#include <stdint.h>

#include "base/diag.h"
#include "base/errint.h"
#include "map/ini.h"
#include "map/map.h"
#include "map/map_files.h"

struct loading {
    struct map *m;
    struct diag *d;
    struct map_files *files;
    const struct map_extra *extra;        /* may be NULL */
    const struct ini_item *checkpoint[2]; /* the first `path` and `names` of a file's
                                             [checkpoint] */
    struct rule *rules;                   /* room for all items of [assignment_map] */
    struct variable *variables;           /* room for all items of [variables] */
    struct sidecar *sidecars;             /* room for all items of [files] */
    uint32_t variable_count;
    errint rc; /* of the first error */
};

static inline void loading_note(struct loading *l, errint rc)
{
    l->rc = first_failure(l->rc, rc);
}

/* loading_read_files: the sections of all files. Errors are in the diag and noted; -ENOMEM. */
MUST_CHECK errint loading_read_files(struct loading *l);

/* loading_read_extra: what the command line adds. */
void loading_read_extra(struct loading *l);

/* loading_read_rule, loading_read_variable: one item of [assignment_map], or of [variables]. */
void loading_read_rule(struct loading *l, const struct ini_item *item);
void loading_read_variable(struct loading *l, const struct ini_item *item);

#endif
